"""Segments over a million customers with ten facts each: counted, and made an audience; the last line is JSON.

Definition, fixed before anything was tuned: SQLite, one process. `segment_s` is the median of five counts of
`THREE` (city is one of two of ten, and a budget of 5,000 at least, and a mortgage) by `SegmentQueries.count`, each on a
connection that has read nothing yet, after one count that is not measured. `materialise_rate` is the rows a second of
one INSERT … SELECT of `LARGE` (a budget of 5,000 at least: half of all) into a table with the key of a ledger
(campaign, step, customer), in one transaction of the storage with its own COMMIT. Beside each stands the trivial way:
`flat_*` is one table with a row a customer and a column a fact, read from end to end by plain sqlite3. Targets: less
than 2 s, more than 100,000 rows/s. Of the keys of `bench-campaign` these are the ones that exist so far.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sqlite3
import time
from pathlib import Path
from statistics import median
from tempfile import mkdtemp
from typing import Any, Final

from sqlalchemy import column, insert, literal, select, table, text

from bot.clock import RealClock
from content.audience import load_audience
from content.local_time import local
from content.segments import Condition
from storage.connection import Connection
from storage.database import Database, open_database
from storage.migrate import migrate
from storage.segment_sql import Asked
from storage.segments import SegmentQueries, within
from storage.viewer import COMMAND_LINE
from tests.bench.campaign_data import FACTS, fill, flatten
from tests.bench.machine import describe_machine

_URL: Final = "sqlite+aiosqlite:///zhike.db"
_RUNS: Final = 5
_BUDGET: Final = {"fact": "finance.budget", "at_least": 5000}
THREE: Final = Condition.model_validate(
    {"all": [{"fact": "person.city", "in": ["上海", "北京"]}, _BUDGET, {"fact": "finance.has_mortgage", "is": True}]}
)
LARGE: Final = Condition.model_validate(_BUDGET)
_FLAT_THREE: Final = "city IN ('上海', '北京') AND budget >= 5000 AND mortgage = 1"
_FLAT_LARGE: Final = "budget >= 5000"
_AUDIENCE: Final = (
    "CREATE TABLE audience (campaign INTEGER, step INTEGER, customer_id INTEGER,"
    " PRIMARY KEY (campaign, step, customer_id)) WITHOUT ROWID"
)


async def run(folder: Path, *, customers: int) -> dict[str, Any]:
    """Fill a file unless the folder has one, and measure."""
    path, clock = folder / "zhike.db", RealClock()
    report: dict[str, Any] = {"database": "sqlite", "customers": customers, "facts": customers * FACTS}
    if not path.exists():
        database = open_database(_URL, home=folder)
        await migrate(database, now=clock.now())
        await database.close()
        began = time.perf_counter()
        fill(path, customers=customers)
        flatten(path)
        report |= {"fill_seconds": round(time.perf_counter() - began, 1), "bytes": path.stat().st_size}
    now = clock.now()
    asked = Asked(now=now, today=local(now).date(), attributes=load_audience(None).attributes, rules={})
    seconds, count = [], 0
    for _ in range(_RUNS + 1):
        database = open_database(_URL, home=folder)
        began = time.perf_counter()
        count = await SegmentQueries(database).count(THREE, asked, viewer=COMMAND_LINE)
        seconds.append(time.perf_counter() - began)
        await database.close()
    report |= {"segment_s": round(median(seconds[1:]), 3), "segment_rows": count}
    database = open_database(_URL, home=folder)
    report |= await _materialise(database, asked)
    await database.close()
    return report | _baseline(path, expected=count) | {"machine": describe_machine(folder)}


async def _materialise(database: Database, asked: Asked) -> dict[str, Any]:
    audience = table("audience", column("campaign"), column("step"), column("customer_id"))
    found = within(LARGE, asked, COMMAND_LINE).subquery()
    rows = select(literal(1), literal(1), found.c.id).order_by(found.c.id)
    names = ["campaign", "step", "customer_id"]

    async def make(connection: Connection) -> None:
        await connection.execute(text("DROP TABLE IF EXISTS audience"))
        await connection.execute(text(_AUDIENCE))

    async def apply(connection: Connection) -> int:
        return int((await connection.execute(insert(audience).from_select(names, rows))).rowcount)

    await database.write(make)
    began = time.perf_counter()
    count = await database.write(apply)
    spent = time.perf_counter() - began
    return {"materialise_rate": round(count / spent), "materialise_s": round(spent, 3), "materialise_rows": count}


def _baseline(path: Path, *, expected: int) -> dict[str, Any]:
    """Measure the same with the flat table."""
    connection, seconds = sqlite3.connect(path, isolation_level=None), []
    for _ in range(_RUNS + 1):
        began = time.perf_counter()
        [[count]] = connection.execute(f"SELECT count(*) FROM flat WHERE {_FLAT_THREE}").fetchall()
        seconds.append(time.perf_counter() - began)
    if count != expected:
        raise SystemExit(f"the segment has {expected} customers, the flat table says {count}")
    connection.execute("DELETE FROM audience")
    began = time.perf_counter()
    made = connection.execute(f"INSERT INTO audience SELECT 1, 1, customer_id FROM flat WHERE {_FLAT_LARGE}").rowcount
    spent = time.perf_counter() - began
    connection.close()
    return {"flat_segment_s": round(median(seconds[1:]), 3), "flat_materialise_rate": round(made / spent)}


def main() -> None:
    """Read the command line, run, print the figures as one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="keep the file here, and use the one that is there")
    parser.add_argument("--short", action="store_true", help="4,000 customers")
    options = parser.parse_args()
    folder = options.folder or Path(mkdtemp(prefix="zhike-bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        report = asyncio.run(run(folder, customers=4_000 if options.short else options.customers))
    finally:
        if options.folder is None:
            shutil.rmtree(folder)
    print(json.dumps(report, ensure_ascii=False))


if __name__ == "__main__":
    main()
