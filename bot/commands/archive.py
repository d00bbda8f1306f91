"""`zhike archive`: chats that were archived elsewhere, taken into the log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

import typer

from bot.app import Stores
from bot.commands.running import with_stores_and_time
from content.archive import ArchivedMessage, read_line
from handlers.clock import Clock
from storage.accounts import Accounts
from storage.archive import Added, Archive
from storage.migrate import check_schema

app = typer.Typer(no_args_is_help=True, help="Archived chats.")
_BATCH: Final = 500
#: As in `bot.settings.ConversationSettings`; an archive has no settings of its own.
_IDLE_CLOSE: Final = timedelta(hours=6)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="JSON Lines, see docs/archive.md.")],
    realm: Annotated[str, typer.Option(help="The corp id whose external_userids these are.")],
    account: Annotated[str, typer.Option(help="The name under which the log keeps them.")] = "archive",
) -> None:
    """Take archived chats into the log, a batch a transaction; what is in it already is passed over."""
    if not file.exists():
        raise typer.BadParameter(f"there is no file {file}")

    async def work(stores: Stores, clock: Clock) -> Added:
        await check_schema(stores.database)
        rows = await Accounts(stores.database).bring_in([(account, "contact", realm, "聊天存档")])
        archive, added = Archive(stores.database, idle_close=_IDLE_CLOSE), Added()
        await archive.prepare(now=clock.now())
        for batch in _batches(file):
            added += await archive.add(rows[account], batch, now=clock.now())
        return added

    added = with_stores_and_time(work)
    typer.echo(json.dumps({"new": added.new, "known": added.known, "refused": added.refused}))


def _batches(file: Path) -> Iterator[list[ArchivedMessage]]:
    batch: list[ArchivedMessage] = []
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                batch.append(read_line(line, number=number, path=file.name))
            if len(batch) == _BATCH:
                yield batch
                batch = []
    if batch:
        yield batch
