"""The tasks' parts, put together: the processor, the round, the chat."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.accounts import AccountKit
from bot.settings import Settings
from content.tree import Content
from handlers.clock import Clock
from handlers.tasks.desk import TaskDesk
from handlers.tasks.rounds import TaskRound
from handlers.tasks.signals import SignalWatch
from handlers.tasks.wording import TaskWording
from storage.database import Database
from storage.errors import StorageError
from storage.hand_overs import HandOvers
from storage.mailbox import Mailbox
from storage.organisation import Organisation
from storage.records import AccountRow
from storage.task_rounds import TaskRounds
from storage.tasks import Tasks


def build_desk(database: Database, content: Content, *, clock: Clock) -> TaskDesk:
    """Return what answers staff in chat."""
    return TaskDesk(
        tasks=Tasks(database),
        organisation=Organisation(database),
        wording=TaskWording(content.tasks.texts),
        version=content.version,
        clock=clock,
    )


async def build_watch(
    database: Database, content: Content, kits: Mapping[int, AccountKit], *, settings: Settings, clock: Clock
) -> SignalWatch:
    """Return the processor. Raises StorageError when `tasks.catch_all` names nobody."""
    channels = {account_id: kit.served.row.channel for account_id, kit in kits.items()}
    return SignalWatch(
        content.tasks,
        Tasks(database),
        channels=channels.get,
        catch_all=await find_catch_all(database, settings.tasks.catch_all),
        clock=clock,
    )


def build_round(
    database: Database,
    content: Content,
    kits: Mapping[int, AccountKit],
    *,
    clock: Clock,
    on_outbox: Callable[[], None],
) -> TaskRound:
    """Return the round of what comes due by itself."""
    return TaskRound(
        rounds=TaskRounds(database),
        hand_overs=HandOvers(database),
        mailbox=Mailbox(database),
        desks=desks_of(kits),
        wording=TaskWording(content.tasks.texts),
        version=content.version,
        clock=clock,
        on_outbox=on_outbox,
    )


async def find_catch_all(database: Database, userid: str) -> int | None:
    """Return who gets the tasks of customers who are nobody's, None for nobody. Raises StorageError."""
    if not userid:
        return None
    try:
        return await Organisation(database).find(userid)
    except StorageError as error:
        raise StorageError(f"tasks.catch_all in zhike.toml: {error}") from error


def desks_of(kits: Mapping[int, AccountKit]) -> dict[str, AccountRow]:
    """Return, by realm, the first WeCom application that may send actively."""
    desks: dict[str, AccountRow] = {}
    for kit in kits.values():
        row = kit.served.row
        if row.channel == "wecom" and kit.served.active_messages:
            desks.setdefault(row.realm, row)
    return desks
