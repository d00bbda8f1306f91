"""`zhike search`: the index of what was said."""

from __future__ import annotations

import json
from typing import Final

import typer

from bot.app import Stores
from bot.commands.running import note, with_stores_and_time
from handlers.clock import Clock
from handlers.processing import Processing
from storage.cursors import Cursors
from storage.migrate import check_schema
from storage.search_index import SearchIndex

app = typer.Typer(no_args_is_help=True, help="The index of what was said.")
#: Rows of an account at once: a block of the largest size is then written once, not put together of small ones.
_BATCH: Final = 16_384


@app.callback()
def search() -> None:
    """Keep `rebuild` a command of its own: a group of one would lose its name."""


@app.command()
def rebuild() -> None:
    """Drop the index and make it anew from the log, telling how far it is; the bot may run meanwhile.

    Each step is durable. Stopped midway, what is made stays, and the bot's own processor or another rebuild goes on.
    """

    async def work(stores: Stores, clock: Clock) -> tuple[int, int]:
        await check_schema(stores.database)
        # Before the deed: who is stopped midway has a row for what they began.
        await note(stores.database, clock, "rebuilt", "search")
        index = SearchIndex(stores.database)
        await index.clear()
        step = Processing(Cursors(stores.database), [index], batch=_BATCH, most=1)
        while await step.run():
            read, written = await index.progress()
            typer.echo(f"{read} of {written} messages are read", err=True)
        return await index.progress()

    read, written = with_stores_and_time(work)
    typer.echo(json.dumps({"read": read, "written": written}))
