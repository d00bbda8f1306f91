"""`zhike`: the command line. Each command loads the settings, does one thing and says in a sentence what went wrong."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.markup import escape

from bot import checks, log_commands, menus
from bot.accounts import UnknownAccount
from bot.app import Stores, open_stores
from bot.clock import SandboxUnavailable
from bot.demo.command import SANDBOX_PORT, run_demo
from bot.demo.home import ForeignHome
from bot.init import InitError, initialise
from bot.roles import ALL_ROLES, Role, RolesRefused
from bot.serve import run
from bot.settings import Settings, SettingsError, find_home, load_settings
from content.errors import ContentError
from handlers.delivery.errors import ChannelError
from storage.customers import Customers
from storage.deliveries import Deliveries
from storage.errors import StorageError
from storage.migrate import migrate as migrate_database
from storage.tables.delivery import DeliveryState

T = TypeVar("T")

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Zhike 知客: customer relations on WeChat and WeCom."
)
log_app = typer.Typer(no_args_is_help=True, help="The log: verify its chain, export it.")
customer_app = typer.Typer(no_args_is_help=True, help="Customers and their identities.")
app.add_typer(log_app, name="log")
menu_app = typer.Typer(no_args_is_help=True, help="The bottom menu of official accounts.")
app.add_typer(customer_app, name="customer")
delivery_app = typer.Typer(no_args_is_help=True, help="Messages that went out, or should have.")
app.add_typer(menu_app, name="menu")
app.add_typer(delivery_app, name="delivery")

#: What is told by its sentence; anything else is a mistake of ours and keeps its traceback.
_SENTENCES: tuple[type[Exception], ...] = (
    SettingsError,
    StorageError,
    ContentError,
    ChannelError,
    InitError,
    ForeignHome,
    UnknownAccount,
    RolesRefused,
    SandboxUnavailable,
    OSError,
)
EXIT_FLAW = 1
EXIT_CONFIG = 78
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
        return await migrate_database(stores.database, now=datetime.now(UTC))

    typer.echo(f"the database is at revision {_with_stores(work)}")


@app.command()
def serve(role: Roles = None, port: Annotated[int | None, typer.Option(help="Overrides [web] port.")] = None) -> None:
    """Serve until told to stop."""
    settings = _settings()
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


@log_app.command()
def verify() -> None:
    """Check every account's chain; name the first altered or missing row and exit 1 when there is one."""
    reports = _with_settings(log_commands.verify)
    for report in reports:
        typer.echo(log_commands.sentence(report))
    if any(report.flaw for report in reports):
        raise typer.Exit(EXIT_FLAW)


@log_app.command()
def export(
    account: Annotated[str | None, typer.Option(help="Only this account.")] = None,
    output: Annotated[Path | None, typer.Option(help="A file instead of standard output.")] = None,
) -> None:
    """Write the log as JSON Lines, a message a line, in order of account and seq."""
    count = _with_settings(lambda settings: log_commands.export(settings, account=account, output=output))
    typer.echo(f"{count} messages", err=True)


@menu_app.command("publish")
def publish_menu(account: Annotated[str | None, typer.Option(help="Only this account.")] = None) -> None:
    """Bring the authored menu (content/menu.yaml) to the official accounts."""
    for name in _with_settings(lambda settings: menus.publish(settings, account=account)):
        typer.echo(f"menu published: {name}")


@delivery_app.command("list")
def list_deliveries(
    state: Annotated[DeliveryState, typer.Option(help="Which ones.")] = DeliveryState.UNKNOWN,
    limit: Annotated[int, typer.Option(help="How many at most, the newest first.")] = 50,
) -> None:
    """Show deliveries in a state as JSON Lines; `unknown` ones wait for a person's word."""

    async def work(stores: Stores) -> list[dict[str, Any]]:
        return await Deliveries(stores.database).in_state(state, limit=limit)

    for row in _with_stores(work):
        typer.echo(json.dumps(row, ensure_ascii=False))


@delivery_app.command("settle")
def settle_delivery(
    delivery: int,
    state: Annotated[DeliveryState, typer.Argument(help="sent or failed")],
    by: Annotated[str, typer.Option(help="Who says so.")],
) -> None:
    """Say what became of an unknown delivery: it arrived (sent) or it did not (failed). Nothing is sent again."""

    async def work(stores: Stores) -> None:
        await Deliveries(stores.database).settle(delivery, state, by=by, now=datetime.now(UTC))

    _with_stores(work)
    typer.echo(json.dumps({"delivery": delivery, "state": state}))


@customer_app.command("merge")
def merge_customers(kept: int, gone: int, cause: Annotated[str, typer.Option(help="Who says so, and why.")]) -> None:
    """Move all identities of customer GONE to customer KEPT."""

    async def work(stores: Stores) -> None:
        await Customers(stores.database).merge(kept=kept, gone=gone, cause=cause, now=datetime.now(UTC))

    _with_stores(work)
    typer.echo(json.dumps({"kept": kept, "merged": gone}))


def _console() -> Console:
    return Console(soft_wrap=True, highlight=False)


def _settings() -> Settings:
    return load_settings(find_home(os.environ), os.environ)


def _with_settings(work: Callable[[Settings], Coroutine[Any, Any, T]]) -> T:
    return asyncio.run(work(_settings()))


def _with_stores(work: Callable[[Stores], Coroutine[Any, Any, T]]) -> T:
    async def run_closing(settings: Settings) -> T:
        stores = open_stores(settings)
        try:
            return await work(stores)
        finally:
            await stores.database.close()

    return _with_settings(run_closing)
