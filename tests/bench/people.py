"""`make bench-people`: how long the pages that staff look at take, searches included; README.md defines it."""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import shutil
import sqlite3
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import mkdtemp
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bot.clock import RealClock
from bot.collector import collect_seldom
from handlers.clock import Clock
from handlers.people.reading import Reading
from handlers.people.rights import viewer_of
from handlers.people.search import Search
from handlers.processing import Processing
from storage.audit import Audit
from storage.cursors import Cursors
from storage.customer_cards import CustomerCards
from storage.database import Database, open_database
from storage.migrate import migrate
from storage.organisation import Organisation
from storage.search import MessageSearch, SearchPlace
from storage.search_index import SearchIndex
from storage.timeline import Timeline
from storage.viewer import Viewer
from tests.bench.machine import describe_machine
from tests.bench.people_data import AGENTS, BRANCHES, OF_FIRST_BRANCH, RARE, SEED, TEAMS, fill
from tests.fakes.numbers_of_people import leaked_of

#: One page being made; returns its rows, and where a page goes on that ended before it was full.
Page = Callable[[], Awaitable[tuple[int, "Page | None"]]]
_PAGE: Final = 50
_URL: Final = "sqlite+aiosqlite:///zhike.db"
_BASELINE_RUNS: Final = 3
#: Numbers of people that are spelled and masked.
_NUMBERS: Final = 10_000
SEARCHES: Final = {
    "rare": RARE,
    "common": "理赔",
    "two": "理赔 医院",
    "character": "赔",
    "number": "0426",
    "none": "火星移民",
    "never_together": "理赔 退保",
    "elsewhere": OF_FIRST_BRANCH,
}


@dataclass(slots=True, kw_only=True)
class Figures:
    """Seconds and rows of the runs of one page in one scope."""

    seconds: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    partial: int = 0
    #: Until the page was full or the log at its beginning, all looks together.
    whole_seconds: list[float] = field(default_factory=list)

    def shown(self) -> dict[str, float]:
        """Return them as they are reported."""
        return {
            "p50_ms": round(median(self.seconds) * 1000, 1),
            "p95_ms": _p95_ms(self.seconds),
            "cpu_p95_ms": _p95_ms(self.cpu_seconds),
            "rows": round(sum(self.rows) / len(self.rows), 1),
            "partial": self.partial,
            "whole_p95_ms": _p95_ms(self.whole_seconds),
        }


def _p95_ms(seconds: Sequence[float]) -> float:
    return round(sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * 0.95))] * 1000, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What a page is made with."""

    database: Database
    reading: Reading
    search: Search
    clock: Clock

    async def viewers(self) -> dict[str, list[Viewer]]:
        """Return ten viewers of each scope; the last ten branches, so that none is the first."""
        organisation, now = Organisation(self.database), self.clock.now()
        ids = {
            "own": [AGENTS - number * 37 for number in range(10)],
            "team": [AGENTS + TEAMS - number * 11 for number in range(10)],
            "branch": [AGENTS + TEAMS + BRANCHES - number for number in range(10)],
            "all": [AGENTS + TEAMS + BRANCHES + 1] * 10,
        }
        found: dict[str, list[Viewer]] = {}
        for scope, numbers in ids.items():
            members = [await organisation.member(number, now=now) for number in numbers]
            found[scope] = [viewer_of(member) for member in members if member is not None]
        return found

    async def customers(self, viewer: Viewer) -> tuple[int, Page | None]:
        """Show the list."""
        return len(await self.reading.customers(viewer, limit=_PAGE)), None

    async def timeline(self, viewer: Viewer, customer_id: int) -> tuple[int, Page | None]:
        """Show a customer's timeline."""
        return len(await self.reading.timeline(viewer, customer_id, limit=_PAGE)), None

    async def found(
        self, viewer: Viewer, words: str, *, before: SearchPlace | None = None, limit: int = _PAGE
    ) -> tuple[int, Page | None]:
        """Show a page of a search, or what is still missing of it."""
        found = await self.search.page(words, viewer=viewer, limit=limit, before=before)
        missing = limit - len(found.messages)
        if found.next is None or not missing:
            return len(found.messages), None
        return len(found.messages), partial(self.found, viewer, words, before=found.next, limit=missing)


async def timed(work: Sequence[Page]) -> Figures:
    """Run the first once without counting it, then each, one after another."""
    await work[0]()
    figures = Figures()
    for once in work:
        began, cpu_began = time.perf_counter(), time.process_time()
        rows, going_on = await once()
        figures.seconds.append(time.perf_counter() - began)
        figures.cpu_seconds.append(time.process_time() - cpu_began)
        figures.rows.append(rows)
        figures.partial += going_on is not None
        while going_on is not None:
            _, going_on = await going_on()
        figures.whole_seconds.append(time.perf_counter() - began)
    return figures


