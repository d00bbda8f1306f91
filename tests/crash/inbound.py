"""`make crash-inbound`: kill the bot under load, then let the sandbox's record judge. README.md is the definition."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import pairwise
from math import isfinite
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from typing import Any, Final

import aiohttp

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bot import log_commands
from bot.demo.processes import Child, StartFailed, free_port
from bot.settings import Settings, load_settings
from storage.database import Database, open_database
from storage.migrate import migrate
from tests.crash.balancer import Balancer
from tests.crash.call_cost import sandbox_us_per_call
from tests.crash.judge import Terms, Verdict, judge
from tests.crash.kills import SHORT_POINTS, Kill, Killer, at_point, plan
from tests.crash.ledger import count_open, read_answers, read_log
from tests.crash.load import FAULTS, Load, set_faults
from tests.crash.oracle import Seen, read_record, recovery_seconds, see
from tests.crash.supervisor import ROOT, Slot, Supervised
from tests.crash.world import ACCOUNTS, Addresses, write_home
from tests.postgres_server import new_database, start_postgres

_DRAIN_SECONDS: Final = 90.0
#: Load after the last kill, so that its recovery is seen.
_AFTER_SECONDS: Final = 6.0
_RECOVERY_LIMIT: Final = 5.0
#: Counts whose keys scripts rely on; all further ones come after them.
_FIXED_COUNTS: Final = (
    "acknowledged",
    "missing",
    "logged_twice",
    "reply_twice",
    "out_of_order",
    "gave_up",
    "unknown",
)
_SQLITE_URL: Final = "sqlite+aiosqlite:///zhike.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The command line."""

    database: str
    processes: str
    kills: int
    short: bool
    rate: float
    seed: int
    home: Path


def main(argv: Sequence[str] | None = None) -> int:
    """Run and judge; 0 when everything that must be zero is."""
    options = _options(argv)
    code = asyncio.run(_run(options))
    if code == 0:
        shutil.rmtree(options.home, ignore_errors=True)
    else:
        sys.stderr.write(f"the run's record, database and logs are kept in {options.home}\n")
    return code


async def _run(options: Options) -> int:
    async with AsyncExitStack() as stack:
        try:
            deployment = await stack.enter_async_context(_deployed(options))
        except StartFailed as failed:
            _say(str(failed))
            return 1
        kills = await _kill_under_load(deployment, options)
        drained = await _drain(deployment)
        codes = [await process.stop() for process in deployment.processes]
        figures, verdict = await _judge(deployment, kills, options)
    exits = [e for p in deployment.processes for e in p.exits]
    unexpected = len(exits) - len(kills) - sum(code == 0 for code in codes)
    figures |= {"unexpected_exits": unexpected, "drained": drained, "stopped_with": codes}
    figures["sandbox_us_per_call"] = deployment.sandbox_us_per_call
    passed = verdict.flawless and figures["chain_ok"] and drained and unexpected == 0
    recovered = figures["recovery_s_max"]
    passed = passed and recovered is not None and recovered <= _RECOVERY_LIMIT
    if not passed:
        _say(json.dumps(verdict.evidence, ensure_ascii=False))
    print(json.dumps(figures, ensure_ascii=False), flush=True)
    return 0 if passed else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """Everything that runs."""

    home: Path
    settings: Settings
    database: Database
    sandbox_url: str
    sandbox: Child
    sandbox_us_per_call: float
    processes: tuple[Supervised, ...]


@asynccontextmanager
async def _deployed(options: Options) -> AsyncIterator[Deployment]:
    """Yield the running deployment; take it down afterwards."""
    home = options.home
    async with AsyncExitStack() as stack:
        database_url = _SQLITE_URL
        if options.database == "postgresql":
            admin_url = stack.enter_context(start_postgres(home))
            database_url = await new_database(admin_url)
        sandbox_url = f"http://127.0.0.1:{free_port()}"
        slots, callbacks = await _slots(options, stack)
        addresses = Addresses(sandbox=sandbox_url, callbacks=callbacks)
        config = write_home(home, addresses=addresses, database_url=database_url)
        settings = load_settings(home, {})
        database = open_database(settings.database_url, home=home)
        stack.push_async_callback(database.close)
        await migrate(database, now=datetime.now(UTC))
        port = sandbox_url.rpartition(":")[2]
        sandbox = Child("sandbox", ["bot.sandbox", "--config", str(config), "--port", port], home=home)
        stack.push_async_callback(sandbox.stop)
        await sandbox.start()
        call_us = await sandbox_us_per_call(sandbox_url)
        processes = tuple(Supervised(slot, home=home) for slot in slots)
        for process in processes:
            stack.push_async_callback(process.stop)
            await process.start()
        yield Deployment(
            home=home,
            settings=settings,
            database=database,
            sandbox_url=sandbox_url,
            sandbox=sandbox,
            sandbox_us_per_call=call_us,
            processes=processes,
        )


