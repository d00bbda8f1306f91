"""Virtual time stands still until it is moved, and then everything happens in its order."""

from __future__ import annotations

import asyncio

import pytest

from bot.sandbox.clock import RealClock, VirtualClock


async def _settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(1000.0, settle=_settle)


async def test_nothing_happens_until_time_is_moved(clock: VirtualClock) -> None:
    sleeper = asyncio.create_task(clock.sleep(1))
    await _settle()
    assert not sleeper.done()
    await clock.advance(1, step=0.25)
    assert sleeper.done()


async def test_sleepers_wake_in_order_and_at_their_moment(clock: VirtualClock) -> None:
    woken: list[tuple[str, float]] = []

    async def sleep(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((name, clock.now()))

    tasks = [asyncio.create_task(sleep(name, s)) for name, s in (("late", 7.5), ("early", 2.1), ("middle", 5.0))]
    await _settle()
    await clock.advance(10, step=10)
    await asyncio.gather(*tasks)
    assert woken == [("early", 1002.1), ("middle", 1005.0), ("late", 1007.5)]


async def test_what_a_sleeper_starts_within_the_same_step_is_due_in_that_step_too(clock: VirtualClock) -> None:
    woken: list[float] = []

    async def attempts() -> None:
        for _ in range(3):
            await clock.sleep(5)
            woken.append(clock.now())

    task = asyncio.create_task(attempts())
    await _settle()
    await clock.advance(20, step=20)
    await task
    assert woken == [1005.0, 1010.0, 1015.0]


async def test_every_step_is_announced(clock: VirtualClock) -> None:
    seen: list[float] = []

    async def after_step(now: float) -> None:
        seen.append(now)

    assert await clock.advance(1.1, step=0.5, after_step=after_step) == 1001.1
    assert seen == [1000.5, 1001.0, 1001.1]


async def test_a_limit_cancels_what_takes_longer_than_it(clock: VirtualClock) -> None:
    async def wait_forever() -> None:
        async with clock.limit(5):
            await asyncio.Event().wait()

    task = asyncio.create_task(wait_forever())
    await _settle()
    await clock.advance(4.9, step=1)
    assert not task.done()
    await clock.advance(0.1, step=1)
    with pytest.raises(TimeoutError):
        await task


async def test_a_limit_that_was_kept_does_not_strike_later(clock: VirtualClock) -> None:
    async with clock.limit(5):
        pass
    await clock.advance(10, step=1)
    assert clock.now() == 1010.0


async def test_cancelling_from_outside_is_not_a_timeout(clock: VirtualClock) -> None:
    async def wait_forever() -> None:
        async with clock.limit(5):
            await asyncio.Event().wait()

    task = asyncio.create_task(wait_forever())
    await _settle()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(("seconds", "step"), [(-1, 1), (1, 0), (1, -1)])
async def test_time_does_not_go_backwards(clock: VirtualClock, seconds: float, step: float) -> None:
    with pytest.raises(ValueError, match="forwards"):
        await clock.advance(seconds, step=step)


async def test_a_real_clock_begins_where_it_is_told_and_its_limit_strikes() -> None:
    clock = RealClock(5000.0)
    with pytest.raises(TimeoutError):
        async with clock.limit(0.01):
            await asyncio.Event().wait()
    assert 5000.0 < clock.now() < 5010.0
