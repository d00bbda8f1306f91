"""An insurer of several branches that has benefits to give."""

from __future__ import annotations

import pytest

from tests.contract.benefits.shelf import Guests, Shelf
from tests.contract.handover.house import MORNING
from tests.fakes.clock import ManualClock
from tests.fakes.firm import REALM, Firm
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors


@pytest.fixture
def clock() -> ManualClock:
    """Return a clock that stands at ten in the morning."""
    return ManualClock(MORNING)


@pytest.fixture
async def shelf(stores: OpenStores, clock: ManualClock) -> Shelf:
    """Return an empty catalogue, and three people who have written to the official account."""
    rows = await stores.accounts.bring_in([("service", "wechat", "wx-realm", "服务号")])
    visitors = Visitors(stores.log, rows["service"], clock)
    said = {person: await visitors.say(person, "您好") for person in ("z1", "z2", "l1")}
    customers = {person: recorded.person.customer_id for person, recorded in said.items()}
    return Shelf(stores, Guests(account=rows["service"], customers=customers), clock)


@pytest.fixture
async def firm(stores: OpenStores, clock: ManualClock) -> Firm:
    """Return an insurer with its staff and its customers in the database."""
    rows = await stores.accounts.bring_in(
        [("service", "wechat", "wx-realm", "服务号"), ("helper", "wecom", REALM, "助手")]
    )
    firm = Firm(stores, rows["service"], clock)
    await firm.found()
    return firm


@pytest.fixture
async def branches(stores: OpenStores, firm: Firm, clock: ManualClock) -> Shelf:
    """Return the catalogue of that insurer, empty."""
    return Shelf(stores, firm, clock)
