"""What the scripted day must leave behind, read back the way an auditor reads it: from the log's export."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bot.demo.day import SCENE, DayFailed
from bot.demo.world import ACCOUNTS
from bot.settings import Settings
from storage.database import open_database
from storage.history import History
from storage.viewer import COMMAND_LINE

#: What the scanned code says of where the customer comes from.
_SOURCE: Final = {"scene": SCENE, "campaign": "spring2026", "agent": "zhangwei"}


async def check_kept(settings: Settings, *, say: Callable[[str], None]) -> None:
    """Raise DayFailed when an official account's log does not say, once, whose code the customer came by."""
    database = open_database(settings.database_url, home=settings.home)
    try:
        for account in ACCOUNTS:
            lines = [line async for line in History(database).export(viewer=COMMAND_LINE, account=account.name)]
            sources = [line["attribution"] for line in lines if line["attribution"] is not None]
            if sources.count(_SOURCE) != 1:
                raise DayFailed(f"{account.name}: 日志里的来源应当是 {_SOURCE}，记下的是 {sources}")
    finally:
        await database.close()
    say("\n  ✓ 日志记下了客户的来源：活动 spring2026，服务顾问 zhangwei")
