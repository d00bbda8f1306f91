"""A customer of WeChat customer service asks for a person: the line, the servicer's session, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.scenario.handover import Counter
from tests.scenario.places import ASSISTANT, COUNTER
from tests.scenario.town import Town

_HANDOVER = (
    "SELECT h.state, h.session, h.closed_by, s.userid FROM handover h JOIN identity i ON i.id = h.identity_id "
    "LEFT JOIN staff s ON s.id = h.staff_id WHERE i.external_id = :p ORDER BY h.id DESC"
)


@pytest.fixture(scope="module")
def town(kind: str, new_town_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with Town(tmp_path_factory.mktemp("town"), new_town_database(), places=(COUNTER, ASSISTANT)) as started:
        Counter(started).until_open()
        for userid in ("ZhangWei", "LiNa"):
            started.says(ASSISTANT, userid, "上班")
        yield started


def _stands(town: Town, person: str) -> tuple[object, ...]:
    return town.rows(_HANDOVER, p=COUNTER.openid(person))[0]


def _sees(counter: Counter, person: str, words: str) -> None:
    counter.goes(lambda: any(words in seen for seen in counter.town.seen(COUNTER, person)), f"{person} to see {words}")


def _asks(counter: Counter, person: str) -> None:
    counter.town.act(COUNTER, person, "enter", scene="agent:ZhangWei")
    counter.town.says(COUNTER, person, "转人工")
    _sees(counter, person, "您排在第 1 位")


def _takes(counter: Counter, userid: str, count: int) -> str:
    counter.goes(lambda: len(counter.offers(userid)) >= count, f"the offer to {userid}")
    assert counter.tap(userid, counter.cards(userid)[-1], "接待") == []
    return counter.offers(userid)[-1]


def test_the_session_goes_to_who_accepts_and_back_when_it_ends_at_the_platform(town: Town) -> None:
    counter = Counter(town)
    _asks(counter, "lin")
    number = _takes(counter, "ZhangWei", 1)
    _sees(counter, "lin", "张伟 正在为您服务")
    assert _stands(town, "lin") == ("running", "held", None, "zhangwei")
    town.says(COUNTER, "lin", "怎么报案")
    town.serves(COUNTER, "ZhangWei", "text", "lin", text="您好，我来帮您办。")
    counter.goes(
        lambda: town.rows("SELECT first_reply_at FROM handover WHERE id = :id", id=int(number)) != [(None,)],
        "the first reply to be noted",
    )
    assert not any("怎么报案" in words for words in counter.told("ZhangWei")), "they see it in WeCom's own chat"
    [refused] = counter.staff_says("ZhangWei", f"#{number} 您好")
    assert "请到企业微信的「微信客服」里回复" in refused
    town.serves(COUNTER, "ZhangWei", "end", "lin")
    _sees(counter, "lin", "这次服务您满意吗")
    assert _stands(town, "lin") == ("closed", "over", "platform", "zhangwei")
    town.says(COUNTER, "lin", "5")
    _sees(counter, "lin", "谢谢您的评价")
    town.says(COUNTER, "lin", "怎么报案")
    _sees(counter, "lin", "报案")
    shown = [message["via"] for message in town.chat(COUNTER, "lin") if message["from"] == "account"]
    assert shown == ["kf_on_event", "kf_send", "kf_on_event", "servicer", "kf_on_event", "kf_send", "kf_send"]


def test_who_pauses_at_the_platform_is_passed_over_and_the_agents_end_ends_the_session(town: Town) -> None:
    counter = Counter(town)
    town.serves(COUNTER, "ZhangWei", "off_duty")
    _asks(counter, "chen")
    _takes(counter, "ZhangWei", 2)
    counter.is_told("ZhangWei", "或正停止接待")
    number = _takes(counter, "LiNa", 1)
    _sees(counter, "chen", "李娜 正在为您服务")
    assert "已结束" in counter.staff_says("LiNa", f"结束 {number}")[0]
    _sees(counter, "chen", "这次服务您满意吗")
    assert _stands(town, "chen") == ("closed", "over", "staff", "lina")
    town.serves(COUNTER, "ZhangWei", "on_duty")


def test_a_kill_around_the_call_leaves_the_session_with_who_accepted(town: Town) -> None:
    counter = Counter(town)
    with town.fault("drop_after_accept", path="/cgi-bin/kf/service_state/trans", times=1):
        _asks(counter, "zhou")
        number = _takes(counter, "ZhangWei", 3)
        counter.goes(
            lambda: town.rows("SELECT session_tries FROM handover WHERE id = :id", id=int(number)) == [(1,)],
            "the answer to get lost",
        )
    town.kill_bot()
    town.start_bot()
    town.listen_directly()
    counter.goes(lambda: _stands(town, "zhou")[1] == "held", "the session to be found theirs")
    moves = town.record(what="call", path="/cgi-bin/kf/service_state/trans", person="zhou")
    assert len(moves) == 1, "asked first, not moved again"
    town.says(COUNTER, "zhou", "结束")
    _sees(counter, "zhou", "这次服务您满意吗")
    assert _stands(town, "zhou") == ("closed", "over", "customer", "zhangwei")
    assert town.verify().returncode == 0
