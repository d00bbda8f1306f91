"""`zhike policy`: the drop of files, and who is bound to whom."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from bot.app import Stores
from bot.commands.exits import EXIT_FLAW
from bot.commands.running import with_stores_and_time
from bot.policies.drop import DropLoader, DropRefused, Loaded
from handlers.clock import Clock
from storage.migrate import check_schema
from storage.policy_bindings import PolicyBindings
from storage.policy_drops import PolicyDrops
from storage.viewer import COMMAND_LINE

app = typer.Typer(no_args_is_help=True, help="Policies: the nightly drop, and bindings.")


@app.command("import")
def import_(
    folder: Annotated[Path, typer.Argument(help="holders.csv, policies.csv, cases.csv and drop.json.")],
) -> None:
    """Load a drop and put it in the place of the current one; rows that cannot be used are named, exit 1."""

    async def work(stores: Stores, clock: Clock) -> Loaded:
        await check_schema(stores.database)
        return await DropLoader(PolicyDrops(stores.database), clock=clock).load(folder)

    try:
        loaded = with_stores_and_time(work)
    except DropRefused as refused:
        typer.echo(f"没有使用这批保单文件：{refused}", err=True)
        raise typer.Exit(EXIT_FLAW) from None
    typer.echo(json.dumps({"as_of": loaded.as_of.isoformat(), **loaded.rows, "bad": len(loaded.bad)}))
    for line in loaded.bad:
        typer.echo(line, err=True)
    if loaded.bad:
        raise typer.Exit(EXIT_FLAW)


@app.command()
def bind(customer: int, holder: Annotated[str, typer.Argument(help="The holder's number in the source.")]) -> None:
    """Bind a customer to a holder whose papers were checked; the code is still asked for in chat."""

    async def work(stores: Stores, clock: Clock) -> None:
        await PolicyBindings(stores.database).bind(
            customer, holder, cause="staff", now=clock.now(), viewer=COMMAND_LINE
        )

    with_stores_and_time(work)
    typer.echo(json.dumps({"customer": customer, "holder": holder}, ensure_ascii=False))


@app.command()
def unbind(customer: int) -> None:
    """End a customer's binding; exit 1 when there is none."""

    async def work(stores: Stores, clock: Clock) -> bool:
        return await PolicyBindings(stores.database).unbind(customer, now=clock.now(), viewer=COMMAND_LINE)

    if not with_stores_and_time(work):
        typer.echo(f"客户 {customer} 没有绑定保单。", err=True)
        raise typer.Exit(EXIT_FLAW)
    typer.echo(json.dumps({"customer": customer, "unbound": True}))