async def measure(desk: Desk, *, runs: int) -> dict[str, dict[str, dict[str, float]]]:
    """Return the figures by page and scope."""
    draw = random.Random(SEED)
    measured: dict[str, dict[str, dict[str, float]]] = {}
    for scope, viewers in (await desk.viewers()).items():
        lists = [await desk.reading.customers(viewer, limit=_PAGE) for viewer in viewers]
        turns = [number % len(viewers) for number in range(runs)]
        pages: dict[str, list[Page]] = {
            "customers": [partial(desk.customers, viewers[turn]) for turn in turns],
            "timeline": [partial(desk.timeline, viewers[turn], draw.choice(lists[turn]).id) for turn in turns],
        }
        for name, words in SEARCHES.items():
            pages[f"search_{name}"] = [partial(desk.found, viewers[turn], words) for turn in turns]
        for name, work in pages.items():
            figures = (await timed(work)).shown()
            measured.setdefault(name, {})[scope] = figures
            print(name, scope, figures, file=sys.stderr, flush=True)
    return measured


def baseline(path: Path, *, agent: int) -> dict[str, dict[str, float]]:
    """Return what LIKE takes for the same pages, for all and for one agent."""
    connection = sqlite3.connect(path)
    scopes = {
        "all": "",
        "own": "AND i.customer_id IN (SELECT customer_id FROM customer_owner WHERE staff_id = :agent)",
    }
    measured: dict[str, dict[str, float]] = {}
    for name, words in SEARCHES.items():
        for scope, condition in scopes.items():
            likes = " ".join(f"AND c.fields LIKE '%{word}%'" for word in words.split())
            # CROSS JOIN keeps SQLite at the contents first, the newest first, so that it may stop at a full page.
            query = (
                "SELECT m.recorded_at, c.seq, c.fields FROM content c"
                " CROSS JOIN message m ON m.account_id = c.account_id AND m.seq = c.seq AND m.month = c.month"
                " CROSS JOIN identity i ON i.id = m.identity_id"
                f" WHERE c.account_id = :account {likes} {condition} ORDER BY c.seq DESC LIMIT {_PAGE}"
            )
            seconds = []
            for _ in range(_BASELINE_RUNS):
                began = time.perf_counter()
                for account in (1, 2):
                    connection.execute(query, {"agent": agent, "account": account}).fetchall()
                seconds.append(time.perf_counter() - began)
            measured.setdefault(name, {})[scope] = round(median(seconds) * 1000, 1)
            print("LIKE", name, scope, measured[name][scope], file=sys.stderr, flush=True)
    connection.close()
    return measured


async def run(folder: Path, *, customers: int, messages: int, runs: int) -> dict[str, Any]:
    """Fill a file unless the folder has one, index it, and measure."""
    path, clock = folder / "zhike.db", RealClock()
    report: dict[str, Any] = {"database": "sqlite", "customers": customers, "messages": messages}
    database = open_database(_URL, home=folder)
    if not path.exists():
        await migrate(database, now=clock.now())
        await database.close()
        began = time.perf_counter()
        fill(path, customers=customers, messages=messages)
        report |= {"fill_seconds": round(time.perf_counter() - began, 1), "log_bytes": path.stat().st_size}
        database = open_database(_URL, home=folder)
    began = time.perf_counter()
    processing = Processing(Cursors(database), [SearchIndex(database)], batch=16_384, most=messages + 1)
    indexed = await processing.run()
    report |= {"indexed": indexed, "index_seconds": round(time.perf_counter() - began, 1)}
    audit = Audit(database)
    desk = Desk(
        database=database,
        reading=Reading(cards=CustomerCards(database), timeline=Timeline(database), audit=audit, clock=clock),
        search=Search(search=MessageSearch(database), audit=audit, clock=clock),
        clock=clock,
    )
    collect_seldom()  # as a process that serves does
    pages = await measure(desk, runs=runs)
    await database.close()
    report["index_bytes"] = _index_bytes(path)
    (page, page_place), (search, search_place) = _worst(pages, searches=False), _worst(pages, searches=True)
    report |= {
        "page_p95_ms": page,
        "search_p95_ms": search,
        "masking_leaks": len(leaked_of(_NUMBERS, seed=SEED)),
        "worst": {"page": page_place, "search": search_place},
        "pages": pages,
    }
    report |= {"like_ms": baseline(path, agent=AGENTS)}
    return report | {"machine": describe_machine(folder)}


def _worst(pages: dict[str, dict[str, dict[str, float]]], *, searches: bool) -> tuple[float, str]:
    """Return the greatest 95th percentile of the searches or of the other pages, and whose it is."""
    return max(
        (figures["p95_ms"], f"{name}/{scope}")
        for name, scopes in pages.items()
        if name.startswith("search_") == searches
        for scope, figures in scopes.items()
    )


def _index_bytes(path: Path) -> int:
    connection = sqlite3.connect(path)
    [[size]] = connection.execute(
        "SELECT coalesce(sum(length(packed)), 0) + 40 * count(*) FROM search_posting"
    ).fetchall()
    connection.close()
    return int(size)


def main() -> None:
    """Read the command line, run, print the figures as one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--messages", type=int, default=5_000_000)
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--folder", type=Path, help="keep the file here, and use the one that is there")
    parser.add_argument("--short", action="store_true", help="4,000 customers, 20,000 messages, ten runs")
    options = parser.parse_args()
    if options.short:
        options.customers, options.messages, options.runs = 4_000, 20_000, 10
    folder = options.folder or Path(mkdtemp(prefix="zhike-bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        report = asyncio.run(run(folder, customers=options.customers, messages=options.messages, runs=options.runs))
    finally:
        if options.folder is None:
            shutil.rmtree(folder)
    print(json.dumps(report, ensure_ascii=False))


if __name__ == "__main__":
    main()
