"""`zhike log`: verify the chain, export the messages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot import log_commands
from bot.commands.exits import EXIT_FLAW
from bot.commands.running import with_settings

app = typer.Typer(no_args_is_help=True, help="The log: verify its chain, export it.")


@app.command()
def verify() -> None:
    """Check every account's chain; name the first altered or missing row and exit 1 when there is one."""
    reports = with_settings(log_commands.verify)
    for report in reports:
        typer.echo(log_commands.sentence(report))
    if any(report.flaw for report in reports):
        raise typer.Exit(EXIT_FLAW)


@app.command()
def export(
    account: Annotated[str | None, typer.Option(help="Only this account.")] = None,
    output: Annotated[Path | None, typer.Option(help="A file instead of standard output.")] = None,
    clear: Annotated[
        bool, typer.Option("--clear", help="Phone, identity and card numbers as they were said; the audit notes it.")
    ] = False,
) -> None:
    """Write the log as JSON Lines, a message a line, in order of account and seq, numbers of people masked."""
    count = with_settings(lambda settings: log_commands.export(settings, account=account, output=output, clear=clear))
    typer.echo(f"{count} messages", err=True)
