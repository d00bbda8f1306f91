"""The tick of every night: begins once a night, catches up, goes on with what was left; leaves dry runs to people."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from handlers.delivery.errors import QuotaExhausted
from handlers.sync.nightly import Nightly, due_at
from storage.sync_runs import NewSync
from tests.contract.sync.house import House
from tests.fakes.clock import ManualClock

_AT = time(2, 5)


def _nightly(house: House, *, holder: str = "leader") -> Nightly:
    return Nightly(house.syncs(holder=holder), at=_AT, clock=house.clock)


def _due(house: House) -> datetime:
    """Return the next time at which the followers are due."""
    now = house.clock.now()
    today = due_at(_AT, f"followers:{house.service.id}", now=now)
    return today if today > now else due_at(_AT, f"followers:{house.service.id}", now=now + timedelta(days=1))


async def _runs(house: House) -> list[tuple[str, str]]:
    rows = await house.stores.rows("SELECT state, started_by FROM sync_run WHERE what = 'followers' ORDER BY id")
    return [(row["state"], row["started_by"]) for row in rows]


async def _go_to(clock: ManualClock, moment: datetime) -> None:
    await clock.advance((moment - clock.now()).total_seconds())


async def test_it_begins_once_a_night_and_not_before_its_time(house: House, clock: ManualClock) -> None:
    house.followers.people = ["o1", "o2"]
    due = _due(house)
    await _go_to(clock, due - timedelta(seconds=1))
    await _nightly(house).run()
    before = await _runs(house)
    await clock.advance(1)
    for _ in range(3):
        await _nightly(house).run()
    once = await _runs(house)
    await _go_to(clock, due + timedelta(days=1))
    await _nightly(house).run()

    assert before == []
    assert once == [("finished", "nightly")]
    assert await _runs(house) == [("finished", "nightly")] * 2


async def test_who_was_away_catches_up_in_the_night_and_not_by_day(house: House, clock: ManualClock) -> None:
    due = _due(house)
    await _go_to(clock, due + timedelta(hours=5))
    await _nightly(house).run()
    by_day = await _runs(house)
    await _go_to(clock, due + timedelta(days=1, hours=3))
    await _nightly(house).run()

    assert (by_day, await _runs(house)) == ([], [("finished", "nightly")])


async def test_a_run_that_waited_or_was_left_goes_on(house: House, clock: ManualClock) -> None:
    house.followers.people = ["o1", "o2", "o3", "o4"]
    until = clock.now() + timedelta(hours=1)
    house.followers.errors = [None, QuotaExhausted("45009", code=45009, until=until)]
    await house.sync_followers()
    await _nightly(house).run()
    waiting = await _runs(house)
    await clock.advance(3600)
    await _nightly(house).run()
    waited = await _runs(house)
    wanted = NewSync(what="followers", account_id=house.service.id, stage="list", started_by="command line")
    now = clock.now()
    await house.syncs().runs.begin(wanted, holder="killed", now=now, until=now + timedelta(minutes=3))
    await _nightly(house).run()
    alive = await _runs(house)
    await clock.advance(181)
    await _nightly(house).run()

    assert waiting == [("waiting", "test")]
    assert waited == [("finished", "test")]
    assert alive == [("finished", "test"), ("running", "command line")]
    assert await _runs(house) == [("finished", "test"), ("finished", "command line")]


async def test_a_dry_run_is_neither_gone_on_with_nor_the_nights_run(house: House, clock: ManualClock) -> None:
    house.followers.people = ["o1"]
    await _go_to(clock, _due(house) + timedelta(minutes=1))
    until = clock.now()
    house.followers.errors = [None, QuotaExhausted("45009", code=45009, until=until)]
    await house.sync_followers(is_dry_run=True)
    await _nightly(house).run()
    assert await _runs(house) == [("abandoned", "test"), ("finished", "nightly")]
