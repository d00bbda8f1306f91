"""When and where the bot is killed: a plan drawn from a seed, carried out at least 12 s apart."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from tests.crash.supervisor import Supervised

#: The platform's attempts at one message span 10 s; closer kills could hit all three of them.
GAP_SECONDS: Final = 12.0
_SPREAD_SECONDS: Final = 2.0
#: A point that is not passed so soon is given up, and the kill becomes one at a random moment.
_PATIENCE_SECONDS: Final = 10.0

#: The probe's points, which processes pass them, and up to the how-manieth passing a kill waits.
_WEB_POINTS: Final = {"received": 40, "recorded": 40, "handling": 40, "handled": 40, "settled": 5, "written": 40}
_WORKER_POINTS: Final = {"claimed": 6, "attempting": 6, "answered": 6, "settled_delivery": 6}
POINTS: Final = _WEB_POINTS | _WORKER_POINTS
#: What the short form kills at: before, in and after the transaction that answers, and around a send.
SHORT_POINTS: Final = ("recorded", "handled", "attempting")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One kill to be made: at the `passings`-th passing of `point`, or at once when there is no point."""

    point: str | None
    passings: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """One kill that was made, at epoch seconds."""

    at: float
    process: str
    point: str


def plan(kills: int, rng: Random) -> list[Order]:
    """Return `kills` orders: half at the named points in turn, half at random moments, in a drawn order."""
    names = list(POINTS)
    rng.shuffle(names)
    points = [names[index % len(names)] for index in range(kills // 2)]
    orders = [at_point(point, rng) for point in points]
    orders += [Order(point=None) for _ in range(kills - len(orders))]
    rng.shuffle(orders)
    return orders


def at_point(point: str, rng: Random) -> Order:
    """Return the order to kill at some passing of `point`."""
    return Order(point=point, passings=rng.randint(1, POINTS[point]))


class Killer:
    """Carries a plan out on the processes."""

    def __init__(self, processes: Sequence[Supervised], *, rng: Random, say: Callable[[str], None]) -> None:
        self._processes = processes
        self._rng = rng
        self._say = say

    async def carry_out(self, orders: Sequence[Order], *, warm_up: float) -> list[Kill]:
        """Make each kill in turn; return what was killed when."""
        made: list[Kill] = []
        await asyncio.sleep(warm_up)  # this run is made of real time: processes, sockets and a disk
        for number, order in enumerate(orders, start=1):
            kill = await self._make(order)
            made.append(kill)
            self._say(f"kill {number}/{len(orders)}: {kill.process} at {kill.point}")
            if number < len(orders):
                gap = GAP_SECONDS + self._rng.uniform(0.05, _SPREAD_SECONDS)
                await asyncio.sleep(max(0.0, kill.at + gap - time.time()))
        return made

    async def _make(self, order: Order) -> Kill:
        target = self._rng.choice(_passing(self._processes, order.point))
        await target.serving()
        known = len(target.exits)
        if order.point is not None:
            await target.arm(order.point, order.passings)
            try:
                ended = await asyncio.wait_for(target.next_exit(known), _PATIENCE_SECONDS)
            except TimeoutError:
                self._say(f"{order.point} was not passed {order.passings} times; killing at a random moment instead")
            else:
                return Kill(at=ended.at, process=target.slot.name, point=order.point)
        target.kill()
        ended = await target.next_exit(known)
        return Kill(at=ended.at, process=target.slot.name, point="random")


def _passing(processes: Sequence[Supervised], point: str | None) -> list[Supervised]:
    """Return the processes that pass `point`; all of them for a random moment."""
    role_of: Mapping[str, str] = dict.fromkeys(_WEB_POINTS, "web") | dict.fromkeys(_WORKER_POINTS, "worker")
    return [p for p in processes if point is None or not p.slot.roles or role_of[point] in p.slot.roles]
