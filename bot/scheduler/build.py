"""The scheduler of a process, put together: the ticks of the log, the processors behind it, the rounds of tasks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Final

from bot.accounts import AccountKit
from bot.benefits import build_benefit_round
from bot.handover import HandoverRooms
from bot.policies.build import build_nightly_drop
from bot.privacy import build_erasing, build_expiring
from bot.scheduler.ticks import Scheduler, Ticks
from bot.settings import Settings
from bot.sync import build_contact_watch, build_nightly, build_notices, build_syncs
from bot.tasks import build_round, build_watch
from bot.web.metrics import Meters
from content.tree import Content
from handlers.clock import Clock
from handlers.delivery.sender import Sender
from handlers.facts.keeping import FactCare
from handlers.processing import Processing, breathe
from storage.chain import Chain
from storage.cursors import Cursors
from storage.customers import Customers
from storage.fact_keeping import FactKeeping
from storage.leaders import Leaders
from storage.seal_file import SealFile
from storage.search_index import SearchIndex

if TYPE_CHECKING:
    from bot.app import Stores

SEALS: Final = "seals.jsonl"
#: Seconds between two looks at the log, and at what tasks come due.
_PROCESS_SECONDS: Final = 1.0
_TASK_SECONDS: Final = 2.0
_HAND_OVER_SECONDS: Final = 30.0
#: And at who is to be told of a new agent, and whether it is time to reconcile.
_NOTICE_SECONDS: Final = 5.0
_NIGHTLY_SECONDS: Final = 5.0
_ERASE_SECONDS: Final = 5.0
_EXPIRE_SECONDS: Final = 600.0
#: And what of benefits expires, or soon will.
_BENEFIT_SECONDS: Final = 5.0
#: And whether there is a newer drop of policies.
_DROP_SECONDS: Final = 30.0
#: Somebody waits for a person.
_HANDOVER_SECONDS: Final = 1.0


async def build_scheduler(
    stores: Stores,
    kits: Mapping[int, AccountKit],
    content: Content,
    *,
    settings: Settings,
    clock: Clock,
    holder: str,
    sender: Sender,
    meters: Meters,
    handover: HandoverRooms,
) -> Scheduler:
    """Return the scheduler, not started. Raises StorageError for a setting that names nobody."""
    database = stores.database
    ticks = Ticks(
        leaders=Leaders(database),
        chain=Chain(database, SealFile(settings.home / SEALS)),
        replies=stores.replies,
        customers=Customers(database),
        directories={kit.served.row.realm: kit.directory for kit in kits.values() if kit.directory is not None},
        active=frozenset(account_id for account_id, kit in kits.items() if kit.served.active_messages),
        database=database,
        clock=clock,
        holder=holder,
        on_outbox=sender.wake,
        on_swept=meters.replies_swept,
    )
    watch = await build_watch(database, content, kits, settings=settings, clock=clock)
    tasks = build_round(database, content, kits, clock=clock, on_outbox=sender.wake)
    contacts = build_contact_watch(database, kits, clock=clock, on_left=tasks.hand_over)
    processing = Processing(Cursors(database), [watch, SearchIndex(database)], pause=breathe)
    notices = build_notices(database, content, kits, settings=settings, clock=clock, on_outbox=sender.wake)
    benefits = build_benefit_round(database, content, kits, settings=settings, clock=clock, on_outbox=sender.wake)
    erasing = build_erasing(database, content.retention, settings=settings, clock=clock)
    expiring = build_expiring(database, content.retention, clock=clock)
    more: dict[str, tuple[Callable[[], Awaitable[object]], float]] = {
        "process": (processing.run, _PROCESS_SECONDS),
        "contacts": (contacts.run, _PROCESS_SECONDS),
        "tasks": (tasks.run, _TASK_SECONDS),
        "hand_over": (tasks.hand_over, _HAND_OVER_SECONDS),
        "handed_over": (tasks.end_handed_over, _NOTICE_SECONDS),
        "notices": (notices.run, _NOTICE_SECONDS),
        "erase": (erasing.run, _ERASE_SECONDS),
        "expire": (expiring.tick, _EXPIRE_SECONDS),
        "facts": (FactCare(FactKeeping(database), clock=clock).run, _EXPIRE_SECONDS),
        "handover": (handover.round.run, _HANDOVER_SECONDS),
        "benefits": (benefits.run, _BENEFIT_SECONDS),
        "sessions": (handover.sessions.run, _HANDOVER_SECONDS),
    }
    if settings.sync.nightly:
        syncs = build_syncs(database, kits, settings=settings, clock=clock, holder=holder, pause=breathe)
        more["sync"] = (build_nightly(syncs, settings=settings, clock=clock).run, _NIGHTLY_SECONDS)
    drop = build_nightly_drop(settings, database, clock=clock)
    if drop is not None:
        more["policies"] = (drop.run, _DROP_SECONDS)
    return Scheduler(ticks, seal_seconds=settings.log.seal_seconds, more=more)
