"""WeChat customer service: a customer asks and is answered, a servicer takes over, what was lost is found again."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.scenario.places import ASSISTANT, CORP_ID, COUNTER, SECOND_COUNTER
from tests.scenario.town import Line, Town

_QUESTION = "犹豫期是什么意思？"
_ANSWER = "犹豫期（也叫冷静期）是签收保单后"
_STATE = "SELECT served_by FROM reach r JOIN identity i ON i.id = r.identity_id WHERE i.external_id = :p"
_PULL = (
    "SELECT p.cursor IS NOT NULL, p.rings = p.heard FROM pull p JOIN account a ON a.id = p.account_id "
    "WHERE a.name = :name"
)


@pytest.fixture(scope="module")
def town(kind: str, new_town_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Return a town with two accounts of customer service, before whose opening somebody has spoken already."""
    home = tmp_path_factory.mktemp("town")
    places = (COUNTER, SECOND_COUNTER, ASSISTANT)
    people = [{"id": "known", "name": "known", "unionid": "union-known"}]
    with Town(home, new_town_database(), places=places, people=people) as started:
        yield started


def _seen(town: Town, person: str, count: int = 1) -> list[str]:
    town.settled(COUNTER, person, count)
    return town.seen(COUNTER, person)


def _log(town: Town, person: str) -> list[Line]:
    return [line for line in town.export(COUNTER) if line["person"] == COUNTER.openid(person)]


def test_a_question_is_fetched_logged_and_answered(town: Town) -> None:
    result = town.says(COUNTER, "asks", _QUESTION)
    assert (result["result"], result["shown"]) == ("empty", [])
    (answer,) = _seen(town, "asks")
    assert _ANSWER in answer
    assert town.log_of(COUNTER, "asks") == [("in", "text"), ("out", "text")]
    assert town.deliveries(COUNTER, "asks") == [("sent", None, 1)]
    assert town.rows(_PULL, name="counter") == [(True, True)]
    (sent,) = town.record(what="shown", person="asks")
    assert (sent["via"], len(sent["msgid"])) == ("kf_send", 32)


def test_an_entering_customer_is_greeted_once_by_the_events_code(town: Town) -> None:
    town.act(COUNTER, "enters", "enter", scene="agent:zhangwei")
    (greeting,) = _seen(town, "enters")
    assert greeting.startswith("您好，这里是安和人寿 counter")
    assert [line["via"] for line in town.record(what="shown", person="enters")] == ["kf_on_event"]
    town.act(COUNTER, "enters", "enter")
    town.says(COUNTER, "enters", _QUESTION)
    assert len(_seen(town, "enters", 2)) == 2
    entered = _log(town, "enters")[0]
    assert (entered["kind"], entered["attribution"]["agent"]) == ("entered", "zhangwei")


def test_what_else_customers_send_is_acknowledged_by_its_kind(town: Town) -> None:
    fields: dict[str, Line] = {
        "image": {},
        "file": {},
        "location": {"label": "环球金融中心 上海市浦东新区"},
        "link": {"url": "https://example.com/a", "title": "文章"},
    }
    for act, given in fields.items():
        town.act(COUNTER, act, act, **given)
        (answer,) = _seen(town, act)
        assert "收到了" in answer
        assert town.log_of(COUNTER, act)[0] == ("in", act)
    town.act(COUNTER, "card", "raw_message", msgtype="business_card", fields={"userid": "ZhangWei"})
    assert "看不懂名片" in _seen(town, "card")[0]


def test_a_choice_is_offered_and_tapped(town: Town) -> None:
    town.says(COUNTER, "chooses", "理赔")
    town.settled(COUNTER, "chooses")
    menu = next((m for m in town.chat(COUNTER, "chooses") if m["kind"] == "menu"), None)
    assert menu is not None, town.chat(COUNTER, "chooses")
    option = menu["options"][0]
    town.says(COUNTER, "chooses", option["label"], option=option["id"])
    assert len(_seen(town, "chooses", 2)) == 2
    tapped = [line for line in _log(town, "chooses") if line["direction"] == "in"][1]
    assert tapped["content"]["option"] == option["id"]


def test_what_was_said_before_the_account_was_served_is_history_and_not_answered(town: Town) -> None:
    town.act(COUNTER, "early", "text", text=_QUESTION, create_time=town.now() - 3600)
    town.until(lambda: town.log_of(COUNTER, "early") == [("in", "text")], "the old message to be logged")
    town.says(COUNTER, "early", "人工")
    assert len(_seen(town, "early")) == 1
    assert town.log_of(COUNTER, "early") == [("in", "text"), ("in", "text"), ("out", "text")]


def test_many_doorbells_at_once_lose_and_double_nothing(town: Town) -> None:
    people = [f"crowd{n}" for n in range(12)]
    acts = [{"account": "counter", "person": p, "act": "text", "text": _QUESTION} for p in people]
    with town.fault("duplicate_callback", account="counter"):
        town.acts(acts, wait=True)
    for person in people:
        assert len(_seen(town, person)) == 1
        assert town.log_of(COUNTER, person) == [("in", "text"), ("out", "text")]


