"""`make bench-inbound`: callbacks a second, next to a server that keeps nothing; README.md defines it."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import mkdtemp
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bot.demo.processes import free_port
from storage.database import open_database
from storage.migrate import migrate
from tests.bench.callbacks import Account, CallbackFiles
from tests.bench.generators import CONNECTIONS, Load, LoadFailed, closed_loop, missing_wrk, open_loop
from tests.bench.machine import describe_machine
from tests.bench.servers import ANSWERED, RECORDED, ROOT, Server, ServerFailed, bare, write_home, zhike
from tests.postgres_server import new_database, start_postgres

EXIT_NO_WRK: Final = 2
_SQLITE_URL: Final = "sqlite+aiosqlite:///zhike.db"
_PACED_SECONDS: Final = 10.0
#: More requests are written than the last stretch of its kind used, because a machine's speed wanders.
_HEADROOM: Final = 1.6
_FIRST_GUESS: Final = 5_000.0
_SETTLE_SECONDS: Final = 1.0
_LEAST_REPLIED: Final = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The command line; `memory` is how many messages come before each of the two looks at the resident size."""

    database: str
    pairs: int
    seconds: int
    paced_seconds: float
    memory: tuple[int, int]
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """One measured stretch."""

    rate: float
    cpu_us: float = 0.0


