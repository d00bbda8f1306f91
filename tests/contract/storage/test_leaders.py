"""Leaders: one process a role, changed by conditional update, with an epoch that grows at each change."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from tests.fakes.clock import ManualClock
from tests.fakes.stores import OpenStores

_LEASE = timedelta(seconds=10)


async def _lead(stores: OpenStores, clock: ManualClock, holder: str, *, role: str = "scheduler") -> bool:
    return await stores.leaders.lead(role, holder=holder, now=clock.now(), until=clock.now() + _LEASE)


async def _leader(stores: OpenStores) -> tuple[str, int]:
    row = await stores.one("SELECT holder, epoch FROM leader WHERE role = 'scheduler'")
    return row["holder"], row["epoch"]


async def test_one_of_many_leads(stores: OpenStores, other_stores: OpenStores, clock: ManualClock) -> None:
    led = await asyncio.gather(
        *(
            _lead(process, clock, f"{name}-{n}")
            for n in range(4)
            for name, process in (("a", stores), ("b", other_stores))
        )
    )

    assert led.count(True) == 1
    assert (await _leader(stores))[1] == 1


async def test_the_leader_stays_leader_without_a_new_epoch(stores: OpenStores, clock: ManualClock) -> None:
    led = []
    for _ in range(4):
        led.append(await _lead(stores, clock, "a"))
        await clock.advance(8)

    assert led == [True] * 4
    assert await _leader(stores) == ("a", 1)


async def test_a_silent_leader_is_replaced_when_its_lease_ends_and_not_before(
    stores: OpenStores, other_stores: OpenStores, clock: ManualClock
) -> None:
    await _lead(stores, clock, "a")
    await clock.advance(9.999)
    early = await _lead(other_stores, clock, "b")
    await clock.advance(0.001)
    late = await _lead(other_stores, clock, "b")

    assert (early, late) == (False, True)
    assert await _lead(stores, clock, "a") is False
    assert await _leader(stores) == ("b", 2)


async def test_of_many_that_see_the_lease_end_one_takes_over(
    stores: OpenStores, other_stores: OpenStores, clock: ManualClock
) -> None:
    await _lead(stores, clock, "gone")
    await clock.advance(10)
    led = await asyncio.gather(
        *(
            _lead(process, clock, f"{name}-{n}")
            for n in range(4)
            for name, process in (("a", stores), ("b", other_stores))
        )
    )

    assert led.count(True) == 1
    assert (await _leader(stores))[1] == 2


async def test_who_steps_down_is_followed_at_once(stores: OpenStores, clock: ManualClock) -> None:
    await _lead(stores, clock, "a")
    await stores.leaders.step_down("scheduler", holder="b", now=clock.now())
    refused = await _lead(stores, clock, "b")
    await stores.leaders.step_down("scheduler", holder="a", now=clock.now())

    assert refused is False
    assert await _lead(stores, clock, "b") is True
    assert await _leader(stores) == ("b", 2)


async def test_roles_are_led_apart(stores: OpenStores, clock: ManualClock) -> None:
    assert await _lead(stores, clock, "a", role="scheduler") is True
    assert await _lead(stores, clock, "b", role="sealer") is True
