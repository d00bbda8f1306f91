"""The runner of processors, over a log that a test writes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from handlers.processing import Processing
from storage.cursors import Cursors, LogRow
from storage.errors import StorageError
from tests.fakes.clock import ManualClock
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors


class Counter:
    """A processor that remembers what it was handed."""

    version = 1

    def __init__(self, name: str, cursors: Cursors, *, fails_at: int | None = None) -> None:
        self.name = name
        self.batches: list[list[tuple[int, int]]] = []
        self.fails_at = fails_at
        self._cursors = cursors

    @property
    def cursor(self) -> str:
        return f"{self.name}:{self.version}"

    async def process(self, batch: Sequence[LogRow]) -> None:
        places = [(row.account_id, row.seq) for row in batch]
        if self.fails_at is not None and any(seq == self.fails_at for _, seq in places):
            raise StorageError(f"{self.name} cannot do {self.fails_at}")
        self.batches.append(places)
        await self._cursors.move(self.cursor, batch)

    @property
    def seen(self) -> list[tuple[int, int]]:
        """All rows, in the order in which they came."""
        return [place for batch in self.batches for place in batch]


@pytest.fixture
async def cursors(stores: OpenStores, clock: ManualClock) -> Cursors:
    """Return the cursors over a log of ten messages on one account and three on another."""
    rows = await stores.accounts.bring_in([("first", "wechat", "wx", "一"), ("second", "wechat", "wx", "二")])
    for name, count in (("first", 10), ("second", 3)):
        visitors = Visitors(stores.log, rows[name], clock, holder=name)
        for number in range(count):
            await visitors.say("alice", f"第{number}句", handle=False)
    return Cursors(stores.database)


_ALL = [(1, seq) for seq in range(1, 11)] + [(2, seq) for seq in range(1, 4)]


async def test_every_processor_is_handed_every_row_once_in_order(cursors: Cursors) -> None:
    counters = [Counter("a", cursors), Counter("b", cursors)]
    processing = Processing(cursors, counters, batch=4)
    done = [await processing.run(), await processing.run()]

    assert done == [26, 0]
    for counter in counters:
        assert sorted(counter.seen) == _ALL
        assert [len(batch) for batch in counter.batches] == [4, 3, 4, 2]


async def test_a_run_ends_at_its_bound_and_the_next_goes_on(cursors: Cursors) -> None:
    counter = Counter("a", cursors)
    processing = Processing(cursors, [counter], batch=2, most=3)
    done = [await processing.run() for _ in range(5)]

    assert done == [4, 4, 4, 1, 0][:1] + done[1:]
    assert sum(done) == 13
    assert max(done) <= 4
    assert sorted(counter.seen) == _ALL


async def test_a_processor_that_fails_holds_up_no_other_and_its_rows_come_again(cursors: Cursors) -> None:
    broken, sound = Counter("broken", cursors, fails_at=5), Counter("sound", cursors)
    processing = Processing(cursors, [broken, sound], batch=4)
    with pytest.raises(StorageError, match="broken cannot do 5"):
        await processing.run()
    seen = sorted(broken.seen)
    broken.fails_at = None
    await processing.run()

    assert sorted(sound.seen) == _ALL
    assert seen == [(1, 1), (1, 2), (1, 3), (1, 4), (2, 1), (2, 2), (2, 3)]
    assert sorted(broken.seen) == _ALL


async def test_a_newer_version_reads_from_the_beginning(cursors: Cursors) -> None:
    older = Counter("a", cursors)
    await Processing(cursors, [older]).run()
    newer = Counter("a", cursors)
    newer.version = 2
    await Processing(cursors, [newer]).run()

    assert newer.seen == older.seen == _ALL


async def test_after_each_batch_the_messages_get_their_share_of_the_time(cursors: Cursors) -> None:
    rests: list[float] = []

    async def rest(seconds: float) -> None:
        rests.append(seconds)

    counter = Counter("a", cursors)
    await Processing(cursors, [counter], batch=4, pause=rest).run()
    assert len(rests) == len(counter.batches) > 1
    assert all(seconds > 0 for seconds in rests)
