"""A log that nobody altered verifies, whatever of its contents was destroyed as it may be."""

from __future__ import annotations

import json
from pathlib import Path

from storage.chain import Chain, Sealing
from storage.chain_check import AccountReport
from storage.records import AccountRow
from tests.contract.storage.chain.sealed_log import talk, verified
from tests.fakes.clock import ManualClock
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors


async def test_an_intact_log_verifies(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path
) -> None:
    sealed = []
    for turns in (3, 1, 4):
        await talk(stores, visitors, clock, turns)
        sealed.append((await chain.seal(now=clock.now())).rows)
    await visitors.say("alice", "还没有封存")

    assert sealed == [6, 2, 8]
    assert await verified(stores, outside) == AccountReport(
        account="service", rows=17, sealed_to=16, contents_destroyed=0, confirmed_outside=3, flaw=None
    )


async def test_a_log_without_rows_or_seals_verifies(
    stores: OpenStores, accounts: dict[str, AccountRow], chain: Chain, clock: ManualClock
) -> None:
    assert await chain.seal(now=clock.now()) == Sealing(rows=0)
    assert [(report.account, report.rows, report.flaw) for report in await chain.verify()] == [
        (name, 0, None) for name in accounts
    ]


async def test_the_seals_stand_outside_line_by_line(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path
) -> None:
    for _ in range(2):
        await talk(stores, visitors, clock, 1)
        await chain.seal(now=clock.now())

    lines = [json.loads(line) for line in outside.read_text().splitlines() if line]
    inside = await stores.rows("SELECT from_seq, to_seq, head FROM seal ORDER BY to_seq")
    assert [(line["account"], line["from"], line["to"]) for line in lines] == [("service", 1, 2), ("service", 3, 4)]
    assert [line["head"] for line in lines] == [bytes(seal["head"]).hex() for seal in inside]


async def test_destroyed_content_is_counted_and_breaks_nothing(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path
) -> None:
    await talk(stores, visitors, clock, 4)
    await chain.seal(now=clock.now())
    await stores.change("DELETE FROM content WHERE seq IN (1, 2, 8)")

    report = await verified(stores, outside)
    assert (report.contents_destroyed, report.rows, report.flaw) == (3, 8, None)


async def test_content_that_is_destroyed_before_the_seal_breaks_nothing(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path
) -> None:
    await talk(stores, visitors, clock, 2)
    await stores.change("DELETE FROM content WHERE seq = 2")
    await chain.seal(now=clock.now())
    report = await verified(stores, outside)

    assert (report.contents_destroyed, report.confirmed_outside, report.flaw) == (1, 1, None)
