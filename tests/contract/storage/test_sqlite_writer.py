"""The one connection that writes SQLite: whole transactions, whoever else holds the file or gives up waiting."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.engine import make_url

from storage.checkpoint import Checkpoints
from storage.connection import Connection
from storage.sqlite import SqliteWriter, open_sqlite


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "notes.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE note (word TEXT PRIMARY KEY)")
    connection.close()
    return path


@pytest.fixture
async def writer(file: Path) -> AsyncIterator[SqliteWriter]:
    writer, reader = open_sqlite(make_url(f"sqlite+aiosqlite:///{file}"))
    yield writer
    await writer.close()
    await reader.dispose()


@asynccontextmanager
async def _writing(file: Path, *, due: int, full: int) -> AsyncIterator[SqliteWriter]:
    """Yield a writer whose log is full sooner than the shipped one's."""
    shipped, reader = open_sqlite(make_url(f"sqlite+aiosqlite:///{file}"))
    writer = SqliteWriter(shipped.engine, Checkpoints(str(file), due=due, full=full))
    yield writer
    await writer.close()
    await reader.dispose()


def _log_pages(file: Path) -> int:
    return Path(f"{file}-wal").stat().st_size // 4096


def _note(*words: str) -> Callable[[Connection], Coroutine[Any, Any, None]]:
    async def apply(connection: Connection) -> None:
        for word in words:
            await connection.fetch("INSERT INTO note VALUES (?)", (word,))

    return apply


def _words(file: Path) -> set[str]:
    connection = sqlite3.connect(file)
    try:
        return {word for (word,) in connection.execute("SELECT word FROM note")}
    finally:
        connection.close()


async def test_what_is_written_stands_when_its_writer_hears_of_it(writer: SqliteWriter, file: Path) -> None:
    await writer.run(_note("a", "b"))

    assert _words(file) == {"a", "b"}


async def test_a_transaction_that_fails_leaves_nothing_and_the_next_one_stands(
    writer: SqliteWriter, file: Path
) -> None:
    with pytest.raises(sqlite3.IntegrityError):
        await writer.run(_note("a", "b", "a"))
    await writer.run(_note("c"))

    assert _words(file) == {"c"}


async def test_transactions_of_many_callers_do_not_mix(writer: SqliteWriter, file: Path) -> None:
    written = await asyncio.gather(
        *(writer.run(_note(f"x{n}", f"y{n}", *([f"x{n}"] if n % 3 == 0 else []))) for n in range(30)),
        return_exceptions=True,
    )

    refused = {n for n, result in enumerate(written) if isinstance(result, sqlite3.IntegrityError)}
    assert refused == set(range(0, 30, 3))
    assert _words(file) == {f"{kind}{n}" for n in range(30) if n % 3 for kind in "xy"}


async def test_a_caller_that_gives_up_during_the_commit_does_not_let_the_next_one_in(
    writer: SqliteWriter, file: Path
) -> None:
    begun = asyncio.Event()

    async def apply(connection: Connection) -> None:
        await connection.fetch("INSERT INTO note VALUES ('a')", ())
        begun.set()

    impatient = asyncio.create_task(writer.run(apply))
    await begun.wait()
    impatient.cancel()
    impatient.cancel()
    await writer.run(_note("b"))

    assert _words(file) == {"a", "b"}
    with pytest.raises(asyncio.CancelledError):
        await impatient


async def test_another_process_is_waited_for_without_holding_up_the_loop(writer: SqliteWriter, file: Path) -> None:
    await writer.run(_note("first"))
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writing = asyncio.create_task(writer.run(_note("late")))
    turns = 0
    while turns < 1000:
        await asyncio.sleep(0)
        turns += 1

    assert not writing.done()
    other.execute("INSERT INTO note VALUES ('other')")
    other.execute("COMMIT")
    other.close()
    await writing
    assert _words(file) == {"first", "other", "late"}


