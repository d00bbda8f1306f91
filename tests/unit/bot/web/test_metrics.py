"""`/metrics` while the database is away: what the process counts by itself is shown all the same."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

from aiohttp.test_utils import make_mocked_request

from bot.web.metrics import Meters, MetricsPage
from storage.errors import StorageError
from storage.handover_list import Waiting
from tests.fakes.clock import START, ManualClock


class _Database:
    """Outbox, replies and lanes of a process whose database answers or does not."""

    held = 3

    def __init__(self) -> None:
        self.away = False

    async def counts(self) -> dict[str, int]:
        if self.away:
            raise StorageError("the database is away")
        return {"due": 2}

    async def oldest_waiting(self) -> datetime | None:
        return None

    async def standing(self, *, since: datetime) -> Waiting:
        return Waiting(
            states={"waiting": 4}, longest_since=START - timedelta(minutes=3), waiting=None, first_reply=None
        )


async def test_the_meters_are_shown_while_the_database_is_away() -> None:
    database = _Database()
    meters = Meters()
    meters.of_account("service").count("accepted")
    source = cast(Any, database)
    page = MetricsPage(meters, outbox=source, replies=source, handovers=source, lanes=source, clock=ManualClock())

    async def shown() -> set[str]:
        response = await page.show(make_mocked_request("GET", "/metrics"))
        assert isinstance(response.body, bytes)
        return set(response.body.decode().splitlines())

    assert {"zhike_database_up 1.0", 'zhike_deliveries_open{state="due"} 2.0'} <= await shown()
    assert {'zhike_handovers_open{state="waiting"} 4.0', "zhike_handover_longest_wait_seconds 180.0"} <= await shown()
    database.away = True
    found = await shown()
    assert {"zhike_database_up 0.0", "zhike_conversations_held 3.0"} <= found
    assert 'zhike_callbacks_total{account="service",outcome="accepted"} 1.0' in found
