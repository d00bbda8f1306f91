"""Sealing, verifying and recording at the same time, in one process and in two."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from storage.chain import Chain
from storage.records import AccountRow
from storage.seal_file import SealFile
from tests.contract.storage.chain.sealed_log import talk, verified
from tests.fakes.clock import ManualClock
from tests.fakes.interrupted import interrupted, paused
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors


@pytest.mark.parametrize("first", [True, False], ids=["the very first seals", "further seals"])
async def test_seals_that_are_made_while_the_log_is_verified_are_no_flaw(
    stores: OpenStores,
    visitors: Visitors,
    accounts: dict[str, AccountRow],
    clock: ManualClock,
    chain: Chain,
    outside: Path,
    first: bool,
) -> None:
    busy = (visitors, Visitors(stores.log, accounts["second"], clock))

    async def talk_and_seal() -> None:
        for people in busy:
            await talk(stores, people, clock, 2)
        await chain.seal(now=clock.now())

    if not first:
        await talk_and_seal()
    reports = await Chain(paused(stores.database, talk_and_seal), SealFile(outside)).verify()

    assert [report.flaw for report in reports] == [None, None, None]


async def test_a_seal_that_comes_late_adds_nothing_to_the_chain(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, outside: Path
) -> None:
    """A leader is paused beyond its lease while it seals; the next one has sealed those rows and more."""
    next_leader = Chain(stores.database, SealFile(outside))

    async def meanwhile() -> None:
        await talk(stores, visitors, clock, 1)
        await next_leader.seal(now=clock.now())

    await talk(stores, visitors, clock, 2)
    await Chain(interrupted(stores.database, meanwhile), SealFile(outside)).seal(now=clock.now())
    await talk(stores, visitors, clock, 1)
    await next_leader.seal(now=clock.now())

    report = await verified(stores, outside)
    assert (report.rows, report.sealed_to, report.flaw) == (8, 8, None)


async def test_a_seal_ends_with_what_stood_when_it_began(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, outside: Path
) -> None:
    """Under load something always arrives meanwhile; a call that went on for it would never end."""
    await talk(stores, visitors, clock, 2)
    busy = Chain(interrupted(stores.database, lambda: talk(stores, visitors, clock, 1)), SealFile(outside))

    sealed = [(await busy.seal(now=clock.now())).rows for _ in range(3)]

    assert sealed == [4, 2, 0]


async def test_two_processes_that_seal_at_once_leave_one_chain(
    stores: OpenStores, other_stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path
) -> None:
    other = Chain(other_stores.database, SealFile(outside))
    for _ in range(6):
        await asyncio.gather(
            talk(stores, visitors, clock, 3),
            chain.seal(now=clock.now()),
            other.seal(now=clock.now()),
            return_exceptions=True,
        )

    report = await verified(stores, outside)
    assert report.flaw is None
    assert report.rows == 36


async def test_recording_goes_on_while_the_log_is_sealed_and_verified(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path
) -> None:
    async def seal_often() -> None:
        for _ in range(8):
            await chain.seal(now=clock.now())
            assert (await verified(stores, outside)).flaw is None

    await asyncio.gather(talk(stores, visitors, clock, 30), seal_often())
    await chain.seal(now=clock.now())

    report = await verified(stores, outside)
    assert (report.rows, report.sealed_to, report.flaw) == (60, 60, None)
