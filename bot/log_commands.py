"""What `zhike log` does: verify the chain, export the messages."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from bot.accounts import UnknownAccount
from bot.clock import open_clock
from bot.outbound import open_http
from bot.scheduler.build import SEALS
from bot.settings import Settings
from content.masking import mask_fields
from storage.audit import Audit, Deed
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


async def export(settings: Settings, *, account: str | None, output: Path | None, clear: bool = False) -> int:
    """Write the log as JSON Lines; return how many messages. Raises UnknownAccount for a name that has no log.

    Phone, identity and card numbers in the contents are masked. `clear`: they are as they were said, and a row of the
    audit says so.
    """
    database = await _open(settings)
    count = 0
    try:
        known = await History(database).accounts()
        if account is not None and account not in known:
            raise UnknownAccount(account, known, where="日志里的账号")
        await _note(database, settings, account, how="clear" if clear else "masked")
        with _target(output) as file:
            async for message in History(database).export(viewer=COMMAND_LINE, account=account):
                if not clear and message["content"] is not None:
                    message["content"] = mask_fields(message["content"])
                file.write(json.dumps(message, ensure_ascii=False) + "\n")
                count += 1
    finally:
        await database.close()
    return count


async def _note(database: Database, settings: Settings, account: str | None, *, how: str) -> None:
    """Write, before anything is shown, that the log was exported, and whether with its numbers."""
    async with open_http(settings) as http:
        clock = await open_clock(settings.clock.sandbox_url, http)
    deed = Deed(action="exported", subject="log", detail=f"{how}, {account or 'all accounts'}")
    await Audit(database).note(COMMAND_LINE, deed, now=clock.now())


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