async def test_one_that_never_ends_is_an_error(file: Path) -> None:
    patient, reader = open_sqlite(make_url(f"sqlite+aiosqlite:///{file}"))
    writer = SqliteWriter(patient.engine, patient.checkpoints, busy_seconds=0.02)
    await writer.run(_note("first"))
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(sqlite3.OperationalError, match="locked"):
        await writer.run(_note("late"))

    other.close()
    await writer.run(_note("next"))
    assert _words(file) == {"first", "next"}
    await writer.close()
    await reader.dispose()


async def test_the_log_is_moved_back_into_the_file_while_it_is_written(file: Path, tmp_path: Path) -> None:
    async with _writing(file, due=200, full=1_000_000) as writer:
        for n in range(100):
            await writer.run(_note(f"w{n}"))
        await writer.checkpoints.close()
        # The file alone, as it would be without its log.
        copied = tmp_path / "copy.db"
        shutil.copyfile(file, copied)
        moved = _words(copied)

    assert len(moved) >= 50
    assert _words(file) == {f"w{n}" for n in range(100)}


@pytest.mark.parametrize(("full", "begins_anew"), [(50, True), (1_000_000, False)])
async def test_under_load_that_never_ends_the_log_begins_anew(file: Path, full: int, begins_anew: bool) -> None:
    async with _writing(file, due=200, full=full) as writer:
        for batch in range(20):
            await asyncio.gather(*(writer.run(_note(f"{batch}-{n}")) for n in range(30)))
        pages = _log_pages(file)

    assert (pages < 400) is begins_anew  # 600 transactions write more than a page each
    assert len(_words(file)) == 600


async def test_a_reader_that_looks_at_an_old_state_holds_up_neither_the_writer_nor_the_log_for_good(file: Path) -> None:
    async with _writing(file, due=100, full=50) as writer:
        await writer.run(_note("first"))
        old = sqlite3.connect(file, isolation_level=None)
        old.execute("BEGIN")
        assert old.execute("SELECT word FROM note").fetchall() == [("first",)]
        for n in range(60):
            await writer.run(_note(f"w{n}"))

        assert old.execute("SELECT word FROM note").fetchall() == [("first",)]
        old.close()
        grown = _log_pages(file)
        for n in range(60, 200):
            await writer.run(_note(f"w{n}"))
        assert _log_pages(file) < grown + 140

    assert len(_words(file)) == 201


async def test_a_log_that_killed_processes_left_is_moved_by_the_next_one(file: Path) -> None:
    left = sqlite3.connect(file, isolation_level=None)
    left.execute("PRAGMA journal_mode = WAL")
    left.execute("PRAGMA wal_autocheckpoint = 0")
    for n in range(300):
        left.execute("INSERT INTO note VALUES (?)", (f"left{n}",))
    grown = _log_pages(file)
    async with _writing(file, due=1_000_000, full=100) as writer:
        for n in range(3):
            await writer.run(_note(f"w{n}"))
            await writer.checkpoints.idle()
        for n in range(3, 40):
            await writer.run(_note(f"w{n}"))
        assert _log_pages(file) < grown + 20  # its pages are written over: 40 transactions write more than one each
    left.close()

    assert len(_words(file)) == 340


async def test_the_writer_and_the_background_never_move_the_log_at_once(file: Path) -> None:
    async with _writing(file, due=1_000_000, full=1_000_000) as writer:
        await writer.run(_note("a"))
        await writer.checkpoints.idle()
        checkpoints = Checkpoints(str(file), due=1, full=1)
        checkpoints.wrote(1)
        checkpoints.rest_is_due = True
        assert not checkpoints.waits_for_writer  # one is under way
        await checkpoints.idle()
        await asyncio.sleep(0)
        assert checkpoints.waits_for_writer
        checkpoints.wrote(1)
        assert checkpoints.waits_for_writer  # the writer's is due, so none began
        await checkpoints.close()
