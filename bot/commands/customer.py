"""`zhike customer`: customers and their identities."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from bot.app import Stores
from bot.commands.exits import EXIT_FLAW
from bot.commands.files import open_private
from bot.commands.running import note, with_people, with_stores_and_time
from bot.people import People
from handlers.clock import Clock
from storage.customers import Customers
from storage.identities import Identities
from storage.unmerge import Unmerge
from storage.viewer import COMMAND_LINE

app = typer.Typer(no_args_is_help=True, help="Customers and their identities.")


@app.command()
def find(person: Annotated[str, typer.Argument(help="An openid, a WeCom userid or a unionid.")]) -> None:
    """Show the customer that an identity belongs to, as JSON Lines; exit 1 when there is none."""

    async def work(stores: Stores, clock: Clock) -> list[dict[str, Any]]:
        found = await Identities(stores.database).find(person, viewer=COMMAND_LINE)
        for customer in sorted({row["customer"] for row in found}):
            await note(stores.database, clock, "read", "customer", number=customer, detail="find")
        return found

    found = with_stores_and_time(work)
    for row in found:
        typer.echo(json.dumps(row, ensure_ascii=False))
    if not found:
        typer.echo(f"没有找到 {person}：请填写日志里的 person（openid 或 userid）或 unionid。", err=True)
        raise typer.Exit(EXIT_FLAW)


@app.command()
def merge(kept: int, gone: int, cause: Annotated[str, typer.Option(help="Who says so, and why.")]) -> None:
    """Move all identities of customer GONE to customer KEPT."""

    async def work(stores: Stores, clock: Clock) -> None:
        await Customers(stores.database).merge(kept=kept, gone=gone, cause=cause, now=clock.now())

    with_stores_and_time(work)
    typer.echo(json.dumps({"kept": kept, "merged": gone}))


@app.command()
def unmerge(gone: int, cause: Annotated[str, typer.Option(help="Who says so, and why.")]) -> None:
    """Take customer GONE out of the one it was merged into, with the identities it had."""

    async def work(stores: Stores, clock: Clock) -> int:
        return await Unmerge(stores.database).undo(gone, cause=cause, now=clock.now())

    typer.echo(json.dumps({"restored": gone, "from": with_stores_and_time(work)}))


@app.command()
def assign(customer: int, userid: Annotated[str, typer.Argument(help="The new owner's WeCom userid.")]) -> None:
    """Give a customer to a member of staff."""

    async def work(people: People, clock: Clock) -> None:
        owner = await people.organisation.find(userid)
        await people.owners.assign(customer, owner, viewer=COMMAND_LINE, now=clock.now(), cause="assigned")

    with_people(work)
    typer.echo(json.dumps({"customer": customer, "owner": userid}, ensure_ascii=False))


Why = Annotated[str, typer.Option("--reason", help="Why; report and audit keep it, so name no person.")]


@app.command()
def export(
    customer: int, output: Annotated[Path | None, typer.Option(help="A file instead of standard output.")] = None
) -> None:
    """Write all that is kept of a customer as JSON, whole, to be handed out to them; the audit notes it."""

    async def work(people: People, clock: Clock) -> dict[str, Any] | None:
        return await people.wishes.export(COMMAND_LINE, customer)

    found = with_people(work)
    if found is None:
        _no_customer(customer)
    text = json.dumps(found, ensure_ascii=False, indent=2)
    if output is None:
        typer.echo(text)
        return
    with open_private(output) as file:
        file.write(text + "\n")


@app.command()
def erase(customer: int, reason: Why) -> None:
    """Erase a customer; the running bot does it, `zhike erasure show` tells how far it is."""

    async def work(people: People, clock: Clock) -> int:
        return await people.wishes.erase(COMMAND_LINE, customer, reason)

    typer.echo(json.dumps({"customer": customer, "erasure": with_people(work)}))


@app.command()
def hold(customer: int, reason: Why) -> None:
    """Hold what there is of a customer: an erasure freezes it out of sight instead of destroying it."""

    async def work(people: People, clock: Clock) -> bool:
        return await people.wishes.hold(COMMAND_LINE, customer, reason)

    typer.echo(json.dumps({"customer": customer, "held": True, "new": with_people(work)}))


@app.command()
def release(customer: int, reason: Why) -> None:
    """End the hold on a customer; what was frozen for it alone is destroyed then."""

    async def work(people: People, clock: Clock) -> bool:
        return await people.wishes.release(COMMAND_LINE, customer, reason)

    if not with_people(work):
        typer.echo(f"客户 {customer} 没有被冻结。", err=True)
        raise typer.Exit(EXIT_FLAW)
    typer.echo(json.dumps({"customer": customer, "held": False}))


def _no_customer(customer: int) -> NoReturn:
    typer.echo(f"没有客户 {customer}：用 zhike customer find 查看。", err=True)
    raise typer.Exit(EXIT_FLAW)
