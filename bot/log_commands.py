"""What `zhike log` does: verify the chain, export the messages."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from bot.accounts import UnknownAccount
from bot.scheduler.build import SEALS
from bot.settings import Settings
from storage.chain import Chain
from storage.chain_check import AccountReport
from storage.database import Database, open_database
from storage.history import History
from storage.migrate import check_schema
from storage.seal_file import SealFile
from storage.viewer import COMMAND_LINE


async def verify(settings: Settings) -> list[AccountReport]:
    """Return a report an account. Raises StorageError for the database, OSError for the file of seals outside of it."""
    database = await _open(settings)
    try:
        return await Chain(database, SealFile(settings.home / SEALS)).verify()
    finally:
        await database.close()


def sentence(report: AccountReport) -> str:
    """Return what a report says in one line."""
    if report.flaw is not None:
        return f"{report.account}: BROKEN at row {report.flaw.seq}: {report.flaw.sentence}"
    destroyed = f", {report.contents_destroyed} contents destroyed" if report.contents_destroyed else ""
    return (
        f"{report.account}: intact, {report.rows} rows, sealed to {report.sealed_to}, "
        f"{report.confirmed_outside} seals confirmed outside the database{destroyed}"
    )


async def export(settings: Settings, *, account: str | None, output: Path | None) -> int:
    """Write the log as JSON Lines; return how many messages. Raises UnknownAccount for a name that has no log."""
    database = await _open(settings)
    count = 0
    try:
        known = await History(database).accounts()
        if account is not None and account not in known:
            raise UnknownAccount(account, known, where="日志里的账号")
        with _target(output) as file:
            async for message in History(database).export(viewer=COMMAND_LINE, account=account):
                file.write(json.dumps(message, ensure_ascii=False) + "\n")
                count += 1
    finally:
        await database.close()
    return count


async def _open(settings: Settings) -> Database:
    database = open_database(settings.database_url, home=settings.home)
    await check_schema(database)
    return database


@contextmanager
def _target(output: Path | None) -> Iterator[TextIO]:
    if output is None:
        yield sys.stdout
    else:
        with output.open("w", encoding="utf-8") as file:
            yield file
