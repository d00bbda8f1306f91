"""Reconciling, put together: one work an official account for its followers, one a corporation for its members."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import time

from bot.accounts import AccountKit, writing_officials
from bot.settings import Settings
from content.tree import Content
from handlers.clock import Clock
from handlers.conversation.elder_form import ElderForm
from handlers.processing import Pause, Processing, breathe, no_pause
from handlers.sync.contact_watch import ContactWatch
from handlers.sync.followers import FollowerSync
from handlers.sync.limits import Guard
from handlers.sync.members import MemberSync
from handlers.sync.nightly import Nightly
from handlers.sync.places import Place
from handlers.sync.syncs import Syncs, Work
from handlers.tasks.notices import Notices
from storage.cursors import Cursors
from storage.customers import Customers
from storage.database import Database
from storage.erasure_file import ERASURES, ErasureFile
from storage.leave_notices import LeaveNotices
from storage.leaving import Leaving
from storage.mailbox import Mailbox
from storage.staged_followers import StagedFollowers
from storage.sync_followers import SyncFollowers
from storage.sync_members import SyncMembers
from storage.sync_runs import SyncRuns
from storage.sync_tags import SyncTags


def build_syncs(
    database: Database,
    kits: Mapping[int, AccountKit],
    *,
    settings: Settings,
    clock: Clock,
    holder: str,
    pause: Pause = no_pause,
) -> Syncs:
    """Return what reconciles, of corporations the first account that has the address book's secret, else the first.

    `pause` is awaited after each piece of work, where messages go first.
    """
    guard = Guard(share=settings.sync.share, least=settings.sync.least)
    works: list[Work] = [
        *_corporations(database, kits, settings=settings, guard=guard, clock=clock),
        *_official(database, kits, settings=settings, guard=guard, clock=clock, pause=pause),
    ]
    return Syncs(SyncRuns(database), works, clock=clock, holder=holder)


def build_nightly(syncs: Syncs, *, settings: Settings, clock: Clock) -> Nightly:
    """Return the tick of every night."""
    return Nightly(syncs, at=time.fromisoformat(settings.sync.at), clock=clock)


def build_contact_watch(
    database: Database, kits: Mapping[int, AccountKit], *, clock: Clock, on_left: Callable[[], Awaitable[None]]
) -> Processing:
    """Return what reads of leavings in the logs of WeCom's applications; those of customers are not read for it."""
    realms = {account_id: kit.served.row.realm for account_id, kit in kits.items() if kit.served.row.channel == "wecom"}
    cursors = Cursors(database, accounts=realms.keys())
    watch = ContactWatch(Leaving(database), cursors, realms=realms, clock=clock, on_left=on_left)
    return Processing(cursors, [watch], pause=breathe)


def build_notices(
    database: Database,
    content: Content,
    kits: Mapping[int, AccountKit],
    *,
    settings: Settings,
    clock: Clock,
    on_outbox: Callable[[], None],
) -> Notices:
    """Return what tells customers of a new agent, through official accounts that may send actively."""
    return Notices(
        notices=LeaveNotices(database),
        mailbox=Mailbox(database),
        accounts=writing_officials(kits),
        form=ElderForm(content),
        text=content.tasks.texts.new_agent,
        version=content.version,
        least=settings.delivery.reply_reserve + 1,
        clock=clock,
        on_outbox=on_outbox,
    )


def _corporations(
    database: Database, kits: Mapping[int, AccountKit], *, settings: Settings, guard: Guard, clock: Clock
) -> list[MemberSync]:
    secret = {account.name for account in settings.accounts if getattr(account, "contact_secret", None)}
    ordered = sorted(kits.values(), key=lambda kit: kit.served.info.name not in secret)
    found: dict[str, MemberSync] = {}
    for kit in ordered:
        realm = kit.served.row.realm
        if kit.members is None or realm in found:
            continue
        rules = {
            rule.department: Place(role=rule.role, branch=rule.branch, team=rule.team)
            for rule in settings.departments
            if rule.realm == realm
        }
        found[realm] = MemberSync(
            kit.members,
            account=kit.served.row,
            members=SyncMembers(database),
            rules=rules,
            guard=guard,
            clock=clock,
        )
    return list(found.values())


def _official(
    database: Database,
    kits: Mapping[int, AccountKit],
    *,
    settings: Settings,
    guard: Guard,
    clock: Clock,
    pause: Pause,
) -> list[FollowerSync]:
    return [
        FollowerSync(
            kit.followers,
            account=kit.served.row,
            staged=StagedFollowers(database),
            followers=SyncFollowers(database),
            tags=SyncTags(database),
            customers=Customers(database),
            erased=ErasureFile(settings.home / ERASURES),
            guard=guard,
            clock=clock,
            pause=pause,
        )
        for kit in kits.values()
        if kit.followers is not None
    ]
