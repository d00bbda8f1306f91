"""`zhike delivery`: messages that went out, or should have."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from bot.app import Stores
from bot.commands.running import with_stores, with_stores_and_time
from handlers.clock import Clock
from storage.deliveries import Deliveries
from storage.tables.delivery import DeliveryState
from storage.viewer import COMMAND_LINE

app = typer.Typer(no_args_is_help=True, help="Messages that went out, or should have.")


@app.command("list")
def list_(
    state: Annotated[DeliveryState, typer.Option(help="Which ones.")] = DeliveryState.UNKNOWN,
    limit: Annotated[int, typer.Option(help="How many at most, the newest first.")] = 50,
) -> None:
    """Show deliveries in a state as JSON Lines; `unknown` ones wait for a person's word."""

    async def work(stores: Stores) -> list[dict[str, Any]]:
        return await Deliveries(stores.database).in_state(state, limit=limit, viewer=COMMAND_LINE)

    for row in with_stores(work):
        typer.echo(json.dumps(row, ensure_ascii=False))


@app.command()
def settle(
    delivery: int,
    state: Annotated[DeliveryState, typer.Argument(help="sent or failed")],
    by: Annotated[str, typer.Option(help="Who says so.")],
) -> None:
    """Say what became of an unknown delivery: it arrived (sent) or it did not (failed). Nothing is sent again."""

    async def work(stores: Stores, clock: Clock) -> None:
        await Deliveries(stores.database).settle(delivery, state, by=by, now=clock.now())

    with_stores_and_time(work)
    typer.echo(json.dumps({"delivery": delivery, "state": state}))
