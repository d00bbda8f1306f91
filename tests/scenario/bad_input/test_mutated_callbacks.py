"""Ten thousand callbacks, most of them forged or broken: stored exactly when an independent judge says so."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import aiohttp
import psutil  # type: ignore[import-untyped]
import pytest
from yarl import URL

from tests.scenario.bad_input.judge import Authentic, NotAuthentic, judge
from tests.scenario.bad_input.mutations import TARGETS, Forgery, make
from tests.scenario.conftest import OpenTown
from tests.scenario.places import START

pytestmark = pytest.mark.slow

_SEED = 20261122
#: What is authentic does not depend on the database, so PostgreSQL gets only the first quarter.
_COUNTS = {"sqlite": 10_000, "postgresql": 2_500}
_WARM_UP = 1_500
_AT_ONCE = 32


async def _post_all(port: int, forgeries: Sequence[Forgery]) -> list[int]:
    """Post all over `_AT_ONCE` connections that are kept alive; return the statuses in order."""
    statuses = [0] * len(forgeries)
    numbers = iter(range(len(forgeries)))
    connector = aiohttp.TCPConnector(limit=_AT_ONCE)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=60)) as session:

        async def work() -> None:
            for number in numbers:
                forgery = forgeries[number]
                url = URL(f"http://127.0.0.1:{port}/callback/{forgery.place.name}?{forgery.query}", encoded=True)
                headers = {"Content-Type": forgery.content_type}
                async with session.post(url, data=forgery.body, headers=headers) as response:
                    await response.read()
                    statuses[number] = response.status

        await asyncio.gather(*(work() for _ in range(_AT_ONCE)))
    return statuses


def _verdict(forgery: Forgery) -> Authentic | str:
    try:
        return judge(forgery.place, forgery.query, forgery.body, now=START)
    except NotAuthentic as refusal:
        return str(refusal)


def test_a_callback_is_stored_exactly_when_it_is_authentic_and_nothing_breaks(open_town: OpenTown, kind: str) -> None:
    count = _COUNTS[kind]
    town = open_town(places=TARGETS)
    forgeries = make(_SEED, count, now=START)
    bot = psutil.Process(town.bot.pid)
    statuses = asyncio.run(_post_all(town.bot.port, forgeries[:_WARM_UP]))
    warm = bot.memory_info().rss
    statuses += asyncio.run(_post_all(town.bot.port, forgeries[_WARM_UP:]))
    grown = bot.memory_info().rss / warm
    verdicts = [_verdict(forgery) for forgery in forgeries]

    wrong = [
        (number, forgery.change, forgery.place.name, status, verdict)
        for number, (forgery, status, verdict) in enumerate(zip(forgeries, statuses, verdicts, strict=True))
        if (status != 200 if isinstance(verdict, Authentic) else not 400 <= status < 500)
    ]
    assert wrong[:20] == []

    authentic = {(v.account, v.key): v for v in verdicts if isinstance(v, Authentic)}
    expected = Counter((v.account, v.sender, v.moment, v.kind) for v in authentic.values())
    stored = Counter(
        (line["account"], line["person"], int(datetime.fromisoformat(line["sent_at"]).timestamp()), line["kind"])
        for line in town.export()
        if line["direction"] == "in"
    )
    assert (stored - expected, expected - stored) == (Counter(), Counter())
    assert min(len(authentic), count - len(authentic)) > count // 4, "the mixture is one-sided"

    lines = town.log_lines()
    refused = [line for line in lines if line["action"] == "callback_refused"]
    assert len(refused) == sum(400 <= status < 500 for status in statuses)
    assert [line for line in lines if line["level"] == "error"] == []
    assert grown < 1.1, f"resident memory grew to {grown:.3f} of {warm >> 20} MB"
    assert town.get("/health/ready")[0] == 200
