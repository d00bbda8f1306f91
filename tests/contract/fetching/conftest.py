"""Processes that fetch the messages of one account from one platform, over one database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from handlers.conversation.accounts import Answers, ServedAccount
from handlers.conversation.doorbell import Doorbell
from handlers.conversation.intake import Intake
from handlers.conversation.puller import Puller, Source
from handlers.conversation.turn import AccountInfo
from storage.probe import Probe, no_probe
from storage.pulls import Pulls
from storage.receipts import Receipts
from tests.fakes.clock import ManualClock
from tests.fakes.desk import Desk
from tests.fakes.feed import KeptMessages
from tests.fakes.stores import OpenStores, open_stores

POLL = timedelta(minutes=5)
LEASE = timedelta(seconds=60)


@dataclass(frozen=True, kw_only=True)
class Fetcher:
    """One process."""

    desk: Desk
    pulls: Pulls
    puller: Puller
    bell: Doorbell
    account_id: int

    async def fetch(self) -> int:
        """Fetch what is due, and let what was fetched be answered."""
        fetched = await self.puller.fetch_due()
        await self.desk.rest()
        return fetched


OpenFetcher = Callable[..., Fetcher]


@pytest.fixture
def feed() -> KeptMessages:
    return KeptMessages()


@pytest.fixture
async def open_fetcher(
    database_url: str, tmp_path: Path, stores: OpenStores, clock: ManualClock, feed: KeptMessages
) -> AsyncIterator[OpenFetcher]:
    """Return what opens a process; each has stores of its own, as processes have."""
    rows = await stores.accounts.bring_in([("counter", "kf", "ww-realm", "客服")])
    row = rows["counter"]
    await Pulls(stores.database).bring_in([row.id], now=clock.now())
    desks: list[Desk] = []

    def open_(*, holder: str = "worker-1", probe: Probe = no_probe, since: datetime | None = None) -> Fetcher:
        served = ServedAccount(
            row=row,
            info=AccountInfo(name="counter", channel="kf", title="客服"),
            answers=Answers.ACTIVE,
            active_messages=True,
        )
        own = open_stores(database_url, home=tmp_path, probe=probe)
        desk = Desk(own, clock, served, holder=holder, sent={})
        desks.append(desk)
        pulls = Pulls(own.database, probe=probe)
        receipts = Receipts(own.database, platform_id=lambda key: f"id-of-{key}")
        intake = Intake(desk.inbox, receipts, clock=clock, since=since)
        puller = Puller(
            {row.id: Source(name="counter", feed=feed, intake=intake)},
            pulls=pulls,
            clock=clock,
            holder=holder,
            poll=POLL,
            lease=LEASE,
        )
        bell = Doorbell({"wkA": row.id}, pulls=pulls, clock=clock, wake=puller.wake)
        return Fetcher(desk=desk, pulls=pulls, puller=puller, bell=bell, account_id=row.id)

    yield open_
    for desk in desks:
        await desk.close()
        await desk.stores.close()
