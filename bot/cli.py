"""`zhike`: the command line. Each command loads the settings, does one thing and says in a sentence what went wrong."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from bot import checks
from bot.accounts import UnknownAccount
from bot.app import Stores
from bot.clock import RealClock, SandboxUnavailable
from bot.commands import (
    archive,
    backup,
    benefit,
    content,
    customer,
    delivery,
    erasure,
    handover,
    key,
    log,
    menu,
    policy,
    search,
    segment,
    staff,
    sync,
)
from bot.commands.exits import EXIT_CONFIG, EXIT_FLAW
from bot.commands.running import read_settings, with_stores
from bot.demo.command import SANDBOX_PORT, run_demo
from bot.demo.home import ForeignHome
from bot.init import InitError, initialise
from bot.roles import ALL_ROLES, Role, RolesRefused
from bot.serve import run
from bot.settings import SettingsError, find_home
from content.archive import ArchiveError
from content.errors import ContentError
from handlers.contents.stopping import ReasonNeeded
from handlers.delivery.errors import ChannelError
from handlers.people.rights import Forbidden
from handlers.privacy.wishes import ReasonMissing
from storage.errors import StorageError
from storage.migrate import migrate as migrate_database

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Zhike 知客: customer relations on WeChat and WeCom."
)
app.add_typer(log.app, name="log")
app.command()(backup.backup)
app.command()(backup.restore)
app.add_typer(customer.app, name="customer")
app.add_typer(erasure.app, name="erasure")
app.add_typer(menu.app, name="menu")
app.add_typer(delivery.app, name="delivery")
app.add_typer(staff.app, name="staff")
app.add_typer(key.app, name="key")
app.add_typer(archive.app, name="archive")
app.add_typer(search.app, name="search")
app.add_typer(segment.app, name="segment")
app.add_typer(policy.app, name="policy")
app.add_typer(sync.app, name="sync")
app.add_typer(handover.app, name="handover")
app.add_typer(content.app, name="content")
app.add_typer(benefit.app, name="benefit")

#: What is told by its sentence; anything else is a mistake of ours and keeps its traceback.
_SENTENCES: tuple[type[Exception], ...] = (
    SettingsError,
    StorageError,
    ContentError,
    ArchiveError,
    ChannelError,
    ReasonMissing,
    ReasonNeeded,
    Forbidden,
    InitError,
    ForeignHome,
    UnknownAccount,
    RolesRefused,
    SandboxUnavailable,
    OSError,
)
Roles = Annotated[
    list[Role] | None, typer.Option("--role", help="web, worker, scheduler; several may be given; all when none is.")
]


def main() -> None:
    """Run the command line; known errors become one sentence on standard error and their exit code."""
    try:
        app(standalone_mode=True)
    except _SENTENCES as error:
        typer.echo(f"zhike: {error}", err=True)
        sys.exit(EXIT_CONFIG)


@app.command()
def init() -> None:
    """Write a commented zhike.toml and the content folder into $ZHIKE_HOME."""
    for path in initialise(find_home(os.environ)):
        typer.echo(f"已写入：{path}")
    typer.echo("接下来：填写 zhike.toml，再依次运行 zhike check、zhike migrate、zhike serve。")


@app.command()
def check() -> None:
    """Explain each misconfiguration in a sentence with its mend; exit 1 when the bot could not serve."""
    with suppress(SettingsError):  # it is a finding
        read_settings()
    findings = asyncio.run(checks.run(find_home(os.environ), os.environ))
    for finding in findings:
        mark = {"ok": "[green]✓[/green]", "warn": "[yellow]![/yellow]", "error": "[red]✗[/red]"}[finding.level]
        _console().print(f"{mark} {escape(finding.subject)}：{escape(finding.sentence)}")
        if finding.mend:
            _console().print(f"    → {escape(finding.mend)}")
    if any(finding.level == "error" for finding in findings):
        raise typer.Exit(EXIT_FLAW)


@app.command()
def migrate() -> None:
    """Bring the database to this program's schema."""

    async def work(stores: Stores) -> str:
        return await migrate_database(stores.database, now=RealClock().now())

    typer.echo(f"the database is at revision {with_stores(work)}")


@app.command()
def serve(role: Roles = None, port: Annotated[int | None, typer.Option(help="Overrides [web] port.")] = None) -> None:
    """Serve until told to stop."""
    settings = read_settings()
    if port is not None:
        settings = settings.model_copy(update={"web": settings.web.model_copy(update={"port": port})})
    raise typer.Exit(run(settings, frozenset(role) if role else ALL_ROLES))


@app.command()
def demo(
    script: Annotated[bool, typer.Option("--script", help="Play a day, print the transcript, exit.")] = False,
    port: Annotated[int, typer.Option(help="The bot's port; a scripted day takes free ones.")] = 9801,
    sandbox_port: Annotated[int, typer.Option(help="The sandbox's port.")] = SANDBOX_PORT,
    home: Annotated[Path | None, typer.Option(help="Where the demo keeps its data; .zhike/demo when none.")] = None,
) -> None:
    """Start the sandbox and the bot with sample content, print the addresses and stay up."""
    raise typer.Exit(asyncio.run(run_demo(script=script, port=port, sandbox_port=sandbox_port, home=home)))


def _console() -> Console:
    return Console(soft_wrap=True, highlight=False)
