"""The console's pages that need other rooms than the people's, in the order of the navigation."""

from __future__ import annotations

from bot.channels.tokens import token_key
from bot.handover import HandoverRooms
from bot.people import People
from bot.settings import Settings
from bot.web.console.inbox_pages import InboxPages
from bot.web.console.operations_pages import OperationsConfig, OperationsPages
from bot.web.console.pages import Page
from bot.web.console.sayings import Sayings
from bot.web.console.search_pages import SearchPages
from bot.web.console.today_pages import TodayPages
from content.masking import mask
from handlers.clock import Clock
from handlers.handover.board import HandoverBoard
from handlers.tasks.signals import SignalWatch
from storage.account_list import AccountList
from storage.database import Database
from storage.handover_list import HandoverList
from storage.handover_talk import HandoverTalk
from storage.operations import Operations
from storage.outbox import Outbox
from storage.replies import Replies
from storage.search_index import SearchIndex
from storage.sync_runs import SyncRuns
from storage.traffic import Traffic


def staff_pages(
    people: People,
    *,
    database: Database,
    outbox: Outbox,
    replies: Replies,
    handover: HandoverRooms,
    clock: Clock,
    settings: Settings,
) -> list[Page]:
    """Return them over one database."""
    operations = OperationsPages(
        Operations(database),
        outbox=outbox,
        replies=replies,
        syncs=SyncRuns(database),
        traffic=Traffic(database),
        clock=clock,
        config=OperationsConfig(
            token_keys={
                account.name: token_key(account.realm, account.secret.get_secret_value())
                for account in settings.accounts
            },
            processors=(SignalWatch.cursor, SearchIndex.cursor),
        ),
    )
    search = SearchPages(people.search, accounts=AccountList(database), sayings=Sayings(mask=mask))
    inbox = InboxPages(
        HandoverBoard(
            handovers=HandoverList(database),
            talk=HandoverTalk(database),
            desk=handover.serving,
            duty=handover.duty,
            wording=handover.wording,
            audit=people.audit,
            clock=clock,
        ),
        desk=handover.serving,
        duty=handover.duty,
        wording=handover.wording,
        sayings=Sayings(mask=mask),
        clock=clock,
    )
    return [*TodayPages(people.board).pages(), *inbox.pages(), *search.pages(), *operations.pages()]
