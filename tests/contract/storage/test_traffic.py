"""Messages an hour and how soon they were answered, without a scan of the log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from storage.records import AccountRow, Way
from storage.traffic import Hour, Traffic, count_from
from tests.fakes.clock import ManualClock
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors, lease_of, turn

_HOUR = timedelta(hours=1)


def _begins(now: datetime, *, hours: int = 4) -> list[datetime]:
    running = now.replace(minute=0, second=0, microsecond=0)
    return [running - back * _HOUR for back in reversed(range(hours))]


def _counts(hours: Sequence[Hour]) -> list[tuple[int, int, int]]:
    return [(hour.prompt, hour.later, hour.silent) for hour in hours]


async def _say(stores: OpenStores, visitors: Visitors, clock: ManualClock, *words: str, after: float) -> None:
    """Let somebody say something and be answered with `words` after so many seconds; without words in silence."""
    said = await visitors.say("alice", "问")
    await clock.advance(after)
    await stores.handling.finish(turn(lease_of(said), [said.seq], *words, now=clock.now(), way=Way.HTTP))


async def test_messages_are_counted_by_their_hour_and_by_how_soon_they_were_answered(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    await _say(stores, visitors, clock, "答", after=5)
    await _say(stores, visitors, clock, "答", "又答", after=5.5)
    await _say(stores, visitors, clock, after=1)
    await clock.advance(2 * 3600)
    await _say(stores, visitors, clock, "答", after=0)
    await visitors.say("bob", "还没有人理")

    hours = await Traffic(stores.database).hours(begins=_begins(clock.now()), now=clock.now())
    assert _counts(hours) == [(0, 0, 0), (1, 1, 1), (0, 0, 0), (1, 0, 1)]
    assert [hour.begins for hour in hours] == _begins(clock.now())
    assert [hour.messages for hour in hours] == [0, 3, 0, 2]


async def test_an_hour_begins_with_its_first_moment_and_what_came_before_all_hours_does_not_count(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    for moment in ("09:59:59.999999", "10:00:00", "10:59:59.999999", "11:00:00"):
        await clock.advance_to(datetime.fromisoformat(f"2026-05-01T{moment}").replace(tzinfo=UTC))
        await visitors.say("alice", "问")

    hours = await Traffic(stores.database).hours(begins=_begins(clock.now(), hours=2), now=clock.now())
    assert _counts(hours) == [(0, 0, 2), (0, 0, 1)]


async def test_all_accounts_count(stores: OpenStores, accounts: dict[str, AccountRow], clock: ManualClock) -> None:
    for name in ("service", "second"):
        await _say(stores, Visitors(stores.log, accounts[name], clock), clock, "答", after=1)

    [hour] = await Traffic(stores.database).hours(begins=_begins(clock.now(), hours=1), now=clock.now())
    assert (hour.prompt, hour.messages) == (2, 2)


async def test_an_hour_that_is_over_is_remembered_once_nothing_in_it_waits(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    traffic = Traffic(stores.database)
    said = await visitors.say("alice", "问")
    await clock.advance(2 * 3600)
    waiting = await traffic.hours(begins=_begins(clock.now()), now=clock.now())
    await stores.handling.finish(turn(lease_of(said), [said.seq], "答", now=clock.now(), way=Way.HTTP))
    answered = await traffic.hours(begins=_begins(clock.now()), now=clock.now())
    await stores.change("DELETE FROM reply")
    remembered = await traffic.hours(begins=_begins(clock.now()), now=clock.now())

    assert _counts(waiting)[1] == (0, 0, 1)
    assert _counts(answered)[1] == _counts(remembered)[1] == (0, 1, 0)


async def test_the_figures_are_the_same_whether_the_hours_were_asked_for_before_or_not(
    stores: OpenStores, visitors: Visitors, clock: ManualClock
) -> None:
    kept = Traffic(stores.database)
    for step in range(30):
        await _say(stores, visitors, clock, *(["答"] if step % 3 else []), after=step % 8)
        await clock.advance(step * 37)
        for hours in (4, 9):
            begins = _begins(clock.now(), hours=hours)
            fresh = await Traffic(stores.database).hours(begins=begins, now=clock.now())
            assert await kept.hours(begins=begins, now=clock.now()) == fresh
    assert sum(hour.messages for hour in fresh) == 30


async def test_only_the_rows_of_the_hours_are_read_by_their_primary_keys(
    stores: OpenStores, account: AccountRow, clock: ManualClock
) -> None:
    query = count_from(account.id, seq=7, since=clock.now())
    async with stores.database.read() as connection:
        compiled = str(query.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))
        if stores.database.is_sqlite:
            rows = await connection.execute(text(f"EXPLAIN QUERY PLAN {compiled}"))
            plan = [row[3] for row in rows]
            assert "SEARCH work USING PRIMARY KEY (account_id=? AND seq>?)" in plan
            assert any(
                line.startswith("SEARCH reply USING PRIMARY KEY (account_id=? AND in_seq=? AND n=?)") for line in plan
            )
        else:
            # An empty table is scanned whatever its indexes are.
            await connection.execute(text("SET LOCAL enable_seqscan = off"))
            plan = [row[0] for row in await connection.execute(text(f"EXPLAIN {compiled}"))]
            assert any("Seq Scan" in line for line in plan) is False, plan
            assert any("work_pkey" in line for line in plan), plan
