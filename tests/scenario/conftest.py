"""Towns of the scenarios: one a database for all stories whose people do not disturb each other, others of their own.

Processes cost seconds to start and nothing to share, so `town` lives as long as the run: whoever uses it acts with
people of their own, takes faults away again and does not stop its bot. Stories that kill, stop or cut off something
ask for `own_town`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.postgres_server import drop_database, new_database
from tests.scenario.town import Town
from tests.sqlite_file import copy_sqlite

#: Starts one more town; the arguments are Town's own.
OpenTown = Callable[..., Town]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "only_on(kind): needs what only this kind of database can show")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each scenario on every chosen database; all on one before the next."""
    if "kind" not in metafunc.fixturenames:
        return
    chosen = metafunc.config.getoption("--database")
    only = metafunc.definition.get_closest_marker("only_on")
    possible = (only.args[0],) if only is not None else ("sqlite", "postgresql")
    kinds = [kind for kind in possible if chosen in (kind, "both")]
    metafunc.parametrize("kind", kinds, indirect=True, scope="session")


@pytest.fixture(scope="session")
def kind(request: pytest.FixtureRequest) -> str:
    """Return the kind of database this scenario runs on."""
    return str(request.param)


@pytest.fixture(scope="session")
def new_town_database(
    kind: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], str]]:
    """Return a maker of migrated databases of this kind."""
    if kind == "sqlite":
        migrated: Path = request.getfixturevalue("sqlite_template")

        def copy_file() -> str:
            return copy_sqlite(migrated, tmp_path_factory.mktemp("database"))

        yield copy_file
        return
    admin_url: str = request.getfixturevalue("postgres_url")
    template: str = request.getfixturevalue("postgres_template")
    made: list[str] = []

    def copy_database() -> str:
        made.append(asyncio.run(new_database(admin_url, template=template)))
        return made[-1]

    yield copy_database
    for url in made:
        asyncio.run(drop_database(admin_url, url))


@pytest.fixture(scope="session")
def town(kind: str, new_town_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Return the town that is shared: every account, one bot in all roles, virtual time."""
    with Town(tmp_path_factory.mktemp("town"), new_town_database()) as started:
        yield started


@pytest.fixture
def open_town(new_town_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenTown]:
    """Return a starter of towns of the test's own; they end with it."""
    with ExitStack() as stack:

        def start(**options: Any) -> Town:
            home = tmp_path_factory.mktemp("town")
            return stack.enter_context(Town(home, new_town_database(), **options))

        yield start


@pytest.fixture(scope="module")
def own_town(
    kind: str, new_town_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    """Return a town of the module's own, whose bot may be stopped and killed; each story leaves it running."""
    with Town(tmp_path_factory.mktemp("town"), new_town_database()) as started:
        yield started


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a data folder that is not there yet."""
    return tmp_path / "home"
