"""`zhike handover`: who waits and who serves, and how it went."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from bot.commands.running import with_people
from bot.people import People
from handlers.clock import Clock
from storage.handover_rows import HandoverRow
from storage.tables.handover import HandoverState
from storage.viewer import COMMAND_LINE

app = typer.Typer(no_args_is_help=True, help="Handovers to a person: who waits, who serves, how it went.")
_ZONE = ZoneInfo("Asia/Shanghai")
Day = Annotated[datetime | None, typer.Option(help="YYYY-MM-DD, China time.", formats=["%Y-%m-%d"])]


@app.command("list")
def list_(
    state: Annotated[HandoverState | None, typer.Option(help="Only those; the open ones when none is given.")] = None,
    limit: Annotated[int, typer.Option(help="How many at most, the newest first.")] = 50,
) -> None:
    """Show handovers as JSON Lines."""

    async def work(people: People, clock: Clock) -> list[HandoverRow]:
        return await people.handovers.page(COMMAND_LINE, limit=limit, state=state, open_only=state is None)

    for row in with_people(work):
        typer.echo(json.dumps(_shown(row), ensure_ascii=False))


@app.command()
def report(
    since: Day = None,
    until: Day = None,
    team: Annotated[bool, typer.Option("--team", help="A line a team instead of a member of staff.")] = False,
) -> None:
    """Show, a line a member of staff as JSON Lines, how handovers went: waiting, first reply, ends, satisfaction.

    Of those asked for since one day (seven days ago) until another (now).
    """

    async def work(people: People, clock: Clock) -> list[dict[str, Any]]:
        now = clock.now()
        first = now - timedelta(days=7) if since is None else since.replace(tzinfo=_ZONE)
        last = now if until is None else until.replace(tzinfo=_ZONE)
        lines = await people.handovers.report(COMMAND_LINE, since=first, until=last, by_team=team)
        return [
            {
                "team" if team else "staff": line.name,
                "handovers": line.handovers,
                "waiting_seconds": _seconds(line.waiting),
                "first_reply_seconds": _seconds(line.first_reply),
                "closed_by": {
                    "staff": line.by_staff,
                    "customer": line.by_customer,
                    "silence": line.by_silence,
                    "unfollowed": line.by_unfollowed,
                    "platform": line.by_platform,
                },
                "rated": line.rated,
                "satisfaction": line.satisfaction,
            }
            for line in lines
        ]

    for line in with_people(work):
        typer.echo(json.dumps(line, ensure_ascii=False))


def _shown(row: HandoverRow) -> dict[str, Any]:
    moments = {
        "opened_at": row.opened_at,
        "waiting_since": row.waiting_since,
        "accepted_at": row.accepted_at,
        "first_reply_at": row.first_reply_at,
        "closed_at": row.closed_at,
    }
    return {
        "handover": row.id,
        "account": row.account,
        "customer": row.customer_id,
        "state": row.state.value,
        "staff": row.userid,
        **{name: None if moment is None else moment.isoformat() for name, moment in moments.items()},
        "closed_by": row.closed_by,
        "session": row.session,
        "satisfaction": row.satisfaction,
    }


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else round(span.total_seconds(), 1)
