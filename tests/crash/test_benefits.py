"""Units of benefits through real processes that are killed: none is lost, none is granted twice."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from storage.deliveries import Deliveries
from storage.outbox import Outbox
from storage.tables.delivery import DeliveryState
from tests.contract.benefits.shelf import Guests, Shelf
from tests.fakes.clock import ManualClock
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
async def shelf(stores: OpenStores, clock: ManualClock) -> Shelf:
    rows = await stores.accounts.bring_in([("service", "wechat", "wx-realm", "服务号")])
    visitors = Visitors(stores.log, rows["service"], clock)
    said = await visitors.say("z1", "您好")
    return Shelf(stores, Guests(account=rows["service"], customers={"z1": said.person.customer_id}), clock)


class Workers:
    """Starts processes on the database of the test."""

    def __init__(self, url: str, home: Path) -> None:
        self._start = [sys.executable, "-m", "tests.crash.benefit_worker", url, str(home)]

    @contextmanager
    def at_work(self, *what: object) -> Iterator[subprocess.Popen[str]]:
        """Start one; it is killed at the end of the block if it still lives."""
        process = subprocess.Popen([*self._start, *map(str, what)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        with process:
            try:
                yield process
            finally:
                process.kill()

    def killed_at(self, *what: object) -> str:
        """Let one come to the point where it stands still, kill it there, and return the point's name."""
        with self.at_work(*what) as process:
            assert process.stdout is not None
            return process.stdout.readline().strip()

    def done(self, *what: object) -> str:
        """Let one do its work to the end."""
        with self.at_work(*what) as process:
            said, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        return said.strip()


@pytest.fixture
def workers(database_url: str, tmp_path: Path) -> Workers:
    return Workers(database_url, tmp_path)


async def _state(shelf: Shelf) -> tuple[str, str]:
    """Return how the delivery stands, and in which state its unit is."""
    delivery = await shelf.stores.one("SELECT state FROM delivery")
    figures = (await shelf.stock.figures([1]))[1]
    assert figures.total == 1, "a unit is lost or doubled"
    [unit] = [name for name in ("available", "reserved", "granted") if getattr(figures, name)]
    return delivery["state"], unit


async def test_two_processes_that_claim_a_hundred_times_grant_the_ten_there_are(shelf: Shelf, workers: Workers) -> None:
    await shelf.put(units=10)
    await shelf.newcomers(100)
    rows = await shelf.stores.rows("SELECT min(id) AS first, max(id) AS last FROM identity")
    first, last = rows[0]["first"], rows[0]["last"] + 1
    middle = (first + last) // 2
    with workers.at_work("claim", first, middle) as one, workers.at_work("claim", middle, last) as other:
        granted = [int(process.communicate(timeout=60)[0]) for process in (one, other)]
    assert sum(granted) == 10
    rows = await shelf.stores.rows("SELECT count(*) AS n FROM benefit_unit WHERE state = 'granted'")
    assert rows[0]["n"] == 10


async def test_a_kill_before_the_commit_leaves_the_unit_where_it_was(shelf: Shelf, workers: Workers) -> None:
    await shelf.put(units=1)
    await shelf.post(shelf.firm.account, "z1")
    assert workers.killed_at("reserve") == "reserved"
    assert await _state(shelf) == ("due", "available")


async def test_a_kill_between_reservation_and_grant_loses_no_unit_after_the_lease(
    shelf: Shelf, workers: Workers
) -> None:
    benefit = await shelf.put(units=1)
    await shelf.reserve(benefit, "z1", await shelf.post(shelf.firm.account, "z1"))
    assert workers.killed_at("send", "claimed", 0, "dead") == "claimed"
    assert await _state(shelf) == ("claimed", "reserved")
    assert workers.done("send", "-", 29, "too-early") == "sent"
    assert await _state(shelf) == ("claimed", "reserved")
    assert workers.done("send", "-", 31, "next") == "sent"
    assert await _state(shelf) == ("sent", "granted")


async def test_a_kill_when_a_byte_may_have_left_keeps_the_unit_for_a_persons_word(
    shelf: Shelf, workers: Workers
) -> None:
    benefit = await shelf.put(units=1)
    delivery_id = await shelf.post(shelf.firm.account, "z1")
    await shelf.reserve(benefit, "z1", delivery_id)
    assert workers.killed_at("send", "attempting", 0, "dead") == "attempting"
    workers.done("send", "-", 31, "next")
    assert await _state(shelf) == ("unknown", "reserved")
    assert (await Outbox(shelf.stores.database).counts())["due"] == 0
    await Deliveries(shelf.stores.database).settle(delivery_id, DeliveryState.FAILED, by="wu", now=shelf.clock.now())
    assert await _state(shelf) == ("failed", "available")
