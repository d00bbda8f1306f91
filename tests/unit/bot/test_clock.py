"""Virtual time: who wakes when, and what waiting leaves alone."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bot.clock import RealClock
from handlers.clock import Clock
from tests.fakes.clock import START, ManualClock


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


async def test_sleepers_wake_in_the_order_of_their_times_and_see_their_own() -> None:
    clock = ManualClock()
    woken: list[tuple[str, datetime]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((name, clock.now()))

    async with asyncio.TaskGroup() as group:
        for name, seconds in (("late", 9.0), ("early", 1.0), ("middle", 4.5)):
            group.create_task(sleeper(name, seconds))
        await asyncio.sleep(0)
        await clock.advance(10)

    assert woken == [("early", after(1)), ("middle", after(4.5)), ("late", after(9))]
    assert clock.now() == after(10)


async def test_what_starts_to_sleep_on_the_way_counts_from_there() -> None:
    clock = ManualClock()

    async def twice() -> datetime:
        await clock.sleep(2)
        await clock.sleep(3)
        return clock.now()

    task = asyncio.ensure_future(twice())
    await asyncio.sleep(0)
    await clock.advance(60)
    assert await task == after(5)


async def test_nobody_wakes_early() -> None:
    clock = ManualClock()
    task = asyncio.ensure_future(clock.sleep(5))
    await asyncio.sleep(0)
    await clock.advance(4.999)
    assert not task.done()
    await clock.advance(0.001)
    assert task.done()


async def test_time_does_not_run_backwards() -> None:
    clock = ManualClock()
    await clock.advance_to(START - timedelta(seconds=1))
    assert clock.now() == START


async def test_a_cancelled_sleeper_is_forgotten() -> None:
    clock = ManualClock()
    task = asyncio.ensure_future(clock.sleep(5))
    await asyncio.sleep(0)
    task.cancel()
    await clock.advance(10)
    assert task.cancelled()


async def test_a_limited_wait_leaves_the_work_running_at_the_limit() -> None:
    clock = ManualClock()
    work: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    waiting = asyncio.ensure_future(clock.wait_for(work, seconds=4.5))
    await asyncio.sleep(0)
    await clock.advance(4.5)
    with pytest.raises(TimeoutError):
        await waiting
    assert not work.cancelled()
    work.set_result("late, but not lost")
    assert await work == "late, but not lost"


async def test_a_limited_wait_returns_what_comes_in_time() -> None:
    clock = ManualClock()
    work: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    waiting = asyncio.ensure_future(clock.wait_for(work, seconds=4.5))
    await asyncio.sleep(0)
    work.set_result("in time")
    assert await waiting == "in time"
    assert clock.now() == START


async def test_giving_up_a_limited_wait_leaves_the_work_running() -> None:
    clock = ManualClock()
    work: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    waiting = asyncio.ensure_future(clock.wait_for(work, seconds=4.5))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait((waiting,))
    assert waiting.cancelled()
    assert not work.done()


@pytest.mark.parametrize("clock", [RealClock(), ManualClock()], ids=["real", "manual"])
async def test_every_clock_passes_an_error_on_and_times_out_at_once_when_there_is_no_time(clock: Clock) -> None:
    loop = asyncio.get_running_loop()
    failed: asyncio.Future[None] = loop.create_future()
    failed.set_exception(ValueError("broken"))
    with pytest.raises(ValueError, match="broken"):
        await clock.wait_for(failed, seconds=1)
    pending: asyncio.Future[None] = loop.create_future()
    with pytest.raises(TimeoutError):
        await clock.wait_for(pending, seconds=0)
    assert not pending.done()
    await clock.sleep(0)


def test_real_time_is_aware_utc() -> None:
    before = datetime.now(UTC)
    assert before <= RealClock().now() <= datetime.now(UTC)
