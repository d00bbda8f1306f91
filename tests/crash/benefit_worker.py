"""A process that takes units of a benefit as a worker does, and stands still at a named point to be killed there."""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

from storage.benefit_claims import BenefitClaims, Granted
from storage.benefit_reserving import Wanted, reserve_unit
from storage.connection import Connection
from tests.fakes.channel import ScriptedChannel
from tests.fakes.clock import ManualClock
from tests.fakes.sending import official, send_due, sender_of
from tests.fakes.stores import OpenStores, open_stores

#: Real seconds; the test kills it long before.
_LONG = 120.0


def _stand_still(point: str) -> None:
    print(point, flush=True)
    time.sleep(_LONG)


async def _claim(stores: OpenStores, now: datetime, first: int, last: int) -> None:
    """Let the identities of these numbers claim at once; say how many got one."""
    claims = BenefitClaims(stores.database)

    async def one(identity: int) -> bool:
        wanted = Wanted(benefit_id=1, identity_id=identity)
        return isinstance(await claims.claim(wanted, key=f"crash:{identity}", now=now), Granted)

    got = await asyncio.gather(*(one(identity) for identity in range(first, last)))
    print(sum(got), flush=True)


async def _reserve(stores: OpenStores, now: datetime) -> None:
    """Reserve for the first delivery and stand still before the commit."""

    async def apply(connection: Connection) -> None:
        await reserve_unit(connection, Wanted(benefit_id=1, identity_id=1), delivery_id=1, now=now)
        _stand_still("reserved")

    await stores.database.write(apply)


async def _send(stores: OpenStores, clock: ManualClock, holder: str) -> None:
    account = await stores.one("SELECT id FROM account")
    await send_due(sender_of(stores, clock, {account["id"]: official(ScriptedChannel())}, holder=holder))
    print("sent", flush=True)


async def main(url: str, home: str, what: str, *more: str) -> None:
    """Do one thing; `more` are its numbers and points, in the order in which it takes them."""
    clock = ManualClock()
    point = more[0] if what == "send" else ""
    stores = open_stores(url, home=Path(home), probe=lambda passed: _stand_still(passed) if passed == point else None)
    match what:
        case "claim":
            await _claim(stores, clock.now(), int(more[0]), int(more[1]))
        case "reserve":
            await _reserve(stores, clock.now())
        case "send":
            later = ManualClock(clock.now() + timedelta(seconds=float(more[1])))
            await _send(stores, later, holder=more[2])
    await stores.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
