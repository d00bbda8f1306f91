"""A seal file that is lost is told of, never begun anew unasked; it is put back, or begun anew by somebody."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.chain import Chain, Sealing
from storage.records import AccountRow
from storage.seal_file import SealFile
from tests.contract.storage.chain.sealed_log import rewrite_with_seals, sealed_twice, talk, verified
from tests.fakes.clock import ManualClock
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors


async def test_sealed_rows_without_any_seal_outside_are_not_called_intact(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path
) -> None:
    await talk(stores, visitors, clock, 2)
    await chain.seal(now=clock.now())
    outside.unlink()

    flaw = (await verified(stores, outside)).flaw
    assert flaw is not None
    assert "rows 1 to 4 are sealed in the database only" in flaw.sentence
    assert "put it back from its copy" in flaw.sentence


@pytest.mark.parametrize("restarted", [False, True], ids=["the same process", "a new process"])
async def test_a_lost_file_is_not_begun_anew_from_whatever_the_database_says(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path, restarted: bool
) -> None:
    await sealed_twice(stores, visitors, clock, chain)
    await rewrite_with_seals(stores)
    outside.unlink()
    await talk(stores, visitors, clock, 1)
    later = Chain(stores.database, SealFile(outside)) if restarted else chain
    sealing = await later.seal(now=clock.now())

    assert (sealing.rows, [flaw.account for flaw in sealing.refused]) == (0, ["service"])
    assert "none of them outside" in sealing.refused[0].sentence
    assert not outside.exists()
    assert (await stores.one("SELECT max(to_seq) AS n FROM seal"))["n"] == 8


async def test_one_long_seal_cannot_pass_for_what_a_kill_left(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path
) -> None:
    await talk(stores, visitors, clock, 1)
    await chain.seal(now=clock.now())
    outside.unlink()
    await stores.change("UPDATE seal SET to_seq = 1001")

    assert [flaw.account for flaw in (await chain.seal(now=clock.now())).refused] == ["service"]


async def test_an_account_whose_file_is_lost_does_not_hold_up_the_others(
    stores: OpenStores,
    visitors: Visitors,
    accounts: dict[str, AccountRow],
    clock: ManualClock,
    chain: Chain,
    outside: Path,
) -> None:
    await sealed_twice(stores, visitors, clock, chain)
    outside.unlink()
    await talk(stores, Visitors(stores.log, accounts["second"], clock), clock, 2)

    assert (await chain.seal(now=clock.now())).rows == 4


async def test_a_file_that_is_put_back_is_gone_on_with(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path
) -> None:
    await sealed_twice(stores, visitors, clock, chain)
    kept = outside.read_bytes()
    outside.unlink()
    await talk(stores, visitors, clock, 1)
    refused = await chain.seal(now=clock.now())
    outside.write_bytes(kept)
    after = await chain.seal(now=clock.now())

    assert (len(refused.refused), after) == (1, Sealing(rows=2))
    report = await verified(stores, outside)
    assert (report.sealed_to, report.confirmed_outside, report.flaw) == (10, 3, None)


async def test_a_file_that_nobody_has_any_more_begins_anew_when_somebody_says_so(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path
) -> None:
    await sealed_twice(stores, visitors, clock, chain)
    outside.write_text('{"anew": "service"}\n')
    await talk(stores, visitors, clock, 1)

    assert await chain.seal(now=clock.now()) == Sealing(rows=2)
    report = await verified(stores, outside)
    assert (report.sealed_to, report.confirmed_outside, report.flaw) == (10, 3, None)
