"""What the pages of other rooms show: tasks of several owners, one of them late; an index; tokens; who leads."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from bot.channels.tokens import token_key
from handlers.processing import Processing
from storage.cursors import Cursors
from storage.search_index import SearchIndex
from storage.tasks import Progress, TaskDraft, Tasks
from tests.browser.console.desk import SERVICE, Desk

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
    await fetch_token(desk)
    until = now + timedelta(seconds=15)
    await desk.stores.leaders.lead("scheduler", holder="bot-1-4711-5f2c9a10", now=now, until=until)


async def fetch_token(desk: Desk, *, lives: timedelta = timedelta(hours=2)) -> None:
    """Store an access token of the account, as a process does that fetched one."""
    key, now, tokens = token_key(SERVICE.realm, SERVICE.secret.get_secret_value()), desk.clock.now(), desk.stores.tokens
    await tokens.begin_refresh(key, holder="bot", failed=None, now=now, lease=timedelta(seconds=30))
    await tokens.finish_refresh(key, holder="bot", value="the-token-itself", expires_at=now + lives, now=now)


async def index(desk: Desk) -> None:
    """Let the search read all that was said."""
    database = desk.stores.database
    await Processing(Cursors(database), [SearchIndex(database)], batch=16_384, most=10**9).run()