@dataclass(slots=True, kw_only=True)
class Bench:
    """One run: the servers, the generator's files, and what is known of the rows so far."""

    options: Options
    database_url: str
    files: CallbackFiles
    bare: Server
    zhike: Server
    rates: dict[str, float] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)

    def memory(self) -> list[int]:
        """Return the resident bytes at the start and after each of the two numbers of messages."""
        sizes = [self.zhike.rss]
        for count in self.options.memory:
            file = self.files.write((RECORDED, ANSWERED), count)
            open_loop(file, port=self.zhike.port, rate=None)
            file.unlink()
            time.sleep(_SETTLE_SECONDS)
            sizes.append(self.zhike.rss)
        self.rows = self.count_rows()
        if sum(self.rows.values()) != sum(self.options.memory):
            raise LoadFailed(f"{sum(self.options.memory)} messages were acknowledged, the log holds {self.rows}")
        return sizes

    def pair(self, number: int) -> dict[str, Stretch]:
        """Measure bare, recorded and answered once, every second time in reverse order."""
        order = ["bare", "recorded", "answered"]
        if number % 2:
            order.reverse()
        files = {account.name: self._file(account, self.options.seconds) for account in (RECORDED, ANSWERED)}
        measured: dict[str, Stretch] = {}
        for kind in order:
            if kind == "bare":
                load = closed_loop(files["recorded"], port=self.bare.port, seconds=self.options.seconds, wrap=True)
                measured[kind] = Stretch(rate=load.rate)
            else:
                measured[kind] = self._measure(kind, files[kind])
        for file in files.values():
            file.unlink()
        return measured

    def paced(self, account: Account, *, rate: float) -> Load:
        """Measure latencies at a kept rate."""
        file = self.files.write((account,), int(rate * self.options.paced_seconds))
        load = open_loop(file, port=self.zhike.port, rate=rate)
        file.unlink()
        self._check_rows(account.name, load.requests, under_way=0)
        return load

    def paced_bare(self, *, rate: float) -> Load:
        """Measure the latencies of the server that keeps nothing, at the same rate."""
        file = self.files.write((RECORDED,), int(rate * self.options.paced_seconds))
        load = open_loop(file, port=self.bare.port, rate=rate)
        file.unlink()
        return load

    def _measure(self, kind: str, file: Path) -> Stretch:
        before = self.zhike.cpu_seconds
        load = closed_loop(file, port=self.zhike.port, seconds=self.options.seconds)
        time.sleep(_SETTLE_SECONDS)
        spent = self.zhike.cpu_seconds - before
        self.rates[kind] = load.rate
        self._check_rows(kind, load.requests, under_way=CONNECTIONS)
        return Stretch(rate=load.rate, cpu_us=spent / load.requests * 1e6)

    def _file(self, account: Account, seconds: int) -> Path:
        rate = self.rates.get(account.name, _FIRST_GUESS)
        return self.files.write((account,), int(rate * seconds * _HEADROOM))

    def _check_rows(self, account: str, acknowledged: int, *, under_way: int) -> None:
        """Raise LoadFailed unless every acknowledged request has become a row of its own."""
        rows = self.count_rows()
        new = rows[account] - self.rows.get(account, 0)
        self.rows = rows
        # At its end wrk leaves up to one request a connection unread; where it ran out of requests, it filled them up.
        if not acknowledged - under_way <= new <= acknowledged + under_way:
            raise LoadFailed(f"{account}: {acknowledged} requests were acknowledged, the log has {new} more messages")

    def replied(self) -> float:
        """Return the share of the answered account's messages that got a reply of their own in the HTTP answer.

        Below one by the messages that joined another one of the same sender. Raises LoadFailed when it is far below.
        """
        share = asyncio.run(_count_replies(self.database_url, self.options.folder)) / self.rows[ANSWERED.name]
        if share < _LEAST_REPLIED:
            raise LoadFailed(f"only {share:.1%} of the messages to {ANSWERED.name} were answered in the HTTP answer")
        return round(share, 4)

    def count_rows(self) -> dict[str, int]:
        """Return how many inbound messages each account's log holds."""
        return asyncio.run(_count_rows(self.database_url, self.options.folder))


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print the figures; 2 when wrk is missing, 1 when something was not acknowledged or not recorded."""
    options = _options(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers are taken down too
    if sentence := missing_wrk():
        print(sentence, file=sys.stderr)
        return EXIT_NO_WRK
    try:
        figures = _run(options)
    except (LoadFailed, ServerFailed) as failed:
        print(f"{failed}; logs are in {options.folder}", file=sys.stderr)
        return 1
    shutil.rmtree(options.folder, ignore_errors=True)
    print(json.dumps(figures), flush=True)
    return 0


def _run(options: Options) -> dict[str, Any]:
    machine = describe_machine(options.folder)
    with ExitStack() as stack:
        database_url = _SQLITE_URL
        if options.database == "postgresql":
            database_url = asyncio.run(new_database(stack.enter_context(start_postgres(options.folder))))
        bare_port, zhike_port = free_port(), free_port()
        write_home(options.folder, database_url=database_url, port=zhike_port)
        asyncio.run(_migrate(database_url, options.folder))
        bench = Bench(
            options=options,
            database_url=database_url,
            files=CallbackFiles(options.folder),
            bare=stack.enter_context(bare(options.folder, port=bare_port)),
            zhike=stack.enter_context(zhike(options.folder, port=zhike_port)),
        )
        stack.callback(bench.files.close)
        return _figures(bench) | {"machine": machine}


def _figures(bench: Bench) -> dict[str, Any]:
    sizes = bench.memory()
    _say(f"resident: {', '.join(f'{size / 2**20:.1f} MB' for size in sizes)}")
    pairs = []
    for number in range(bench.options.pairs):
        pairs.append(bench.pair(number))
        _say(", ".join(f"{kind} {pairs[-1][kind].rate:.0f}/s" for kind in ("bare", "recorded", "answered")))
    rates = {kind: median(pair[kind].rate for pair in pairs) for kind in pairs[0]}
    ratios = {kind: [pair[kind].rate / pair["bare"].rate for pair in pairs] for kind in ("recorded", "answered")}
    recorded = bench.paced(RECORDED, rate=rates["recorded"] / 2)
    nothing_kept = bench.paced_bare(rate=rates["recorded"] / 2)
    answered = bench.paced(ANSWERED, rate=rates["answered"] / 2)
    return {
        "database": bench.options.database,
        "rate": round(rates["recorded"]),
        "bare_rate": round(rates["bare"]),
        "ratio": round(median(ratios["recorded"]), 3),
        "answered_ratio": round(median(ratios["answered"]), 3),
        "p50_ms": recorded.p50_ms,
        "p99_ms": recorded.p99_ms,
        "cpu_us_per_message": round(median(pair["recorded"].cpu_us for pair in pairs)),
        "rss_growth": round(sizes[2] / sizes[1] - 1, 4),
        "spread": {
            "ratio": _spread(ratios["recorded"]),
            "answered_ratio": _spread(ratios["answered"]),
        },
        "bare_p50_ms": nothing_kept.p50_ms,
        "bare_p99_ms": nothing_kept.p99_ms,
        "answered_rate": round(rates["answered"]),
        "answered_cpu_us_per_message": round(median(pair["answered"].cpu_us for pair in pairs)),
        "paced_rate": round(recorded.rate),
        "answered_paced_rate": round(answered.rate),
        "answered_p50_ms": answered.p50_ms,
        "answered_p99_ms": answered.p99_ms,
        "rss_mb": [round(size / 2**20, 1) for size in sizes],
        "rss_messages": [0, bench.options.memory[0], sum(bench.options.memory)],
        "rss_mb_at_end": round(bench.zhike.rss / 2**20, 1),
        "pairs": len(pairs),
        "seconds": bench.options.seconds,
        "rows": bench.rows,
        "replied": bench.replied(),
    }


def _spread(values: Sequence[float]) -> list[float]:
    return [round(min(values), 3), round(max(values), 3)]


async def _migrate(url: str, home: Path) -> None:
    database = open_database(url, home=home)
    await migrate(database, now=datetime.now(UTC))
    await database.close()


async def _count_replies(url: str, home: Path) -> int:
    database = open_database(url, home=home)
    try:
        async with database.read() as connection:
            found = await connection.exec_driver_sql("SELECT COUNT(*) FROM reply WHERE state IN ('handed', 'sent')")
            return int(found.scalar_one())
    finally:
        await database.close()


async def _count_rows(url: str, home: Path) -> dict[str, int]:
    query = """SELECT a.name, COUNT(m.seq) AS messages FROM account a
               LEFT JOIN message m ON m.account_id = a.id AND m.direction = 'in' GROUP BY a.name"""
    database = open_database(url, home=home)
    try:
        async with database.read() as connection:
            return {row.name: row.messages for row in await connection.exec_driver_sql(query)}
    finally:
        await database.close()


def _options(argv: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(description="Callbacks a second, next to a server that does nothing with them.")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default=os.environ.get("DATABASE", "sqlite"))
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=8, help="of each stretch")
    parser.add_argument("--short", action="store_true", help="what the test suite runs; its figures say nothing")
    parser.add_argument("--folder", type=Path, help="where the run keeps its data; a new folder when not given")
    given = parser.parse_args(argv)
    folder = (given.folder or _new_folder()).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return Options(
        database=given.database,
        pairs=1 if given.short else given.pairs,
        seconds=1 if given.short else given.seconds,
        paced_seconds=1.0 if given.short else _PACED_SECONDS,
        memory=(1_000, 5_000) if given.short else (20_000, 100_000),
        folder=folder,
    )


def _new_folder() -> Path:
    base = ROOT / ".zhike"
    base.mkdir(exist_ok=True)
    return Path(mkdtemp(prefix="bench-", dir=base))


def _say(sentence: str) -> None:
    print(sentence, flush=True)


if __name__ == "__main__":
    sys.exit(main())
