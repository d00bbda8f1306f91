"""Renewals of leases run side by side: one that is slow or fails holds up nobody else's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import cast

import pytest
from structlog.testing import capture_logs

from handlers.conversation.renewal import Renewal, Task
from storage.handling import Handling
from storage.records import Lease
from tests.fakes.clock import START, ManualClock

LEASE = timedelta(seconds=6)
#: A lease is renewed when a third of it is over.
DUE = LEASE.total_seconds() / 3


class _Renewals:
    """Renews every lease at once, but those of `hanging` people only when `answer` is set, and `failing` ones never."""

    def __init__(self) -> None:
        self.hanging: set[int] = set()
        self.failing: set[int] = set()
        self.answer = asyncio.Event()
        self.until: dict[int, datetime] = {}

    async def renew(self, lease: Lease, *, now: datetime, until: datetime) -> bool:
        if lease.identity_id in self.failing:
            raise RuntimeError("a mistake of ours")
        if lease.identity_id in self.hanging:
            await self.answer.wait()
        self.until[lease.identity_id] = until
        return True


@pytest.fixture
def renewals() -> _Renewals:
    """Return what renews leases."""
    return _Renewals()


@pytest.fixture
async def held(renewals: _Renewals, clock: ManualClock) -> AsyncIterator[list[Task]]:
    """Return the work on the conversations of the people 1, 2 and 3, whose leases were taken in this order."""
    renewal = Renewal(cast(Handling, renewals), clock=clock, lease=LEASE)
    tasks = [asyncio.create_task(clock.sleep(3600)) for _ in range(3)]
    for person, task in enumerate(tasks, start=1):
        renewal.hold(task, Lease(account_id=1, identity_id=person, holder="web-1", epoch=1))
    yield tasks
    renewals.answer.set()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await clock.advance(DUE)  # the watch sees that nothing is held any more, and ends


async def test_a_slow_renewal_does_not_delay_the_others(
    renewals: _Renewals, held: list[Task], clock: ManualClock
) -> None:
    renewals.hanging = {1}
    await clock.advance(DUE)
    meanwhile = dict(renewals.until)
    renewals.answer.set()
    await clock.advance(0)

    renewed = START + timedelta(seconds=DUE) + LEASE
    assert meanwhile == {2: renewed, 3: renewed}
    assert renewals.until == {1: renewed, 2: renewed, 3: renewed}


async def test_a_hanging_renewal_does_not_hold_up_the_next_round(
    renewals: _Renewals, held: list[Task], clock: ManualClock
) -> None:
    renewals.hanging = {1}
    await clock.advance(DUE)
    await clock.advance(DUE)

    renewed = START + 2 * timedelta(seconds=DUE) + LEASE
    assert renewals.until == {2: renewed, 3: renewed}


async def test_a_renewal_that_fails_is_told_and_the_others_are_renewed_again_and_again(
    renewals: _Renewals, held: list[Task], clock: ManualClock
) -> None:
    renewals.failing = {1}
    with capture_logs() as lines:
        await clock.advance(DUE)
        await clock.advance(DUE)

    renewed = START + 2 * timedelta(seconds=DUE) + LEASE
    assert renewals.until == {2: renewed, 3: renewed}
    assert {(line["action"], line["log_level"]) for line in lines} == {("lease_not_renewed", "warning")}
    assert [task.done() for task in held] == [False] * 3
