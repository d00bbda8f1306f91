"""The policies' parts, put together from the settings."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import aiohttp
import structlog

from bot.policies.drop import DropLoader, DropRefused, DropSource
from bot.policies.rest import CodeGateway, RestSource
from bot.settings import Settings
from bot.tasks import find_catch_all
from content.tree import Content
from handlers.callbacks.desk import CallbackDesk
from handlers.clock import Clock
from handlers.conversation.phrasing import Phrasing
from handlers.policies.desk import PolicyConfig, PolicyDesk
from handlers.policies.ports import PolicySource
from storage.callbacks import Callbacks
from storage.database import Database
from storage.history import History
from storage.policy_bindings import PolicyBindings
from storage.policy_drops import PolicyDrops
from storage.tasks import Tasks

log = structlog.get_logger()


def build_source(
    settings: Settings, database: Database, *, http: aiohttp.ClientSession, clock: Clock
) -> PolicySource | None:
    """Return where policies are looked up; None when nowhere."""
    policies = settings.policies
    if policies.source == "csv":
        return DropSource(PolicyDrops(database), clock=clock, stale=timedelta(hours=policies.stale_hours))
    if policies.source == "rest":
        return RestSource(http=http, url=policies.url, secret=policies.secret)
    return None


async def build_policy_desk(
    settings: Settings, database: Database, content: Content, *, http: aiohttp.ClientSession, clock: Clock
) -> PolicyDesk | None:
    """Return what answers customers about their policies; None without a source. Raises StorageError."""
    source = build_source(settings, database, http=http, clock=clock)
    if source is None:
        return None
    policies = settings.policies
    phrasing, catch_all = Phrasing(content), await find_catch_all(database, settings.tasks.catch_all)
    callbacks = CallbackDesk(
        content.callback,
        phrasing,
        callbacks=Callbacks(database),
        bindings=PolicyBindings(database),
        history=History(database),
        clock=clock,
        catch_all=catch_all,
    )
    return PolicyDesk(
        source=source,
        codes=CodeGateway(http=http, url=policies.codes_url, secret=policies.codes_secret),
        bindings=PolicyBindings(database),
        tasks=Tasks(database),
        texts=content.policies,
        phrasing=phrasing,
        clock=clock,
        callbacks=callbacks,
        config=PolicyConfig(
            key=policies.code_key.get_secret_value().encode(),
            code_minutes=policies.code_minutes,
            known_minutes=policies.known_minutes,
            most=policies.attempts,
        ),
        catch_all=catch_all,
    )


def drop_folder(settings: Settings) -> Path:
    """Return the folder of the nightly drop."""
    return settings.home / settings.policies.folder


class NightlyDrop:
    """Loads each new drop: one tick of the leader."""

    def __init__(self, loader: DropLoader, folder: Path) -> None:
        self._loader = loader
        self._folder = folder
        self._refused = ""

    async def run(self) -> None:
        """Load the drop when there is a newer one; what is refused is said once. Raises StorageError."""
        try:
            loaded = await self._loader.look(self._folder)
        except DropRefused as refused:
            if str(refused) != self._refused:
                log.error("The policies' drop is refused.", action="policy_drop_refused", detail=str(refused))
            self._refused = str(refused)
            return
        if loaded is not None:
            self._refused = ""
            log.info(
                "The policies' drop is loaded.",
                action="policy_drop_loaded",
                as_of=loaded.as_of.isoformat(),
                rows=loaded.rows,
                bad=len(loaded.bad),
            )


def build_nightly_drop(settings: Settings, database: Database, *, clock: Clock) -> NightlyDrop | None:
    """Return the tick; None when policies do not come by files."""
    if settings.policies.source != "csv":
        return None
    return NightlyDrop(DropLoader(PolicyDrops(database), clock=clock), drop_folder(settings))
