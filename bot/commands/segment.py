"""`zhike segment`: lists of customers brought in as facts."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.exits import EXIT_FLAW
from bot.commands.running import with_people
from bot.lists.sheets import open_sheet
from bot.people import People
from content.facts import CONFIDENCES, Source
from content.local_time import ZONE
from handlers.clock import Clock
from handlers.facts.lists import ListReport
from handlers.facts.sheets import ListRefused
from storage.viewer import COMMAND_LINE

app = typer.Typer(no_args_is_help=True, help="Segments, and lists of customers.")
#: Rows after which the progress is told.
_TOLD = 10_000


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV or XLSX: a header, then a customer a row.")],
    source: Annotated[Source, typer.Option(help="Who says so: " + ", ".join(CONFIDENCES))] = Source.LIST,
    as_of: Annotated[datetime | None, typer.Option(help="As of when; now unless told.", formats=["%Y-%m-%d"])] = None,
) -> None:
    """Take a list down as facts about its customers; rows that cannot be used are named, exit 1.

    The same file again changes nothing; killed midway it goes on.
    """

    async def work(people: People, clock: Clock) -> ListReport:
        return await people.lists.run(
            open_sheet(file),
            viewer=COMMAND_LINE,
            source=source,
            as_of=None if as_of is None else as_of.replace(tzinfo=ZONE),
            progress=_tell,
        )

    try:
        report = with_people(work)
    except ListRefused as refused:
        typer.echo(f"没有使用这份名单：{refused}", err=True)
        raise typer.Exit(EXIT_FLAW) from None
    counts = {"rows": report.rows, "used": report.used, "facts": report.new, "bad": report.bad_count}
    typer.echo(json.dumps({"list": report.list_id, "as_of": report.as_of.isoformat(), **counts}))
    for cell in report.bad:
        typer.echo(str(cell), err=True)
    if report.bad_count > len(report.bad):
        typer.echo(f"另有 {report.bad_count - len(report.bad)} 处，先改好以上各处再导入。", err=True)
    if report.bad_count:
        raise typer.Exit(EXIT_FLAW)


def _tell(rows: int) -> None:
    if rows % _TOLD == 0:
        typer.echo(f"已读 {rows} 行", err=True)
