"""`zhike staff`: passwords for the console, and who stands in for whom."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from bot.app import Stores
from bot.commands.exits import EXIT_FLAW
from bot.commands.running import note, with_people, with_stores_and_time
from bot.people import People
from handlers.clock import Clock
from handlers.people.sign_in import WeakPassword, check_password
from storage.audit import Deed
from storage.leaving import Leaving, LeftStaff
from storage.viewer import COMMAND_LINE

app = typer.Typer(no_args_is_help=True, help="Staff: passwords for the console, deputies.")
_ZONE = ZoneInfo("Asia/Shanghai")
Realm = Annotated[str | None, typer.Option(help="The corp id, when a userid is in use in several.")]


@app.command()
def password(userid: str, realm: Realm = None) -> None:
    """Set somebody's password for the console; read from the terminal, or from standard input when that is a pipe."""
    words = _asked()
    try:
        check_password(words)
    except WeakPassword as weak:
        typer.echo(f"zhike: {weak}", err=True)
        raise typer.Exit(EXIT_FLAW) from None

    async def work(people: People, clock: Clock) -> None:
        staff_id = await people.organisation.find(userid, realm=realm)
        await people.sign_in.set_password(staff_id, words)
        deed = Deed(action="password_set", subject="staff", subject_id=staff_id, detail=userid)
        await people.audit.note(COMMAND_LINE, deed, now=clock.now())

    with_people(work)
    typer.echo(f"{userid} 可以用新密码登录控制台了；原来的登录已全部失效。")


@app.command()
def deputy(
    userid: str,
    deputy: str,
    since: Annotated[datetime, typer.Option(help="First day (YYYY-MM-DD), China time.", formats=["%Y-%m-%d"])],
    until: Annotated[datetime, typer.Option(help="The day after the last (YYYY-MM-DD).", formats=["%Y-%m-%d"])],
    realm: Realm = None,
) -> None:
    """Let DEPUTY see the customers that USERID owns, from one day until another."""

    async def work(people: People, clock: Clock) -> None:
        find = people.organisation.find
        staff_id, deputy_id = await find(userid, realm=realm), await find(deputy, realm=realm)
        first, after = since.replace(tzinfo=_ZONE), until.replace(tzinfo=_ZONE)
        await people.organisation.appoint(staff_id, deputy_id, since=first, until=after)
        words = f"{userid}: {deputy} from {first:%Y-%m-%d} until {after:%Y-%m-%d}"
        deed = Deed(action="appointed", subject="staff", subject_id=staff_id, detail=words)
        await people.audit.note(COMMAND_LINE, deed, now=clock.now())

    with_people(work)
    days = {"since": f"{since:%Y-%m-%d}", "until": f"{until:%Y-%m-%d}"}
    typer.echo(json.dumps({"staff": userid, "deputy": deputy, **days}, ensure_ascii=False))


@app.command()
def leavers() -> None:
    """Show who has left with customers to hand over or to tell, as JSON Lines, the longest ago first."""

    async def work(stores: Stores, clock: Clock) -> list[LeftStaff]:
        found = await Leaving(stores.database).left(now=clock.now())
        await note(stores.database, clock, "read", "staff", detail="leavers")
        return found

    for leaver in with_stores_and_time(work):
        row = {
            "staff": leaver.userid,
            "name": leaver.name,
            "left_at": leaver.left_at.isoformat(),
            "due_at": leaver.due_at.isoformat(),
            "customers": leaver.customers,
            "undone": leaver.undone,
            "overdue": leaver.overdue,
            "untold": leaver.untold,
        }
        typer.echo(json.dumps(row, ensure_ascii=False))


def _asked() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    words: str = typer.prompt("新密码", hide_input=True, confirmation_prompt="再输一次")
    return words
