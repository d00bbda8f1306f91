"""The console's pages that need other rooms than the people's, in the order of the navigation."""

from __future__ import annotations

from bot.people import People
from bot.web.console.pages import Page
from bot.web.console.sayings import Sayings
from bot.web.console.search_pages import SearchPages
from bot.web.console.today_pages import TodayPages
from content.masking import mask
from handlers.clock import Clock
from handlers.tasks.board import TaskBoard
from storage.account_list import AccountList
from storage.database import Database
from storage.staff_list import StaffList
from storage.task_evidence import TaskPhrases
from storage.tasks import Tasks


def staff_pages(database: Database, people: People, *, clock: Clock) -> list[Page]:
    """Return them over one database."""
    board = TaskBoard(tasks=Tasks(database), phrases=TaskPhrases(database), staff=StaffList(database), clock=clock)
    search = SearchPages(people.search, accounts=AccountList(database), sayings=Sayings(mask=mask))
    return [*TodayPages(board).pages(), *search.pages()]
