"""The scheduler while its database is away, when a tick has a mistake in it, and when a leader's clock is put back."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.scheduler.ticks import Scheduler, Ticks
from handlers.clock import Clock
from storage.chain import Chain
from storage.customers import Customers
from storage.database import Database, open_database
from storage.group_commit import GroupCommitWriter
from storage.leaders import Leaders
from storage.replies import Replies
from storage.seal_file import SealFile
from tests.fakes.clock import ManualClock
from tests.fakes.stores import OpenStores

_FILE = "zhike.db"


class _BrokenClock(ManualClock):
    """Keeps no time: what a mistake of ours looks like to the scheduler."""

    def now(self) -> datetime:
        raise RuntimeError("no time")


class _WallClock(ManualClock):
    """A machine's clock, which somebody may put back."""

    def put_back(self, hours: float) -> None:
        self._now -= timedelta(hours=hours)


def _ticks(database: Database, clock: Clock, home: Path, *, holder: str = "one") -> Ticks:
    return Ticks(
        leaders=Leaders(database),
        chain=Chain(database, SealFile(home / "seals.jsonl")),
        replies=Replies(database, GroupCommitWriter(database)),
        customers=Customers(database),
        directories={},
        active=frozenset(),
        database=database,
        clock=clock,
        holder=holder,
        on_outbox=lambda: None,
        on_swept=lambda state, count: None,
    )


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """Return a database that is away: where its file should be lies a folder."""
    (tmp_path / _FILE).mkdir()
    database = open_database(f"sqlite+aiosqlite:///{_FILE}", home=tmp_path)
    yield database
    await database.close()


@pytest.fixture
def scheduler_of(database: Database, tmp_path: Path) -> Callable[[Clock], Scheduler]:
    """Return a maker of schedulers on the database."""

    def make(clock: Clock) -> Scheduler:
        return Scheduler(_ticks(database, clock, tmp_path), seal_seconds=10)

    return make


async def test_a_database_that_is_away_is_told_once_an_outage_and_without_traceback(
    scheduler_of: Callable[[Clock], Scheduler], sqlite_template: Path, tmp_path: Path
) -> None:
    scheduler = scheduler_of(ManualClock())
    with capture_logs() as lines:
        for _ in range(3):
            await scheduler.call("sweep")
        await scheduler.call("seal")
        (tmp_path / _FILE).rmdir()
        shutil.copy(sqlite_template, tmp_path / _FILE)
        await scheduler.call("sweep")
        await scheduler.call("sweep")
    assert [(line["action"], line["log_level"], line.get("tick")) for line in lines] == [
        ("tick_waits", "warning", "sweep"),
        ("tick_waits", "warning", "seal"),
        ("database_back", "info", None),
    ]
    assert [line for line in lines if "exc_info" in line] == []


async def test_a_stop_while_the_database_is_away_fails_nobody(scheduler_of: Callable[[Clock], Scheduler]) -> None:
    scheduler = scheduler_of(ManualClock())
    scheduler.start()
    with capture_logs() as lines:
        await scheduler.stop()
    assert [line["tick"] for line in lines if line["action"] == "tick_waits"] == ["seal", "step_down"]


async def test_a_mistake_of_ours_keeps_its_traceback_each_time(scheduler_of: Callable[[Clock], Scheduler]) -> None:
    scheduler = scheduler_of(_BrokenClock())
    with capture_logs() as lines:
        await scheduler.call("sweep")
        await scheduler.call("sweep")
    assert [(line["action"], line["exc_info"]) for line in lines] == [("tick_failed", True)] * 2


async def test_a_leader_whose_clock_is_put_back_asks_and_learns_that_another_leads(
    stores: OpenStores, other_stores: OpenStores, clock: ManualClock, tmp_path: Path
) -> None:
    """It was asleep beyond its lease, and woke with a clock that runs an hour behind."""
    own = _WallClock()
    one = _ticks(stores.database, own, tmp_path)
    two = _ticks(other_stores.database, clock, tmp_path, holder="two")
    led = await one.lead()
    await clock.advance(20)
    taken = await two.lead()
    own.put_back(hours=1)

    assert (led, taken) == (True, True)
    assert not await one.lead()


async def test_a_leader_whose_clock_is_put_back_goes_on_leading_with_a_lease_of_its_new_time(
    stores: OpenStores, other_stores: OpenStores, tmp_path: Path
) -> None:
    """Nobody else leads, so it stays; if it dies then, another process of its machine leads a lease later."""
    clock = _WallClock()
    one = _ticks(stores.database, clock, tmp_path)
    two = _ticks(other_stores.database, clock, tmp_path, holder="two")
    await one.lead()
    clock.put_back(hours=1)
    stays = await one.lead()
    await clock.advance(14)
    early = await two.lead()
    await clock.advance(1)

    assert (stays, early, await two.lead()) == (True, False, True)
