"""Lines of the seal file that are altered, damaged, torn or missing, and those the database does not know."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from storage.chain import Chain, Sealing
from storage.seal_file import SealFile
from tests.contract.storage.chain.sealed_log import rewrite_consistently, sealed_twice, talk, verified
from tests.fakes.clock import ManualClock
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors


async def test_an_altered_line_outside_is_named(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path
) -> None:
    for _ in range(2):
        await talk(stores, visitors, clock, 2)
        await chain.seal(now=clock.now())
    lines = [json.loads(line) for line in outside.read_text().splitlines() if line]
    lines[1]["head"] = "00" * 32
    outside.write_text("\n".join(json.dumps(line) for line in lines) + "\n")

    flaw = (await verified(stores, outside)).flaw
    assert flaw is not None
    assert flaw.seq == 5
    assert "outside" in flaw.sentence


async def test_a_damaged_line_outside_is_missed(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path
) -> None:
    for _ in range(3):
        await talk(stores, visitors, clock, 1)
        await chain.seal(now=clock.now())
    lines = outside.read_text().splitlines()
    place = next(number for number, line in enumerate(lines) if '"from": 3' in line)
    lines[place] = lines[place].replace('"head": "', '"head": "zz')
    outside.write_text("\n".join(lines) + "\n")

    flaw = (await verified(stores, outside)).flaw
    assert flaw is not None
    assert (flaw.seq, "rows 3 to 4 is missing outside" in flaw.sentence) == (3, True)


async def test_a_kill_between_database_and_file_is_mended_by_the_next_seal(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path
) -> None:
    await talk(stores, visitors, clock, 1)
    await chain.seal(now=clock.now())
    kept = outside.read_bytes()
    await talk(stores, visitors, clock, 1)
    await chain.seal(now=clock.now())
    outside.write_bytes(kept)
    later = Chain(stores.database, SealFile(outside))
    await later.seal(now=clock.now())

    assert (await verified(stores, outside)).confirmed_outside == 2


@pytest.mark.parametrize("kept", [1, 20, -2, -1])
async def test_a_line_torn_by_a_kill_is_written_again(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path, kept: int
) -> None:
    """Torn at any place: the log verifies at once, after the next seal, and after further ones."""
    await talk(stores, visitors, clock, 1)
    await chain.seal(now=clock.now())
    whole = outside.read_bytes()
    await talk(stores, visitors, clock, 1)
    await chain.seal(now=clock.now())
    torn = outside.read_bytes()[len(whole) :].lstrip(b"\n")[:kept]
    outside.write_bytes(whole + b"\n" + torn)
    at_once = await verified(stores, outside)
    later = Chain(stores.database, SealFile(outside))
    await later.seal(now=clock.now())
    await talk(stores, visitors, clock, 1)
    await later.seal(now=clock.now())

    assert at_once.flaw is None
    report = await verified(stores, outside)
    assert (report.confirmed_outside, report.flaw) == (3, None)


async def test_another_leader_writes_what_its_own_file_lacks(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path, tmp_path: Path
) -> None:
    await talk(stores, visitors, clock, 1)
    await chain.seal(now=clock.now())
    elsewhere = tmp_path / "other-home.jsonl"
    elsewhere.write_bytes(outside.read_bytes())
    for _ in range(70):
        await talk(stores, visitors, clock, 1)
        await chain.seal(now=clock.now())
    sealing = await Chain(stores.database, SealFile(elsewhere)).seal(now=clock.now())

    assert sealing == Sealing(rows=0)
    assert SealFile(elsewhere).read() == SealFile(outside).read()


async def test_rows_that_do_not_match_their_seal_are_not_written_outside(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path
) -> None:
    """A kill left a seal without its line; before the next start somebody rewrote a row of it."""
    await talk(stores, visitors, clock, 2)
    await chain.seal(now=clock.now())
    kept = outside.read_bytes()
    await talk(stores, visitors, clock, 2)
    await chain.seal(now=clock.now())
    outside.write_bytes(kept)
    await rewrite_consistently(stores)
    sealing = await Chain(stores.database, SealFile(outside)).seal(now=clock.now())

    assert [flaw.sentence for flaw in sealing.refused] == ["rows 5 to 8 do not match their seal"]
    assert outside.read_bytes() == kept


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM seal WHERE to_seq > 4", "UPDATE seal SET head = salt FROM content WHERE content.seq = 1"],
    ids=["an older backup", "an altered seal"],
)
async def test_a_file_that_knows_more_than_the_database_is_not_written_on(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path, statement: str
) -> None:
    await sealed_twice(stores, visitors, clock, chain)
    kept = outside.read_bytes()
    await stores.change(statement)
    sealing = await chain.seal(now=clock.now())

    assert [flaw.sentence for flaw in sealing.refused] == ["row 8 is sealed outside and not so in the database"]
    assert outside.read_bytes() == kept
