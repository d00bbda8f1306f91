"""Fixtures for the whole suite: fresh migrated databases, a clock that stands still, no settings of ours."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from storage.database import open_database
from storage.migrate import migrate
from tests.fakes.clock import START, ManualClock
from tests.fakes.stores import OpenStores, open_stores
from tests.files_to_processes import FilesToProcesses
from tests.postgres_server import GIVEN_SERVER, drop_database, new_database, quick_folder, start_postgres
from tests.sqlite_file import copy_sqlite

_KINDS = ("sqlite", "postgresql")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=(*_KINDS, "both"),
        default="both",
        help="the databases that tests of the storage run on (default: both)",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that asks for a database on every chosen kind."""
    chosen = metafunc.config.getoption("--database")
    kinds = _KINDS if chosen == "both" else (chosen,)
    for name in ("database_url", "empty_database_url"):
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, kinds, indirect=True)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Return what hands the tests out to several processes (`-n`)."""
    return FilesToProcesses(config, log)


@pytest.fixture(autouse=True)
def _clean_environment() -> Iterator[None]:
    """Keep the machine's own settings out of the tests."""
    kept = dict(os.environ)
    for name in kept:
        if name.startswith("ZHIKE_") and name != GIVEN_SERVER:
            del os.environ[name]
    yield
    os.environ.clear()
    os.environ.update(kept)


@pytest.fixture
def clock() -> ManualClock:
    """Return a clock that moves only by hand."""
    return ManualClock()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Return the administrator's URL of a PostgreSQL server; it starts when the first test asks for it.

    Not below pytest's own folder: under root the server runs as a user of its own, and each further pytest that begins
    on this machine closes that folder to other users again.
    """
    with (
        tempfile.TemporaryDirectory(prefix="zhike-", dir=quick_folder()) as folder,
        start_postgres(Path(folder), durable=False) as url,
    ):
        yield url


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the URL of a migrated PostgreSQL database to copy."""
    home = tmp_path_factory.mktemp("template")

    async def make() -> str:
        url = await new_database(postgres_url)
        await _migrate(url, home=home)
        return url

    return asyncio.run(make())


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a migrated SQLite file to copy."""
    home = tmp_path_factory.mktemp("template")
    asyncio.run(_migrate("sqlite+aiosqlite:///zhike.db", home=home))
    return home / "zhike.db"


async def _migrate(url: str, *, home: Path) -> None:
    database = open_database(url, home=home)
    await migrate(database, now=START)
    await database.close()


@pytest.fixture
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return the URL of a database without any table."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'zhike.db'}"
        return
    admin_url: str = request.getfixturevalue("postgres_url")
    url = asyncio.run(new_database(admin_url))
    yield url
    asyncio.run(drop_database(admin_url, url))


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """Return the URL of a fresh migrated SQLite database, for tests that need only one kind."""
    return copy_sqlite(sqlite_template, tmp_path)


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Return the URL of a fresh migrated database."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_url")
        return
    template: str = request.getfixturevalue("postgres_template")
    admin_url: str = request.getfixturevalue("postgres_url")
    url = asyncio.run(new_database(admin_url, template=template))
    yield url
    asyncio.run(drop_database(admin_url, url))


@pytest.fixture
async def stores(database_url: str, tmp_path: Path) -> AsyncIterator[OpenStores]:
    """Return the repositories of one process on a fresh database."""
    opened = open_stores(database_url, home=tmp_path)
    yield opened
    await opened.close()


@pytest.fixture
async def other_stores(database_url: str, tmp_path: Path) -> AsyncIterator[OpenStores]:
    """Return the repositories of a second process on the same database."""
    opened = open_stores(database_url, home=tmp_path)
    yield opened
    await opened.close()
