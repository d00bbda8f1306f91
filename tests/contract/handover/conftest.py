"""An insurer with an official account, staff in WeCom, and a morning in the middle of a working week."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from handlers.handover.post import HandedTo
from tests.contract.handover.house import MORNING, House
from tests.fakes.clock import ManualClock
from tests.fakes.firm import REALM, Firm
from tests.fakes.sessions import KeptSessions
from tests.fakes.stores import OpenStores


@pytest.fixture
def clock() -> ManualClock:
    """Return a clock that stands at ten in the morning."""
    return ManualClock(MORNING)


@pytest.fixture
async def firm(stores: OpenStores, clock: ManualClock) -> Firm:
    """Return the insurer, its staff and its customers in the database."""
    accounts = [("service", "wechat", "wx-realm", "服务号"), ("helper", "wecom", REALM, "助手")]
    rows = await stores.accounts.bring_in(accounts)
    firm = Firm(stores, rows["service"], clock)
    await firm.found()
    return firm


@pytest.fixture
async def house(stores: OpenStores, firm: Firm, clock: ManualClock, tmp_path: Path) -> House:
    """Return the rooms of handovers."""
    return House(stores, clock, await stores.accounts.bring_in([]), tmp_path)


OpenCounter = Callable[..., Awaitable[House]]


@pytest.fixture
def platform() -> KeptSessions:
    return KeptSessions("zhang", "li")


@pytest.fixture
async def open_counter(stores: OpenStores, clock: ManualClock, tmp_path: Path, platform: KeptSessions) -> OpenCounter:
    """Return what opens the insurer's rooms over an account of customer service."""
    rows = await stores.accounts.bring_in([("service", "kf", REALM, "客服"), ("helper", "wecom", REALM, "助手")])
    await Firm(stores, rows["service"], clock).found()

    async def open_(handed_to: HandedTo = HandedTo.PERSON) -> House:
        return House(stores, clock, rows, tmp_path, sessions=platform, handed_to=handed_to)

    return open_


@pytest.fixture
async def counter(open_counter: OpenCounter) -> House:
    house = await open_counter()
    await house.on_duty("zhang", "li")
    return house
