"""`zhike erasure`: what was erased, and what became of it."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer

from bot.commands.exits import EXIT_FLAW
from bot.commands.running import with_people
from bot.people import People
from handlers.clock import Clock
from storage.erasures import ErasureRow
from storage.viewer import COMMAND_LINE

app = typer.Typer(no_args_is_help=True, help="Erasures and their reports.")


@app.command("list")
def list_(limit: Annotated[int, typer.Option(help="So many at most.")] = 50) -> None:
    """Show erasures as JSON Lines, the newest first; they name numbers, nobody."""

    async def work(people: People, clock: Clock) -> list[ErasureRow]:
        return await people.wishes.erasures(COMMAND_LINE, limit=limit)

    for row in with_people(work):
        typer.echo(json.dumps(_shown(row), ensure_ascii=False))


@app.command()
def show(number: int) -> None:
    """Show one erasure with its report as JSON; exit 1 when there is none."""

    async def work(people: People, clock: Clock) -> ErasureRow | None:
        return await people.wishes.erasure(COMMAND_LINE, number)

    row = with_people(work)
    if row is None:
        typer.echo(f"没有第 {number} 号删除：用 zhike erasure list 查看。", err=True)
        raise typer.Exit(EXIT_FLAW)
    typer.echo(json.dumps(_shown(row), ensure_ascii=False, indent=2))


def _shown(row: ErasureRow) -> dict[str, Any]:
    return {
        name: item.isoformat() if isinstance(item, datetime) else item
        for name, item in asdict(row).items()
        if name not in ("lock_after", "kept")
    }