async def _slots(options: Options, stack: AsyncExitStack) -> tuple[list[Slot], str]:
    """Return the processes to run, and the address that callbacks go to."""
    if options.processes == "all":
        port = free_port()
        return [Slot(name="zhike", port=port)], f"http://127.0.0.1:{port}"
    slots = [Slot(name=f"web-{n}", roles=("web",), port=free_port()) for n in (1, 2)]
    balanced = free_port()
    balancer = Balancer([f"http://127.0.0.1:{slot.port}" for slot in slots], port=balanced)
    stack.push_async_callback(balancer.stop)
    await balancer.start()
    slots += [Slot(name=f"worker-{n}", roles=("worker",), port=free_port()) for n in (1, 2)]
    slots.append(Slot(name="scheduler", roles=("scheduler",), port=free_port()))
    return slots, f"http://127.0.0.1:{balanced}"


async def _kill_under_load(deployment: Deployment, options: Options) -> list[Kill]:
    """Make all kills while people write; return them."""
    rng = Random(options.seed)
    orders = [at_point(point, rng) for point in SHORT_POINTS] if options.short else plan(options.kills, rng)
    killer = Killer(deployment.processes, rng=rng, say=_say)
    stop = asyncio.Event()
    async with aiohttp.ClientSession() as http:
        await set_faults(http, deployment.sandbox_url)
        load = Load(http, sandbox_url=deployment.sandbox_url, rate=options.rate, rng=Random(options.seed + 1))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(load.run(stop))
            kills = await killer.carry_out(orders, warm_up=2.0 if options.short else 5.0)
            await asyncio.sleep(_AFTER_SECONDS)
            stop.set()
    _say(f"{load.sent} messages were written; waiting until everything has drained")
    return kills


async def _drain(deployment: Deployment) -> bool:
    """Return whether everything came to an end in time: pushes, replies, deliveries."""
    end = time.monotonic() + _DRAIN_SECONDS
    while time.monotonic() < end:
        if await count_open(deployment.database) == 0 and _seen(deployment).open_pushes == 0:
            return True
        await asyncio.sleep(0.5)
    _say(f"still open: {await count_open(deployment.database)} rows, {_seen(deployment).open_pushes} pushes")
    return False


def _seen(deployment: Deployment) -> Seen:
    return see(read_record(deployment.home / "record.jsonl"))


async def _judge(deployment: Deployment, kills: Sequence[Kill], options: Options) -> tuple[dict[str, Any], Verdict]:
    """Return the figures and the verdict; the bot has stopped."""
    seen = _seen(deployment)
    log = await read_log(deployment.database)
    answers = await read_answers(deployment.database)
    terms = Terms(
        active=frozenset(account.name for account in ACCOUNTS if account.active_messages),
        kills=len(kills),
        claim_size=deployment.settings.delivery.claim_size,
        reserve=deployment.settings.delivery.reply_reserve,
    )
    verdict = judge(seen, log, answers, terms)
    reports = await log_commands.verify(deployment.settings)
    for report in reports:
        _say(log_commands.sentence(report))
    recovery = recovery_seconds(seen, [kill.at for kill in kills])
    counted = asdict(verdict)
    del counted["evidence"]
    figures = {
        "database": options.database,
        "kills": len(kills),
        **{key: counted.pop(key) for key in _FIXED_COUNTS},
        "chain_ok": bool(reports) and all(report.flaw is None for report in reports),
        # None: after some kill nothing was ever answered again.
        "recovery_s_max": _finite(max(recovery, default=0.0)),
        **counted,
        "recovery_s_median": _finite(sorted(recovery)[len(recovery) // 2] if recovery else 0.0),
        "restart_s_max": round(max((s for p in deployment.processes for s in p.restarts), default=0.0), 2),
        "processes": options.processes,
        "pushed": len(seen.pushed),
        "points": dict(Counter(kill.point for kill in kills)),
        "gap_s_min": _smallest_gap(kills),
        "attempts": dict(seen.results),
        "seen_by": dict(seen.ways),
        "faults": len(FAULTS),
        "seed": options.seed,
        "load_average": [round(load, 1) for load in os.getloadavg()],
    }
    return figures, verdict


def _finite(seconds: float) -> float | None:
    return round(seconds, 2) if isfinite(seconds) else None


def _smallest_gap(kills: Sequence[Kill]) -> float | None:
    gaps = [later.at - earlier.at for earlier, later in pairwise(kills)]
    return round(min(gaps), 2) if gaps else None


def _options(argv: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(description="Kill the bot under load and judge by the sandbox's record.")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default=os.environ.get("DATABASE", "sqlite"))
    parser.add_argument("--processes", choices=("all", "split"), default="all")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--short", action="store_true", help="three kills at named points; what the test suite runs")
    parser.add_argument("--rate", type=float, default=40.0, help="messages a second")
    parser.add_argument("--seed", type=int, default=20260501)
    parser.add_argument("--home", type=Path, help="where the run keeps its data; a new folder when not given")
    given = parser.parse_args(argv)
    if given.processes == "split" and given.database == "sqlite":
        parser.error("several processes need PostgreSQL: add --database postgresql")
    given.home = (given.home or _new_folder()).resolve()
    given.home.mkdir(parents=True, exist_ok=True)
    return Options(**vars(given))


def _new_folder() -> Path:
    base = ROOT / ".zhike"
    base.mkdir(exist_ok=True)
    return Path(mkdtemp(prefix="crash-", dir=base))


def _say(sentence: str) -> None:
    print(sentence, flush=True)


if __name__ == "__main__":
    sys.exit(main())
