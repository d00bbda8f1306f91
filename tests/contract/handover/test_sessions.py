"""Customers of WeChat customer service: the same line, and the platform's own session given, followed and ended."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from handlers.conversation.ports import Session, SessionState
from handlers.delivery.errors import OutcomeUnknown, Rejected, RetryLater, Unreachable
from handlers.handover.post import HandedTo
from tests.contract.handover.conftest import OpenCounter
from tests.contract.handover.house import House
from tests.fakes.sessions import KeptSessions

_PERSON, _ENDED, _POOL = SessionState.PERSON, SessionState.ENDED, SessionState.POOL


class Killed(BaseException):
    """The process dies here."""


async def _reach(house: House, person: str) -> dict[str, Any]:
    return await house.stores.one(
        "SELECT r.served_by, r.identity_id, r.handover_state FROM reach r JOIN identity i ON i.id = r.identity_id "
        "WHERE i.external_id = :person AND r.account_id = :account",
        person=person,
        account=house.service.id,
    )


async def _served(house: House, person: str = "z1") -> int:
    number = await house.serve(person, "zhang")
    await house.round()
    assert (await house.handover(person))["session"] == "held"
    return number


async def _event(house: House, what: str, person: str = "z1", *, at: datetime | None = None, **more: Any) -> None:
    who = (house.service.id, (await _reach(house, person))["identity_id"])
    await getattr(house.rooms.following, what)(*who, at=at or house.clock.now(), **more)


async def test_who_accepts_is_given_the_session_and_the_customer_hears_it_by_the_platforms_code(
    counter: House, platform: KeptSessions
) -> None:
    assert "您排在第 1 位" in (await counter.says("z1", "人工"))[0]
    await counter.round()
    assert platform.calls == [], "the platform has no part in it before somebody accepts"
    await counter.taps("zhang", "handover.take.1")
    assert [fields.get("content") for fields in await counter.posted(counter.service, "z1")] == []
    assert "请到企业微信的「微信客服」里回复" in (await counter.told("zhang"))[-1]
    await counter.round()
    assert platform.moves() == [(_PERSON, "zhang")]
    [accepted] = await counter.posted(counter.service, "z1")
    assert accepted == {"content": "Zhang 正在为您服务，请直接说。", "code": "code-2"}
    row = await counter.handover("z1")
    assert (row["state"], row["session"], row["userid"]) == ("running", "held", "zhang")
    assert (await _reach(counter, "z1"))["served_by"] == "zhang"
    await counter.round()
    assert len(platform.calls) == 2, "nothing is asked again"


async def test_while_a_servicer_has_the_session_nothing_is_relayed_either_way(counter: House) -> None:
    number = await _served(counter)
    told, heard = len(await counter.told("zhang")), len(await counter.heard("z1"))
    assert await counter.says("z1", "我的卡丢了") == []
    assert len(await counter.told("zhang")) == told
    [refused] = await counter.writes("zhang", f"#{number} 您好")
    assert refused == f"没有发给 客户 #{number}：这位客户在微信客服里，请到企业微信的「微信客服」里回复。"
    assert (await counter.writes("zhang", "您好"))[0].startswith("没有发出：")
    assert await counter.stores.count("handover_hold") == 0
    assert await counter.taps("zhang", f"handover.to.1.{number}") != []
    assert len(await counter.heard("z1")) == heard
    assert await counter.stores.count("handover_reply") == 0


async def test_words_of_both_sides_keep_it_running_and_the_first_reply_is_measured(counter: House) -> None:
    await _served(counter)
    accepted = (await counter.handover("z1"))["accepted_at"]
    await counter.clock.advance(40)
    await _event(counter, "spoken", by="zhang")
    assert (await counter.handover("z1"))["first_reply_at"] - accepted == 40_000_000
    for _ in range(3):
        await counter.round(after=1200)
        await counter.says("z1", "好的")
    await _event(counter, "spoken", by="zhang")
    row = await counter.handover("z1")
    assert (row["state"], row["first_reply_at"] - accepted) == ("running", 40_000_000)


async def test_when_the_platform_tells_of_the_end_the_bot_is_back_and_the_customer_is_asked(
    counter: House, platform: KeptSessions
) -> None:
    number = await _served(counter)
    await counter.clock.advance(60)
    await _event(counter, "ended", code="END")
    row = await counter.handover("z1")
    assert (row["state"], row["closed_by"], row["session"]) == ("closed", "platform", "over")
    question = (await counter.posted(counter.service, "z1"))[-1]
    assert (question["code"], question["options"][4]["id"]) == ("END", f"rate.{number}.5")
    await counter.round()
    assert platform.moves() == [(_PERSON, "zhang")], "nothing is left to end"
    assert "谢谢您的评价" in (await counter.says("z1", "5", option=f"rate.{number}.5"))[0]
    await _event(counter, "ended", code="END")
    assert len(await counter.posted(counter.service, "z1")) == 2


async def test_an_end_that_is_told_late_or_without_a_code_asks_nothing(counter: House) -> None:
    await _served(counter, "z1")
    await _served(counter, "z2")
    ended = counter.clock.now()
    await counter.clock.advance(25)
    await _event(counter, "ended", "z1", code="END", at=ended)
    await _event(counter, "ended", "z2", code=None)
    for person in ("z1", "z2"):
        assert (await counter.handover(person))["state"] == "closed"
        assert "满意吗" not in "".join(await counter.heard(person))


@pytest.mark.parametrize("way", ["customer", "staff", "silence"])
async def test_whoever_ends_it_the_session_is_ended_and_the_question_leaves_by_its_code(
    counter: House, platform: KeptSessions, way: str
) -> None:
    number = await _served(counter)
    if way == "customer":
        assert await counter.says("z1", "结束") == []
    elif way == "staff":
        await counter.writes("zhang", f"结束 {number}")
    else:
        await counter.round(after=1801)
    assert (await counter.handover("z1"))["closed_by"] == way
    await counter.round()
    assert platform.moves() == [(_PERSON, "zhang"), (_ENDED, None)]
    over = (await counter.posted(counter.service, "z1"))[-1]
    assert over["code"].startswith("code-")
    assert "满意吗" in over["head"]
    assert (await counter.handover("z1"))["session"] == "over"
    assert (await _reach(counter, "z1"))["served_by"] is None


async def test_who_is_no_servicer_is_told_and_the_next_one_is_asked(counter: House, platform: KeptSessions) -> None:
    platform.servicers = {"li"}
    await counter.serve("z1", "zhang")
    await counter.round()
    row = await counter.handover("z1")
    assert (row["state"], row["session"], row["accepted_at"]) == ("waiting", None, None)
    assert "您不是这个客服账号的接待人员" in (await counter.told("zhang"))[-1]
    await counter.round()
    assert await counter.asked() == ["zhang", "li"]
    offers = await counter.stores.rows("SELECT outcome FROM handover_offer ORDER BY id")
    assert [row["outcome"] for row in offers] == ["refused", None]
    await counter.taps("li", "handover.take.1")
    await counter.round()
    assert (await _reach(counter, "z1"))["served_by"] == "li"


async def test_a_platform_that_is_busy_is_asked_again_later(counter: House, platform: KeptSessions) -> None:
    platform.errors = [RetryLater("busy", code=-1), RetryLater("busy", code=-1)]
    await counter.serve("z1", "zhang")
    await counter.round()
    assert (await counter.handover("z1"))["session_tries"] == 1
    await counter.round(after=1)
    assert len(platform.moves()) == 1
    await counter.round(after=1)
    await counter.round(after=4)
    assert len(platform.moves()) == 3
    assert (await counter.handover("z1"))["session"] == "held"


@pytest.mark.parametrize("refusal", [Unreachable("the session has ended", code=95013), None])
async def test_a_session_that_has_ended_meanwhile_closes_it(
    counter: House, platform: KeptSessions, refusal: Unreachable | None
) -> None:
    if refusal is None:
        platform.sessions["z1"] = Session(state=_ENDED)
    else:
        platform.errors = [refusal]
    await counter.serve("z1", "zhang")
    await counter.round()
    row = await counter.handover("z1")
    assert (row["state"], row["closed_by"]) == ("closed", "platform")
    assert "在平台上已经结束" in (await counter.told("zhang"))[-1]
    assert await counter.heard("z1") == []


async def test_another_refusal_puts_it_back_into_the_line(counter: House, platform: KeptSessions) -> None:
    platform.errors = [Rejected("not allowed", code=95016)]
    await counter.serve("z1", "zhang")
    await counter.round()
    assert (await counter.handover("z1"))["state"] == "waiting"
    assert "平台没有接受" in (await counter.told("zhang"))[-1]


async def test_killed_before_the_call_it_is_made_and_after_it_it_is_found_made(
    counter: House, platform: KeptSessions
) -> None:
    await counter.serve("z1", "zhang")
    platform.errors = [Killed()]
    with pytest.raises(Killed):
        await counter.round()
    platform.lost = [Killed()]
    with pytest.raises(Killed):
        await counter.round()
    assert platform.sessions["z1"].staff == "zhang"
    assert (await counter.handover("z1"))["session"] == "giving"
    await counter.round()
    assert (await counter.handover("z1"))["session"] == "held"
    assert len(platform.moves()) == 2, "the session was theirs already"


async def test_an_answer_that_got_lost_is_found_when_asked_again(counter: House, platform: KeptSessions) -> None:
    number = await _served(counter)
    platform.lost = [OutcomeUnknown("no answer")]
    await counter.writes("zhang", f"结束 {number}")
    await counter.round()
    assert (await counter.handover("z1"))["session"] == "ending"
    await counter.round(after=2)
    assert (await counter.handover("z1"))["session"] == "over"
    assert platform.moves()[1:] == [(_ENDED, None)]
    assert (await _reach(counter, "z1"))["served_by"] is None


async def test_the_session_goes_to_the_colleague_who_takes_over_and_stays_where_none_does(
    counter: House, platform: KeptSessions
) -> None:
    number = await _served(counter)
    await counter.writes("zhang", f"转 {number} li")
    await counter.round()
    assert platform.moves() == [(_PERSON, "zhang")]
    await counter.taps("li", f"handover.take.{number}")
    platform.servicers = {"zhang"}
    await counter.round()
    row = await counter.handover("z1")
    assert (row["state"], row["session"]) == ("waiting", "held"), "it is with zhang still"
    assert row["accepted_at"] is not None
    platform.servicers = {"zhang", "li"}
    await counter.clock.advance(301)
    await counter.round()
    await counter.taps("zhang", f"handover.pass.{number}")
    await counter.round()
    await counter.taps("li", f"handover.take.{number}")
    await counter.round()
    assert platform.sessions["z1"].staff == "li"
    assert (await _reach(counter, "z1"))["served_by"] == "li"
    assert len(await counter.heard("z1")) == 1, "the platform gives no second code"


async def test_a_servicer_who_takes_a_waiting_customer_at_the_platform_has_the_handover(
    counter: House, platform: KeptSessions
) -> None:
    await counter.says("z1", "人工")
    await counter.round()
    await counter.clock.advance(30)
    await _event(counter, "taken", by="LI")
    row = await counter.handover("z1")
    assert (row["state"], row["userid"], row["session"]) == ("running", "li", "held")
    assert row["accepted_at"] - row["waiting_since"] == 30_000_000
    assert ("Li", "accepted", "handover") in await counter.deeds()
    assert "已由别人接待" in (await counter.taps("zhang", "handover.take.1"))[0]
    await _event(counter, "taken", by="nobody-of-ours")
    row = await counter.handover("z1")
    assert (row["state"], row["userid"], row["session"]) == ("running", None, "held")
    await counter.round()
    assert (await counter.handover("z1"))["state"] == "running"


async def test_a_servicer_found_at_the_platform_when_another_accepts_keeps_the_customer(
    counter: House, platform: KeptSessions
) -> None:
    await counter.serve("z1", "zhang")
    platform.sessions["z1"] = Session(state=_PERSON, staff="Li")
    await counter.round()
    assert (await counter.handover("z1"))["userid"] == "li"
    assert platform.moves() == []


async def test_what_happened_before_the_customer_asked_changes_nothing(counter: House) -> None:
    before = counter.clock.now() - timedelta(seconds=1)
    await counter.says("z1", "人工")
    await _event(counter, "ended", code="END", at=before)
    await _event(counter, "taken", by="li", at=before)
    assert (await counter.handover("z1"))["state"] == "waiting"


async def test_who_is_served_at_the_platform_already_waits_for_nobody(counter: House) -> None:
    identity = (await _reach(counter, "z1"))["identity_id"]
    await counter.stores.change(
        "UPDATE reach SET served_by = 'li', served_until = :until WHERE identity_id = :id",
        until=int((counter.clock.now() + timedelta(hours=1)).timestamp() * 1e6),
        id=identity,
    )
    await counter.says("z1", "人工")
    assert await counter.stores.count("handover") == 0


async def test_going_off_duty_leaves_the_customers_one_has_at_the_platform(counter: House) -> None:
    await _served(counter)
    assert "0 位客户" in (await counter.writes("zhang", "下班"))[0]
    await counter.round()
    assert (await counter.handover("z1"))["state"] == "running"


# The platform's own queue


async def test_the_platforms_queue_takes_the_customer_and_its_servicer_has_the_handover(
    open_counter: OpenCounter, platform: KeptSessions
) -> None:
    house = await open_counter(HandedTo.POOL)
    await house.on_duty("zhang")
    assert await house.says("z1", "人工") == []
    await house.round()
    assert platform.moves() == [(_POOL, None)]
    [said] = await house.posted(house.service, "z1")
    assert (said["content"][:8], said["code"]) == ("已为您转接人工客", "code-2")
    assert await house.says("z1", "人工") == []
    await house.round(after=200)
    assert await house.asked() == [], "the bot's line asks nobody"
    await _event(house, "taken", by="zhang")
    row = await house.handover("z1")
    assert (row["state"], row["session"], row["userid"]) == ("running", "held", "zhang")


async def test_who_nobody_takes_from_the_platforms_queue_is_the_bots_again_when_the_session_is_over_by_age(
    open_counter: OpenCounter,
) -> None:
    house = await open_counter(HandedTo.POOL)
    await house.says("z1", "人工")
    await house.round()
    await house.round(after=48 * 3600 - 1)
    assert (await house.handover("z1"))["session"] == "pooled"
    await house.round(after=1)
    row = await house.handover("z1")
    assert (row["state"], row["closed_by"], row["session"]) == ("closed", "platform", "over")
    assert await house.says("z1", "在吗") != []


async def test_a_queue_that_refuses_leaves_the_customer_in_the_bots_line(
    open_counter: OpenCounter, platform: KeptSessions
) -> None:
    house = await open_counter(HandedTo.POOL)
    await house.on_duty("zhang")
    platform.errors = [Rejected("not allowed", code=95016)]
    await house.says("z1", "人工")
    await house.round()
    assert "您排在第 1 位" in (await house.heard("z1"))[0]
    await house.round()
    assert await house.asked() == ["zhang"]


async def test_a_night_message_comes_to_the_platforms_queue_in_the_morning_and_may_be_cancelled_there(
    open_counter: OpenCounter, platform: KeptSessions
) -> None:
    house = await open_counter(HandedTo.POOL)
    await house.clock.advance(9 * 3600)
    assert "现在不是人工服务时间" in (await house.says("z1", "人工"))[0]
    await house.round(after=14 * 3600)
    assert (await house.handover("z1"))["session"] == "pooled"
    assert await house.says("z1", "取消排队") == []
    await house.round()
    row = await house.handover("z1")
    assert (row["state"], row["closed_by"], row["session"]) == ("closed", "customer", "over")
    assert platform.moves() == [(_POOL, None), (_ENDED, None)], "which the platform may refuse"
