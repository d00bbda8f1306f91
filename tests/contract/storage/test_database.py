"""Transactions and reads, the same on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from storage.connection import Connection
from storage.database import open_database
from storage.errors import DatabaseUnreachable, StorageError
from tests.fakes.stores import OpenStores

_INSERT = text("INSERT INTO leader (role, holder, lease_until, epoch) VALUES (:role, 'h', 0, 1)")


async def test_a_failed_transaction_leaves_nothing(stores: OpenStores) -> None:
    async def fail(connection: Connection) -> None:
        await connection.execute(_INSERT, {"role": "r"})
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        await stores.database.write(fail)
    assert await stores.count("leader") == 0


async def test_a_transaction_sees_its_own_rows_and_others_do_not_until_the_commit(
    stores: OpenStores, other_stores: OpenStores
) -> None:
    async def look(connection: Connection) -> int:
        await connection.execute(_INSERT, {"role": "r"})
        return int((await connection.execute(text("SELECT count(*) FROM leader"))).scalar_one())

    assert await other_stores.count("leader") == 0
    assert await stores.database.write(look) == 1
    assert await other_stores.count("leader") == 1


async def test_a_reading_connection_of_sqlite_cannot_write(stores: OpenStores) -> None:
    if not stores.database.is_sqlite:
        pytest.skip("PostgreSQL reads and writes through one pool")
    with pytest.raises(Exception, match="readonly"):
        await stores.rows("DELETE FROM leader RETURNING role")


async def test_a_database_that_answers_passes_the_check(stores: OpenStores) -> None:
    await stores.database.check()
    assert await stores.count("account") == 0


@pytest.mark.parametrize(
    "url", ["postgresql+asyncpg://nobody:secret-word@127.0.0.1:1/none", "sqlite+aiosqlite:///folder/zhike.db"]
)
async def test_a_database_that_does_not_answer_is_named_without_its_password(tmp_path: Path, url: str) -> None:
    database = open_database(url, home=tmp_path)
    if database.is_sqlite:
        (tmp_path / "folder" / "zhike.db").mkdir(parents=True)
    with pytest.raises(DatabaseUnreachable, match="does not answer") as caught:
        await database.check()
    await database.close()

    assert "secret-word" not in str(caught.value)
    assert "zhike.toml" in str(caught.value)


def test_a_url_of_another_kind_is_refused_with_what_to_write(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"mysql.*write sqlite\+aiosqlite:///FILE"):
        open_database("mysql://localhost/zhike", home=tmp_path)


async def test_a_relative_path_lies_below_the_home(tmp_path: Path) -> None:
    database = open_database("sqlite+aiosqlite:///data/zhike.db", home=tmp_path)
    await database.check()
    await database.close()

    assert (tmp_path / "data" / "zhike.db").exists()


async def test_what_is_made_for_sqlite_is_the_owners_alone_and_made_at_the_first_connection(tmp_path: Path) -> None:
    database = open_database("sqlite+aiosqlite:///zhike.db", home=tmp_path / "home")
    before = (tmp_path / "home").exists()

    async def make(connection: Connection) -> None:
        await connection.execute(text("CREATE TABLE t (x)"))

    await database.write(make)
    modes = {path.name: path.stat().st_mode & 0o077 for path in [tmp_path / "home", *(tmp_path / "home").iterdir()]}
    await database.close()

    assert not before
    assert modes == dict.fromkeys(("home", "zhike.db", "zhike.db-wal", "zhike.db-shm"), 0)


async def test_a_file_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "zhike.db").touch()
    (tmp_path / "zhike.db").chmod(0o640)
    database = open_database("sqlite+aiosqlite:///zhike.db", home=tmp_path)
    await database.check()
    await database.close()

    assert (tmp_path / "zhike.db").stat().st_mode & 0o777 == 0o640
