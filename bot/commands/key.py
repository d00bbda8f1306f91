"""`zhike key`: API keys of other systems."""

from __future__ import annotations

import json
import secrets
from datetime import timedelta
from typing import Annotated, Any

import typer

from bot.commands.running import with_people
from bot.people import People
from content.rights import Permission, Scope
from handlers.clock import Clock
from handlers.people.sign_in import digest_of
from storage.audit import Deed
from storage.viewer import COMMAND_LINE

app = typer.Typer(no_args_is_help=True, help="API keys of other systems.")
#: Recognisable in a leak scan; the rest are 256 random bits.
_PREFIX = "zk_"


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Which system it is for.")],
    may: Annotated[list[Permission], typer.Option(help="A permission; may be given several times.")],
    days: Annotated[int, typer.Option(help="After so many days it ends.", min=1, max=3650)] = 365,
) -> None:
    """Make a key that sees all customers and print it, once: only its digest is kept."""
    secret = _PREFIX + secrets.token_urlsafe(32)

    async def work(people: People, clock: Clock) -> int:
        now = clock.now()
        number = await people.keys.add(
            digest_of(secret),
            name=name,
            permissions=may,
            scope=Scope.ALL,
            branch_id=None,
            created_by=None,
            now=now,
            expires_at=now + timedelta(days=days),
        )
        permitted = " ".join(sorted(may))
        deed = Deed(action="made", subject="key", subject_id=number, detail=f"{name}: {permitted}")
        await people.audit.note(COMMAND_LINE, deed, now=now)
        return number

    typer.echo(json.dumps({"key": with_people(work), "secret": secret}))


@app.command("list")
def list_() -> None:
    """Show all keys as JSON Lines, ended ones too."""

    async def work(people: People, clock: Clock) -> list[dict[str, Any]]:
        return [
            {
                "key": key.id,
                "name": key.name,
                "permissions": sorted(key.permissions),
                "scope": key.scope,
                "expires_at": None if key.expires_at is None else key.expires_at.isoformat(),
                "ended_at": None if key.ended_at is None else key.ended_at.isoformat(),
            }
            for key in await people.keys.all()
        ]

    for row in with_people(work):
        typer.echo(json.dumps(row, ensure_ascii=False))


@app.command()
def end(key: int) -> None:
    """End a key at once."""

    async def work(people: People, clock: Clock) -> None:
        await people.keys.end(key, now=clock.now())
        await people.audit.note(COMMAND_LINE, Deed(action="ended", subject="key", subject_id=key), now=clock.now())

    with_people(work)
    typer.echo(json.dumps({"ended": key}))
