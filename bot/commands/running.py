"""What every command needs: the settings, the log on standard error, the stores, the time, all closed at its end."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from bot import logs
from bot.accounts import build_kits
from bot.app import Stores, open_stores
from bot.clock import follow_clock, open_clock
from bot.outbound import open_http
from bot.people import People, build_people
from bot.settings import Settings, find_home, load_settings
from bot.staff import branch_rows, staff_rows
from bot.sync import build_syncs
from content.loader import load_content
from handlers.clock import Clock
from handlers.sync.syncs import Syncs
from storage.accounts import Accounts
from storage.audit import Audit, Deed
from storage.benefits import Benefits
from storage.database import Database, open_database
from storage.migrate import check_schema
from storage.organisation import Organisation
from storage.viewer import COMMAND_LINE

T = TypeVar("T")


def read_settings() -> Settings:
    """Return the settings of this home; from here on the process logs on standard error, without their secrets."""
    settings = load_settings(find_home(os.environ), os.environ)
    logs.configure(settings.log.level, settings.secret_values(), sys.stderr)
    return settings


def with_settings(work: Callable[[Settings], Coroutine[Any, Any, T]]) -> T:
    """Run `work` with the settings."""
    return asyncio.run(work(read_settings()))


def with_stores(work: Callable[[Stores], Coroutine[Any, Any, T]]) -> T:
    """Run `work` with open stores."""

    async def run_closing(settings: Settings) -> T:
        stores = open_stores(settings)
        try:
            return await work(stores)
        finally:
            await stores.database.close()

    return with_settings(run_closing)


def with_stores_and_time(work: Callable[[Stores, Clock], Coroutine[Any, Any, T]]) -> T:
    """Run `work` with open stores and the clock the bot goes by."""

    async def run_closing(settings: Settings) -> T:
        async with open_http(settings) as http:
            clock = await open_clock(settings.clock.sandbox_url, http)
        stores = open_stores(settings)
        try:
            return await work(stores, clock)
        finally:
            await stores.database.close()

    return with_settings(run_closing)


async def note(
    database: Database, clock: Clock, action: str, subject: str, *, number: int | None = None, detail: str = ""
) -> None:
    """Leave the row of what a command did or is about to show."""
    deed = Deed(action=action, subject=subject, subject_id=number, detail=detail)
    await Audit(database).note(COMMAND_LINE, deed, now=clock.now())


async def bring_in_benefits(settings: Settings, database: Database, clock: Clock) -> None:
    """Put the benefits of the content into the catalogue, as a start of the bot does. Raises ContentError."""
    authored = load_content(settings.home).benefits.catalogue
    await Benefits(database).bring_in(authored, now=clock.now())


def with_people(
    work: Callable[[People, Clock], Coroutine[Any, Any, T]],
    *,
    prepare: Callable[[Settings, Database, Clock], Coroutine[Any, Any, None]] | None = None,
) -> T:
    """Run `work` with the people's rooms and the clock the bot goes by; `prepare` runs before it."""

    async def run_closing(settings: Settings) -> T:
        async with open_http(settings) as http:
            clock = await open_clock(settings.clock.sandbox_url, http)
        database = open_database(settings.database_url, home=settings.home)
        try:
            await check_schema(database)
            # A command may come before the first start: the settings' staff are there then too.
            await Organisation(database).bring_in(staff_rows(settings), branches=branch_rows(settings))
            if prepare is not None:
                await prepare(settings, database, clock)
            return await work(build_people(database, clock=clock, settings=settings), clock)
        finally:
            await database.close()

    return with_settings(run_closing)


def with_syncs(work: Callable[[Syncs, Database, Clock], Coroutine[Any, Any, T]], *, holder: str) -> T:
    """Run `work` with what reconciles with the platforms, over open stores and the clock the bot goes by."""

    async def run_closing(settings: Settings) -> T:
        stores = open_stores(settings)
        try:
            await check_schema(stores.database)
            await Organisation(stores.database).bring_in(staff_rows(settings), branches=branch_rows(settings))
            named = [(a.name, a.channel, a.realm, a.title) for a in settings.accounts]
            rows = await Accounts(stores.database).bring_in(named)
            async with open_http(settings) as http, follow_clock(settings.clock.sandbox_url, http) as clock:
                kits = build_kits(settings, rows, http=http, clock=clock, tokens=stores.tokens)
                syncs = build_syncs(stores.database, kits, settings=settings, clock=clock, holder=holder)
                return await work(syncs, stores.database, clock)
        finally:
            await stores.database.close()

    return with_settings(run_closing)
