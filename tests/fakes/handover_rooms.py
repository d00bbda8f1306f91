"""The rooms of handovers over a real database, with channels that keep what they are given."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, cast

from bot.accounts import AccountKit
from bot.handover import HandoverRooms, build_handover
from bot.settings import Settings
from content.loader import load_content
from handlers.clock import Clock
from handlers.conversation.accounts import Answers, ServedAccount
from handlers.conversation.turn import AccountInfo
from handlers.delivery.governor import Governor
from storage.database import Database
from storage.records import AccountRow
from tests.fakes.channel import ScriptedChannel
from tests.fakes.sending import TABLE, application, official
from tests.fakes.sessions import KeptSessions
from tests.fakes.stores import OpenStores

CONTENT: Final = load_content(None)


def kit_of(row: AccountRow, sessions: KeptSessions | None = None) -> AccountKit:
    """Return an account as a process serves it, without callbacks and tokens; `sessions`: one of customer service."""
    channel = ScriptedChannel()
    served = ServedAccount(
        row=row,
        info=AccountInfo(name=row.name, channel=row.channel, title=row.title, hotline="95500"),
        answers=Answers.PASSIVE,
        active_messages=True,
    )
    nothing = cast(Any, None)  # neither callbacks nor tokens are of these stories
    outlet = application(channel) if row.channel == "wecom" else official(channel)
    return AccountKit(
        served=served,
        reader=nothing,
        outlet=outlet,
        fetch_token=nothing,
        directory=None,
        sessions=sessions if row.channel == "kf" else None,
    )


def rooms_over(
    database: Database,
    accounts: Iterable[AccountRow],
    *,
    settings: Settings,
    clock: Clock,
    sessions: KeptSessions | None = None,
    on_outbox: Callable[[], None] = lambda: None,
) -> HandoverRooms:
    """Return the rooms of one process that serves these accounts."""
    return build_handover(
        database,
        CONTENT,
        {row.id: kit_of(row, sessions) for row in accounts},
        settings=settings,
        governor=Governor(TABLE, reply_reserve=1),
        clock=clock,
        on_outbox=on_outbox,
    )


def open_rooms(stores: OpenStores, accounts: Iterable[AccountRow], **parts: Any) -> HandoverRooms:
    """Return the same over the stores that are open."""
    return rooms_over(stores.database, accounts, **parts)
