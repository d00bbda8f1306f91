"""Fetching the messages of WeChat customer service, put together: doorbells for the web, the puller for a worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from bot.accounts import AccountKit
from bot.channels.kf.render import message_id
from bot.settings import KfAccount, Settings
from handlers.clock import Clock
from handlers.conversation.doorbell import Doorbell
from handlers.conversation.inbox import Inbox
from handlers.conversation.intake import Intake
from handlers.conversation.ports import SessionEvents
from handlers.conversation.puller import Puller, Source
from storage.database import Database
from storage.probe import Probe
from storage.pulls import Pulls
from storage.receipts import Receipts


def fetched(kits: Mapping[int, AccountKit]) -> dict[int, AccountKit]:
    """Return the accounts whose messages are fetched."""
    return {account_id: kit for account_id, kit in kits.items() if kit.feed is not None}


async def open_pulls(database: Database, kits: Mapping[int, AccountKit], *, clock: Clock, probe: Probe) -> Pulls:
    """Return the places of the accounts that are fetched, each there from now on. Raises StorageError.

    On SQLite the one process that serves ends all leases: their holders are dead.
    """
    pulls = Pulls(database, probe=probe)
    await pulls.bring_in(fetched(kits), now=clock.now())
    if database.is_sqlite:
        await pulls.release_all()
    return pulls


def build_puller(
    database: Database,
    pulls: Pulls,
    kits: Mapping[int, AccountKit],
    inboxes: Mapping[int, Inbox],
    *,
    settings: Settings,
    clock: Clock,
    holder: str,
    sessions: SessionEvents | None = None,
) -> Puller:
    """Return what fetches in a worker; `inboxes` hold those of the accounts that are fetched.

    `sessions` hears what the platform tells of who serves.
    """
    receipts = Receipts(database, platform_id=message_id)
    since = {account.name: account.answers_since for account in settings.accounts if isinstance(account, KfAccount)}
    sources = {
        account_id: Source(
            name=kit.served.info.name,
            feed=kit.feed,
            intake=Intake(
                inboxes[account_id],
                receipts,
                clock=clock,
                since=since.get(kit.served.info.name),
                sessions=sessions,
            ),
        )
        for account_id, kit in kits.items()
        if kit.feed is not None
    }
    return Puller(
        sources,
        pulls=pulls,
        clock=clock,
        holder=holder,
        poll=timedelta(seconds=settings.kf.poll_seconds),
        lease=timedelta(seconds=settings.kf.lease_seconds),
    )


def build_doorbells(
    pulls: Pulls, kits: Mapping[int, AccountKit], *, settings: Settings, clock: Clock, wake: Callable[[], None]
) -> dict[int, Doorbell]:
    """Return the doorbell of each account that is fetched: the platform may ring for all of a realm at one address."""
    ids = {kit.served.info.name: account_id for account_id, kit in fetched(kits).items()}
    by_realm: dict[str, dict[str, int]] = {}
    for account in settings.accounts:
        if isinstance(account, KfAccount):
            by_realm.setdefault(account.realm, {})[account.open_kfid] = ids[account.name]
    return {
        account_id: Doorbell(by_realm[kit.served.row.realm], pulls=pulls, clock=clock, wake=wake)
        for account_id, kit in fetched(kits).items()
    }
