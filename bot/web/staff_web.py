"""What staff and other systems use over HTTP, put together: the console with its two ways to sign in, and the API."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from bot.accounts import AccountKit
from bot.handover import HandoverRooms
from bot.people import People
from bot.settings import Settings
from bot.web.api.app import PREFIX, build_api
from bot.web.console.console import build_console
from bot.web.console.cookies import SessionCookie
from bot.web.console.pages import ROOT, Page
from bot.web.console_wecom import WecomSignIn, grant_by
from content.masking import mask
from handlers.clock import Clock
from storage.database import Database


def mount(
    app: web.Application,
    people: People,
    *,
    handover: HandoverRooms,
    database: Database,
    clock: Clock,
    settings: Settings,
    kits: Mapping[int, AccountKit],
    pages: list[Page],
) -> None:
    """Put console and API below `app`; `pages`: those of other rooms, shown before the people's own."""
    wecom = _wecom(people, clock=clock, settings=settings, kits=kits)
    console = build_console(
        people,
        clock=clock,
        settings=settings,
        pages=pages,
        mask=mask,
        wecom_start=None if wecom is None else wecom.start,
        wecom_return=None if wecom is None else wecom.back,
    )
    app.add_subapp(ROOT, console)
    api = build_api(people, handover=handover, database=database, clock=clock, settings=settings)
    app.add_subapp(PREFIX, api)


def _wecom(people: People, *, clock: Clock, settings: Settings, kits: Mapping[int, AccountKit]) -> WecomSignIn | None:
    """Return the sign-in through the first WeCom application; None without one, or without a public address."""
    public_url = settings.console.public_url
    first = next((kit for kit in kits.values() if kit.oauth is not None), None)
    if first is None or first.oauth is None or not public_url:
        return None
    return WecomSignIn(
        oauth=first.oauth,
        sign_in=people.sign_in,
        realm=first.served.row.realm,
        public_url=public_url,
        clock=clock,
        grant=grant_by(SessionCookie(public_url)),
    )
