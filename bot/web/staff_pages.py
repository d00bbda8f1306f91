"""The console's pages that need other rooms than the people's, in the order of the navigation."""

from __future__ import annotations

from bot.web.console.pages import Page
from bot.web.console.today_pages import TodayPages
from handlers.clock import Clock
from handlers.tasks.board import TaskBoard
from storage.database import Database
from storage.staff_list import StaffList
from storage.task_evidence import TaskPhrases
from storage.tasks import Tasks


def staff_pages(database: Database, *, clock: Clock) -> list[Page]:
    """Return them over one database."""
    board = TaskBoard(tasks=Tasks(database), phrases=TaskPhrases(database), staff=StaffList(database), clock=clock)
    return [*TodayPages(board).pages()]
