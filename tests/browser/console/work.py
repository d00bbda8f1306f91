"""What the pages of other rooms show: tasks of several owners, one of them late; an index; tokens; who leads."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from handlers.processing import Processing
from storage.cursors import Cursors
from storage.search_index import SearchIndex
from storage.tasks import Progress, TaskDraft, Tasks
from tests.browser.console.desk import Desk

#: Person, cause, title, minutes until it is due, phrases.
_TASKS: Final = (
    ("z1", "complaint", "客户投诉", -25, ("投诉", "一直没处理")),
    ("z2", "surrender", "退保意向", 190, ("退保",)),
    ("z2", "distress", "客户遇到困难", 20, ("重症监护",)),
    ("l1", "complaint", "客户投诉", 12, ("销售误导", "12378", "给个说法")),
    ("nobody's", "surrender", "退保意向", 215, ("交不起",)),
)


async def lay_out(desk: Desk) -> None:
    """Put the work on the desk."""
    database, now = desk.stores.database, desk.clock.now()
    drafts = [
        TaskDraft(
            cause=cause,
            title=title,
            customer_id=desk.firm.customers[person],
            due_at=now + timedelta(minutes=minutes),
            account_id=desk.account.id,
            seq=number * 10 + n,
            phrase=phrase,
        )
        for number, (person, cause, title, minutes, phrases) in enumerate(_TASKS)
        for n, phrase in enumerate(phrases)
    ]
    progress = Progress(processor="signals.1", account_id=desk.account.id, seq=3)
    await Tasks(database).take(drafts, progress=progress, now=now)
    await index(desk)


async def index(desk: Desk) -> None:
    """Let the search read all that was said."""
    await Processing(Cursors(desk.stores.database), [SearchIndex(desk.stores.database)], most=10**9).run()
