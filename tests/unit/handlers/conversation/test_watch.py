"""Watching messages that another process handles, while the database is away."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import cast

from structlog.testing import capture_logs

from handlers.conversation.watch import Watch
from storage.errors import StorageError
from storage.replies import Replies
from tests.fakes.clock import ManualClock


class _Away:
    """Answers what it is asked when the database is `back`, and not before."""

    def __init__(self) -> None:
        self.back = False

    async def settled(self, account_id: int, seqs: Sequence[int]) -> list[int]:
        if not self.back:
            raise StorageError("away")
        return list(seqs)


async def _gives_up(watch: Watch, clock: ManualClock, seq: int) -> None:
    future = watch.add(1, seq)
    await asyncio.sleep(0)
    await clock.advance(1)
    watch.forget(1, seq, future)
    await clock.advance(1)


async def test_an_outage_is_said_once_though_all_who_wait_give_up_and_its_end_when_it_ends(clock: ManualClock) -> None:
    replies = _Away()
    watch = Watch(cast(Replies, replies), clock=clock)
    with capture_logs() as lines:
        for seq in range(3):
            await _gives_up(watch, clock, seq)
        away = [line["action"] for line in lines]
        replies.back = True
        future = watch.add(1, 9)
        await asyncio.sleep(0)
        await clock.advance(1)

    assert away == ["watch_waits"]
    assert future.done()
    assert [line["action"] for line in lines] == ["watch_waits", "database_back"]