def test_a_page_without_messages_is_not_the_end(town: Town) -> None:
    with town.fault("empty_page", account="counter", times=2):
        town.says(COUNTER, "patient", _QUESTION)
        assert len(_seen(town, "patient")) == 1


def test_a_lost_doorbell_is_made_good_by_the_slow_look(town: Town) -> None:
    with town.fault("lost_doorbell", account="counter"):
        assert town.says(COUNTER, "unheard", _QUESTION)["result"] == "lost"
    town.advance(310, step=2)
    assert len(_seen(town, "unheard")) == 1


def test_a_message_that_did_not_arrive_says_so_with_its_reason(town: Town) -> None:
    with town.fault("kf_send_fail", account="counter", person="refuses", errcode=10):
        town.says(COUNTER, "refuses", _QUESTION)
        town.until_state(COUNTER, "refuses", "undelivered")
    assert town.deliveries(COUNTER, "refuses") == [("undelivered", "rejected_by_customer", 1)]
    assert town.seen(COUNTER, "refuses") == []
    assert town.log_of(COUNTER, "refuses") == [("in", "text"), ("out", "text"), ("in", "undelivered")]
    town.says(COUNTER, "refuses", _QUESTION)
    town.until(lambda: len(town.seen(COUNTER, "refuses")) == 1, "the next question to be answered")


def test_the_platforms_own_refusals_end_the_message_with_their_reason(town: Town) -> None:
    for code, person, ends in ((95001, "full", "quota_exhausted"), (95018, "taken", "window_closed")):
        with town.fault("busy", path="/cgi-bin/kf/send_msg", person=person, errcode=code):
            town.says(COUNTER, person, _QUESTION)
            assert town.settled(COUNTER, person) == [("refused", ends, 1)]


def test_a_servicer_takes_over_and_both_sides_stand_in_the_log(town: Town) -> None:
    town.says(COUNTER, "human", _QUESTION)
    _seen(town, "human")
    town.serves(COUNTER, "ZhangWei", "take", "human")
    town.serves(COUNTER, "ZhangWei", "text", "human", text="您好，我是张伟。")
    town.says(COUNTER, "human", "犹豫期是什么意思？能退吗")
    town.until(lambda: len(town.log_of(COUNTER, "human")) == 5, "the words of both to be logged")
    assert town.rows(_STATE, p=COUNTER.openid("human")) == [("ZhangWei",)]
    assert len(town.deliveries(COUNTER, "human")) == 1
    said = [(line["direction"], line["kind"], line["content"]) for line in _log(town, "human")]
    assert said[3] == ("out", "text", {"content": "您好，我是张伟。", "staff": "ZhangWei"})
    town.serves(COUNTER, "ZhangWei", "end", "human")
    town.says(COUNTER, "human", _QUESTION)
    assert _ANSWER in _seen(town, "human", 2)[-1]
    assert town.rows(_STATE, p=COUNTER.openid("human")) == [(None,)]


def test_a_second_account_of_the_same_application_is_served_beside_the_first(town: Town) -> None:
    town.listen_directly("counter")
    # The platform may ring for every account of the application at one address.
    town.change_account(
        "second-counter",
        callback_url=f"http://127.0.0.1:{town.bot.port}/callback/counter",
        token=COUNTER.token,
        aes_key=COUNTER.aes_key,
    )
    town.says(SECOND_COUNTER, "other", _QUESTION)
    town.settled(SECOND_COUNTER, "other")
    assert len(town.seen(SECOND_COUNTER, "other")) == 1
    assert town.log_of(SECOND_COUNTER, "other") == [("in", "text"), ("out", "text")]
    assert town.log_of(COUNTER, "other") == []


def test_a_customer_gets_the_unionid_and_members_are_not_asked_about(town: Town) -> None:
    town.act(ASSISTANT, "ZhangWei", "enter")
    town.says(COUNTER, "known", _QUESTION)
    query = "SELECT union_id FROM identity WHERE realm = :realm AND external_id = :p"
    town.until(
        lambda: town.rows(query, realm=CORP_ID, p=COUNTER.openid("known")) == [("union-known",)],
        "the unionid to be read",
    )
    asked = town.record(what="call", path="/cgi-bin/kf/customer/batchget")
    assert asked
    assert all(line["errcode"] == 0 for line in asked)
    assert town.rows(query, realm=CORP_ID, p="ZhangWei") == [(None,)]


def test_the_log_holds_and_nothing_was_refused_at_the_door(town: Town) -> None:
    assert town.verify().returncode == 0
    actions = town.bot.actions()
    assert (actions["callback_refused"], actions["pull_broken"], actions["feed_item_skipped"]) == (0, 0, 0)
