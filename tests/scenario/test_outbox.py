"""Answers that leave by themselves: retried, given up or refused by what the platform said, and never seen twice."""

from __future__ import annotations

import pytest

from tests.scenario.places import ACTIVE, DESK, Place
from tests.scenario.town import Town

_CUSTOM_SEND = "/cgi-bin/message/custom/send"
_MESSAGE_SEND = "/cgi-bin/message/send"
_TOKEN = "/cgi-bin/stable_token"


@pytest.fixture
def person(town: Town, request: pytest.FixtureRequest) -> str:
    """Return a follower nobody else acts as."""
    name = f"outbox-{request.node.originalname}"
    town.follow(ACTIVE, name)
    return name


def test_an_account_that_answers_by_itself_acknowledges_at_once_and_answers_through_the_outbox(
    town: Town, person: str
) -> None:
    done = town.says(ACTIVE, person, "怎么报案")
    shown = town.wait_for(1, what="shown", account=ACTIVE.name, person=person)
    assert done["result"] == "empty"
    assert [(line["via"], line["text"][:5]) for line in shown] == [("custom_send", "先照顾好人")]
    assert town.settled(ACTIVE, person) == [("sent", None, 1)]


def test_a_busy_platform_is_asked_again_and_the_message_is_seen_once(town: Town, person: str) -> None:
    mark = town.mark()
    with town.fault("busy", account=ACTIVE.name, person=person, path=_CUSTOM_SEND, times=1):
        town.says(ACTIVE, person, "怎么报案")
        town.wait_for(1, after=mark, what="call", path=_CUSTOM_SEND, person=person, errcode=-1)
        town.until_state(ACTIVE, person, "retry")
        town.advance(4)
    assert town.settled(ACTIVE, person) == [("sent", None, 2)]
    assert len(town.seen(ACTIVE, person)) == 1


@pytest.mark.parametrize("seconds_later", [60, 3600])
def test_a_customer_message_whose_answer_was_lost_is_unknown_and_never_sent_again(
    town: Town, person: str, seconds_later: int
) -> None:
    person = f"{person}-{seconds_later}"
    town.follow(ACTIVE, person)
    with town.fault("drop_after_accept", account=ACTIVE.name, person=person, path=_CUSTOM_SEND, times=1):
        town.says(ACTIVE, person, "怎么报案")
        assert town.settled(ACTIVE, person) == [("unknown", "outcome_unknown", 1)]
    town.advance(seconds_later, step=10)
    assert town.deliveries(ACTIVE, person) == [("unknown", "outcome_unknown", 1)]
    assert len(town.record(what="call", path=_CUSTOM_SEND, person=person)) == 1
    assert len(town.seen(ACTIVE, person)) == 1


def test_a_customer_message_that_never_arrived_is_unknown_too_because_nobody_can_tell(town: Town, person: str) -> None:
    with town.fault("drop_before_accept", account=ACTIVE.name, person=person, path=_CUSTOM_SEND, times=1):
        town.says(ACTIVE, person, "怎么报案")
        assert town.settled(ACTIVE, person) == [("unknown", "outcome_unknown", 1)]
    assert town.seen(ACTIVE, person) == []


def test_a_members_message_whose_answer_was_lost_is_repeated_under_its_key_and_seen_once(town: Town) -> None:
    mark = town.mark()
    with town.fault("drop_after_accept", account=DESK.name, person="WangFang", path=_MESSAGE_SEND, times=1):
        town.says(DESK, "WangFang", "帮助")
        town.until_state(DESK, "WangFang", "retry")
        town.advance(4)
    assert town.settled(DESK, "WangFang") == [("sent", None, 2)]
    dropped = town.record(after=mark, what="dropped", account=DESK.name)
    assert [(line["people"], line["cause"]) for line in dropped] == [(["WangFang"], "duplicate")]
    assert len(town.seen(DESK, "WangFang")) == 1


def test_a_message_that_wecom_drops_in_silence_counts_as_sent_and_is_not_repeated(town: Town) -> None:
    with town.fault("silent_drop", account=DESK.name, person="SunLei", times=1):
        town.says(DESK, "SunLei", "帮助")
        assert town.settled(DESK, "SunLei") == [("sent", None, 1)]
    town.advance(60, step=1)
    assert town.seen(DESK, "SunLei") == []
    assert len(town.record(what="call", path=_MESSAGE_SEND, person="SunLei")) == 1


@pytest.mark.parametrize("fault", ["expired_token", "invalid_token"])
def test_a_token_that_is_refused_is_fetched_again_once_for_all_who_send(town: Town, fault: str) -> None:
    people = [f"{fault}-{number}" for number in range(12)]
    town.follow(ACTIVE, *people, f"{fault}-before")
    town.says(ACTIVE, f"{fault}-before", "怎么报案")
    town.settled(ACTIVE, f"{fault}-before")
    mark = town.mark()
    with town.fault(fault, account=ACTIVE.name, path=_CUSTOM_SEND, times=1):
        town.acts(
            ({"account": ACTIVE.name, "person": person, "act": "text", "text": "怎么报案"} for person in people),
            wait=True,
        )
        for person in people:
            assert town.settled(ACTIVE, person) == [("sent", None, 1)]
    refused = [line for line in town.record(after=mark, what="call", path=_CUSTOM_SEND) if line["errcode"] != 0]
    assert refused != []
    assert len(town.record(after=mark, what="call", path=_TOKEN, account=ACTIVE.name)) == 1
    assert [len(town.seen(ACTIVE, person)) for person in people] == [1] * len(people)


