"""The rooms of privacy, put together: the erasure job, the wishes of customers and staff, downloads of one's data."""

from __future__ import annotations

from typing import Final

from bot.settings import Settings
from content.retention import Retention
from content.tree import Content
from handlers.clock import Clock
from handlers.conversation.phrasing import Phrasing
from handlers.privacy.desk import PrivacyDesk
from handlers.privacy.erasing import Erasing, ErasingConfig
from handlers.privacy.expiring import Expiring
from handlers.privacy.own_data import OwnData
from handlers.privacy.wishes import Wishes
from storage.audit import Audit
from storage.callback_keeping import CallbackKeeping
from storage.customer_export import CustomerData
from storage.database import Database
from storage.destruction import Destruction
from storage.erasure_file import ERASURES, ErasureFile
from storage.erasures import Erasures
from storage.expiry import Expiry
from storage.export_links import ExportLinks
from storage.history import History
from storage.holds import Holds
from storage.lock_away import LockAway
from storage.probe import Probe, no_probe
from storage.scrub import Scrub
from storage.search_index import SearchIndex

_MEGABYTE: Final = 1_000_000


def build_erasing(
    database: Database, retention: Retention, *, settings: Settings, clock: Clock, probe: Probe = no_probe
) -> Erasing:
    """Return the erasure job."""
    return Erasing(
        erasures=Erasures(database),
        lock_away=LockAway(database, ErasureFile(settings.home / ERASURES), probe=probe),
        destruction=Destruction(database, SearchIndex(database), probe=probe),
        callbacks=CallbackKeeping(database),
        scrub=Scrub(database),
        retention=retention,
        clock=clock,
        config=ErasingConfig(at_once=settings.privacy.scrub_at_once_mb * _MEGABYTE),
        probe=probe,
    )


def build_expiring(database: Database, retention: Retention, *, clock: Clock) -> Expiring:
    """Return what destroys contents that are too old."""
    return Expiring(
        Expiry(database, SearchIndex(database)),
        erasures=Erasures(database),
        callbacks=CallbackKeeping(database),
        scrub=Scrub(database),
        retention=retention,
        clock=clock,
    )


def build_wishes(database: Database, *, settings: Settings, clock: Clock) -> Wishes:
    """Return the ways in for staff and customers."""
    return Wishes(
        erasures=Erasures(database),
        holds=Holds(database),
        data=CustomerData(database),
        audit=Audit(database),
        clock=clock,
        erase_days=settings.privacy.erase_days,
    )


def build_own_data(database: Database, *, settings: Settings, clock: Clock) -> OwnData:
    """Return what makes links to one's own data and honours them."""
    return OwnData(
        links=ExportLinks(database),
        data=CustomerData(database),
        clock=clock,
        public_url=settings.privacy.public_url or settings.console.public_url,
        hours=settings.privacy.export_hours,
    )


def build_privacy_desk(database: Database, content: Content, *, settings: Settings, clock: Clock) -> PrivacyDesk:
    """Return what customers' own words about their data are answered by."""
    return PrivacyDesk(
        content.retention,
        Phrasing(content),
        wishes=build_wishes(database, settings=settings, clock=clock),
        erasures=Erasures(database),
        callbacks=CallbackKeeping(database),
        own_data=build_own_data(database, settings=settings, clock=clock),
        history=History(database),
        erase_days=settings.privacy.erase_days,
    )
