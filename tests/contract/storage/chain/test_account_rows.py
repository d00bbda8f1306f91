"""Each account has a chain of its own; an account that is renamed or deleted does not lose it."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.chain import Chain
from storage.records import AccountRow
from storage.seal_file import SealFile
from tests.contract.storage.chain.sealed_log import rewrite_with_seals, talk, verified
from tests.fakes.clock import ManualClock
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors


async def _rename_and_rewrite(stores: OpenStores) -> None:
    """Change row 5 and the seals, and call the account something that stands nowhere outside."""
    await rewrite_with_seals(stores)
    await stores.change("UPDATE account SET name = 'elsewhere' WHERE id = 1")


async def test_each_account_has_a_chain_of_its_own(
    stores: OpenStores, visitors: Visitors, accounts: dict[str, AccountRow], clock: ManualClock, chain: Chain
) -> None:
    await talk(stores, visitors, clock, 2)
    await talk(stores, Visitors(stores.log, accounts["second"], clock), clock, 3)
    await chain.seal(now=clock.now())
    await stores.change("UPDATE content SET fields = '{}' WHERE account_id = :a AND seq = 3", a=accounts["second"].id)

    flaws = {report.account: report.flaw and report.flaw.seq for report in await chain.verify()}
    assert flaws == {"service": None, "second": 3, "assistant": None}


async def test_a_renamed_account_does_not_lose_its_seals(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path
) -> None:
    await talk(stores, visitors, clock, 4)
    await chain.seal(now=clock.now())
    await _rename_and_rewrite(stores)

    flaws = [report.flaw for report in await Chain(stores.database, SealFile(outside)).verify()]
    assert [(flaw.account, flaw.seq, flaw.sentence) for flaw in flaws if flaw] == [
        ("elsewhere", 5, "row 5 is not what was sealed outside the database")
    ]


async def test_another_name_over_the_same_rows_is_named(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path
) -> None:
    await talk(stores, visitors, clock, 1)
    await chain.seal(now=clock.now())
    await stores.change("UPDATE account SET name = 'elsewhere' WHERE id = 1")

    flaws = [report.flaw for report in await Chain(stores.database, SealFile(outside)).verify()]
    assert [flaw.sentence for flaw in flaws if flaw] == ["the account was called 'service' when row 2 was sealed"]


@pytest.mark.parametrize("left", [(), ("seal",), ("message",)], ids=["nothing", "seals", "messages"])
async def test_a_deleted_account_is_reported(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path, left: tuple[str, ...]
) -> None:
    await talk(stores, visitors, clock, 2)
    await chain.seal(now=clock.now())
    await stores.change("DELETE FROM account WHERE id = 1")
    for table in {"message", "content", "seal"} - set(left):
        await stores.change(f"DELETE FROM {table} WHERE account_id = 1")

    flaw = (await verified(stores, outside)).flaw
    assert flaw is not None
    assert "missing in the database: its log was sealed up to row 4" in flaw.sentence


async def test_rows_of_an_account_that_was_never_sealed_and_is_gone_are_reported(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain
) -> None:
    await talk(stores, visitors, clock, 1)
    await stores.change("DELETE FROM account WHERE id = 1")

    flaws = {report.account: report.flaw for report in await chain.verify()}
    assert flaws["account 1"] is not None
    assert "rows of its log are still there" in flaws["account 1"].sentence
