"""The routes of the API over a database that nobody asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.people import build_people
from bot.settings import Settings
from bot.web.api.app import build_routes
from bot.web.api.route import AnyRoute
from storage.database import open_database
from tests.fakes.clock import ManualClock
from tests.fakes.handover_rooms import rooms_over


@pytest.fixture
def routes(tmp_path: Path, clock: ManualClock) -> tuple[AnyRoute, ...]:
    """Return every route; none of them is called."""
    settings = Settings(home=tmp_path)
    database = open_database(settings.database_url, home=tmp_path)
    people = build_people(database, clock=clock, settings=settings)
    rooms = rooms_over(database, [], settings=settings, clock=clock)
    return build_routes(people, handover=rooms, database=database, clock=clock)