def test_while_no_token_can_be_had_a_message_waits_and_is_seen_once(town: Town, person: str) -> None:
    town.says(ACTIVE, person, "怎么报案")
    town.settled(ACTIVE, person)
    mark = town.mark()
    with (
        town.fault("expired_token", account=ACTIVE.name, path=_CUSTOM_SEND, times=1),
        town.fault("drop_before_accept", account=ACTIVE.name, path=_TOKEN),
    ):
        town.says(ACTIVE, person, "怎么报案", wait=False)
        town.until(lambda: _waits(town, person), "the message to wait")
    settled = town.settled(ACTIVE, person, 2)
    assert [(state, reason) for state, reason, _ in settled] == [("sent", None)] * 2
    calls = town.record(after=mark, what="call", path=_CUSTOM_SEND, person=person)
    assert [line["errcode"] == 0 for line in calls].count(True) == 1
    assert len(town.seen(ACTIVE, person)) == 2


def _waits(town: Town, person: str) -> bool:
    """Let time go on until the second message to a person waits to be tried again."""
    town.advance(0.5)
    return ("retry", "busy") in [(state, reason) for state, reason, _ in town.deliveries(ACTIVE, person)]


@pytest.mark.parametrize(
    ("fault", "fields", "reason"),
    [
        ("blocked_user", {}, "unreachable"),
        ("blocked_user", {"errcode": 48002}, "unreachable"),
        ("unfollowed", {}, "window_closed"),
        ("quota", {}, "quota_exhausted"),
    ],
)
def test_what_the_platform_will_not_deliver_is_refused_with_its_reason(
    town: Town, fault: str, fields: dict[str, int], reason: str
) -> None:
    person = f"refused-{fault}-{fields.get('errcode', 'default')}"
    town.follow(ACTIVE, person)
    with town.fault(fault, account=ACTIVE.name, person=person, **fields):
        town.says(ACTIVE, person, "怎么报案")
        assert town.settled(ACTIVE, person) == [("refused", reason, 1)]
    assert town.seen(ACTIVE, person) == []


def test_somebody_who_has_left_is_not_written_to(town: Town, person: str) -> None:
    with town.fault("busy", account=ACTIVE.name, person=person, path=_CUSTOM_SEND):
        town.says(ACTIVE, person, "怎么报案")
        town.until_state(ACTIVE, person, "retry")
        town.act(ACTIVE, person, "unfollow")
    town.advance(4)
    assert town.settled(ACTIVE, person) == [("refused", "unfollowed", 1)]


def test_of_the_five_replies_one_is_kept_for_a_person_and_the_refusal_is_stored(town: Town, person: str) -> None:
    with town.fault("busy", account=ACTIVE.name, person=person, path=_CUSTOM_SEND):
        town.says(ACTIVE, person, "怎么报案")
        town.until_state(ACTIVE, person, "retry")
        town.advance(0.25)
        for answers in range(2, 7):  # one after another: what comes before the answer would join its message
            town.says(ACTIVE, person, "怎么报案")
            town.until(lambda n=answers: len(town.deliveries(ACTIVE, person)) == n, f"answer {answers}")  # type: ignore[misc]
    town.advance(6)
    settled = town.settled(ACTIVE, person, 6)
    assert [(state, reason) for state, reason, _ in settled] == [("sent", None)] * 4 + [
        ("refused", "quota_reserved"),
        ("refused", "quota_reserved"),
    ]
    assert len(town.seen(ACTIVE, person)) == 4
    assert [d for d, _ in town.log_of(ACTIVE, person)].count("out") == 6


@pytest.mark.parametrize(("place", "person"), [(ACTIVE, "answers-in-order"), (DESK, "ZhouMin")])
def test_the_messages_to_one_person_leave_in_the_order_they_were_said(town: Town, place: Place, person: str) -> None:
    if place is ACTIVE:
        town.follow(place, person)
    mark = town.mark()
    questions = (
        ["回声 一", "回声 二", "回声 三", "回声 四"] if place is ACTIVE else ["我是谁", "帮助", "我是谁", "帮助"]
    )
    for question in questions:
        town.says(place, person, question)
    shown = town.wait_for(4, after=mark, what="shown", account=place.name, person=person)
    first_words = [line["text"].splitlines()[0] for line in shown]
    unbound = "您的企业微信账号 ZhouMin"
    expected = ["收到：一", "收到：二", "收到：三", "收到：四"] if place is ACTIVE else [unbound] * 4
    assert [words.startswith(start) for words, start in zip(first_words, expected, strict=True)] == [True] * 4
