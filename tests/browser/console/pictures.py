"""Pictures of the console at both sizes: `python -m tests.browser.console.pictures [FOLDER]`, into ./screenshots/."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from storage.database import open_database
from storage.migrate import migrate
from tests.browser.chromium import DESK, MISSING, PHONE, chromium, find_chromium
from tests.browser.console.line import form_line
from tests.browser.console.screen import open_screen
from tests.fakes.clock import START, ManualClock

_SIZES: Final = {"desk": DESK, "phone": PHONE}
#: Name, who looks (nobody: the sign-in), and the path; {customer} has a long conversation, {handover} is theirs.
_SCENES: Final = (
    ("sign-in", None, "/console/sign-in"),
    ("today", "zhang", "/console/today"),
    ("today-team", "sun", "/console/today"),
    ("inbox", "zhang", "/console/inbox"),
    ("inbox-team", "sun", "/console/inbox"),
    ("handover", "zhang", "/console/inbox/{handover}"),
    ("search-begin", "zhang", "/console/conversations"),
    ("search", "wu", "/console/conversations?words=%E4%BF%9D%E5%8D%95+%E6%9C%89%E6%95%88"),
    ("search-more", "zhang", "/console/conversations?words=%E9%97%AE%E9%A2%982"),
    ("customers", "wu", "/console/customers"),
    ("customer", "zhang", "/console/customers/{customer}"),
    ("card-only", "qian", "/console/customers/{customer}"),
    ("not-found", "zhang", "/console/customers?person=nobody"),
    ("operations", "admin", "/console/operations"),
    ("audit", "wu", "/console/audit"),
    ("forbidden", "zhang", "/console/audit"),
    ("nothing-yet", "zhou", "/console"),
)


async def take(folder: Path) -> None:
    """Write all pictures. Raises SystemExit when there is no Chromium."""
    executable = find_chromium()
    if executable is None:
        raise SystemExit(MISSING)
    folder.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = "sqlite+aiosqlite:///zhike.db"
        database = open_database(url, home=home)
        await migrate(database, now=START)
        await database.close()
        browser = await stack.enter_async_context(chromium(executable))
        screen = await open_screen(browser, url, home=home, clock=ManualClock(), stack=stack, scale=1.5, whole=True)
        numbers = {"customer": screen.customer, "handover": await form_line(screen.desk)}
        for name, userid, path in _SCENES:
            for label, size in _SIZES.items():
                await screen.context.clear_cookies()
                page = await (screen.page(size, path) if userid is None else screen.signed_in(size, userid))
                await page.goto(screen.desk.base + path.format(**numbers))
                await page.screenshot(path=folder / f"console-{name}-{label}.png")
                await page.close()


if __name__ == "__main__":
    asyncio.run(take(Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots")))
