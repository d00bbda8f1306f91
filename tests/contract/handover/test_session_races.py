"""Events that come late, calls that are put off: nobody is left silent, no session goes to who has not accepted."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from bot.channels.kf.render import message_id
from handlers.conversation.ports import Session, SessionState
from handlers.delivery.errors import OutcomeUnknown, RetryLater
from storage.receipts import Receipts
from tests.contract.handover.house import House
from tests.fakes.sessions import KeptSessions

_BUSY = RetryLater("busy", code=-1)
_PERSON = "z1"


async def _reach(house: House) -> dict[str, Any]:
    return await house.stores.one(
        "SELECT r.served_by, r.identity_id FROM reach r JOIN identity i ON i.id = r.identity_id "
        "WHERE i.external_id = :person AND r.account_id = :account",
        person=_PERSON,
        account=house.service.id,
    )


async def _told(house: House, what: str, *, at: datetime, by: str | None = None) -> None:
    """Let the platform tell something that happened at `at`, as the fetching of messages takes it in."""
    who = (house.service.id, (await _reach(house))["identity_id"])
    until = None if by is None else at + timedelta(hours=48)
    await Receipts(house.stores.database, platform_id=message_id).served(*who, by=by, until=until, said_at=at)
    more: dict[str, Any] = {"code": "E"} if by is None else {"by": by}
    await getattr(house.rooms.following, what)(*who, at=at, **more)


async def test_a_goodbye_that_is_fetched_after_the_end_leaves_nobody_silent(
    counter: House, platform: KeptSessions
) -> None:
    number = await counter.serve(_PERSON, "zhang")
    await counter.round(after=30)
    said_at = counter.clock.now()
    await counter.clock.advance(3)
    await counter.writes("zhang", f"结束 {number}")
    await counter.round()
    await _told(counter, "spoken", by="zhang", at=said_at)
    assert (await _reach(counter))["served_by"] is None


async def test_taken_and_ended_told_late_in_one_page_closes_it(counter: House, platform: KeptSessions) -> None:
    await counter.says(_PERSON, "人工")
    await counter.round(after=5)
    taken_at = counter.clock.now()
    await counter.clock.advance(120)
    await _told(counter, "taken", by="li", at=taken_at)
    await _told(counter, "ended", at=taken_at + timedelta(seconds=60))
    assert (await counter.handover(_PERSON))["state"] == "closed"
    assert (await _reach(counter))["served_by"] is None


async def test_who_is_only_asked_is_given_no_session(counter: House, platform: KeptSessions) -> None:
    platform.errors = [_BUSY]
    number = await counter.serve(_PERSON, "zhang")
    await counter.round()
    await counter.writes("zhang", f"转 {number} li")
    for _ in range(4):
        await counter.round(after=2)
    assert (await counter.handover(_PERSON))["state"] == "offered"
    assert platform.sessions.get(_PERSON) is None


async def test_back_in_the_line_the_platform_is_not_called_again_and_again(
    counter: House, platform: KeptSessions
) -> None:
    platform.errors = [_BUSY]
    number = await counter.serve(_PERSON, "zhang")
    await counter.round()
    await counter.writes("zhang", f"转 {number} li")
    await counter.taps("li", f"handover.pass.{number}")
    await counter.writes("li", "下班")
    await counter.writes("zhang", "下班")
    before = len(platform.calls)
    for _ in range(20):
        await counter.round(after=5)
    assert len(platform.calls) == before


async def test_the_end_of_an_earlier_handover_does_not_end_the_session_of_the_next(
    counter: House, platform: KeptSessions
) -> None:
    platform.lost = [OutcomeUnknown("lost")]
    await counter.serve(_PERSON, "zhang")
    await counter.round()
    platform.errors = [_BUSY] * 3
    await counter.says(_PERSON, "结束")
    for _ in range(2):
        await counter.round(after=5)
    await counter.says(_PERSON, "人工")
    await counter.round()
    number = (await counter.handover(_PERSON))["id"]
    await counter.taps("zhang", f"handover.take.{number}")
    for _ in range(8):
        await counter.round(after=8)
    rows = await counter.stores.rows("SELECT state, session FROM handover ORDER BY id")
    assert [tuple(row.values()) for row in rows] == [("closed", "over"), ("running", "held")]
    assert platform.sessions[_PERSON].state is SessionState.PERSON


async def test_a_message_left_at_night_outlives_the_session(counter: House, platform: KeptSessions) -> None:
    await counter.clock.advance(9 * 3600)
    await counter.says(_PERSON, "人工")
    await counter.clock.advance(60)
    await _told(counter, "ended", at=counter.clock.now())
    assert (await counter.handover(_PERSON))["state"] == "left_message"


async def test_who_accepted_hears_that_a_colleague_has_the_session(counter: House, platform: KeptSessions) -> None:
    number = await counter.serve(_PERSON, "zhang")
    platform.sessions[_PERSON] = Session(state=SessionState.PERSON, staff="li")
    told = len(await counter.told("zhang"))
    await counter.round()
    assert f"#{number}" in (await counter.told("zhang"))[told:][0]
