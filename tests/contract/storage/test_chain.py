"""The chain over the log: an intact log verifies, and each tampering is found and named with its row."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from storage.chain import Chain, Sealing
from storage.chain_check import AccountReport
from storage.digests import LEAF_COLUMNS, chain_head, content_digest, row_leaf
from storage.records import AccountRow
from storage.seal_file import SealFile
from tests.fakes.clock import ManualClock
from tests.fakes.interrupted import interrupted, paused
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors, lease_of, turn

Tamper = Callable[[OpenStores], Awaitable[object]]


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """Return where the seals stand outside the database."""
    return tmp_path / "seals.jsonl"


@pytest.fixture
def chain(stores: OpenStores, outside: Path) -> Chain:
    """Return the chain over the log."""
    return Chain(stores.database, SealFile(outside))


async def _talk(stores: OpenStores, visitors: Visitors, clock: ManualClock, turns: int) -> None:
    for n in range(turns):
        said = await visitors.say(f"p{n % 3}", f"第{n}句")
        await stores.handling.finish(turn(lease_of(said), [said.seq], f"答{n}", now=clock.now()))
        await clock.advance(1)


async def _report(stores: OpenStores, outside: Path) -> AccountReport:
    """Verify as a new process would, and return what was found in the official account's log."""
    reports = await Chain(stores.database, SealFile(outside)).verify()
    [report] = [report for report in reports if report.account == "service"]
    return report


async def test_an_intact_log_verifies(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path
) -> None:
    sealed = []
    for turns in (3, 1, 4):
        await _talk(stores, visitors, clock, turns)
        sealed.append((await chain.seal(now=clock.now())).rows)
    await visitors.say("alice", "还没有封存")

    assert sealed == [6, 2, 8]
    assert await _report(stores, outside) == AccountReport(
        account="service", rows=17, sealed_to=16, contents_destroyed=0, confirmed_outside=3, flaw=None
    )


async def test_a_log_without_rows_or_seals_verifies(
    stores: OpenStores, accounts: dict[str, AccountRow], chain: Chain, clock: ManualClock
) -> None:
    assert await chain.seal(now=clock.now()) == Sealing(rows=0)
    assert [(report.account, report.rows, report.flaw) for report in await chain.verify()] == [
        (name, 0, None) for name in accounts
    ]


async def test_each_account_has_a_chain_of_its_own(
    stores: OpenStores, visitors: Visitors, accounts: dict[str, AccountRow], clock: ManualClock, chain: Chain
) -> None:
    await _talk(stores, visitors, clock, 2)
    await _talk(stores, Visitors(stores.log, accounts["second"], clock), clock, 3)
    await chain.seal(now=clock.now())
    await stores.change("UPDATE content SET fields = '{}' WHERE account_id = :a AND seq = 3", a=accounts["second"].id)

    flaws = {report.account: report.flaw and report.flaw.seq for report in await chain.verify()}
    assert flaws == {"service": None, "second": 3, "assistant": None}


async def test_the_seals_stand_outside_line_by_line(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path
) -> None:
    for _ in range(2):
        await _talk(stores, visitors, clock, 1)
        await chain.seal(now=clock.now())

    lines = [json.loads(line) for line in outside.read_text().splitlines() if line]
    inside = await stores.rows("SELECT from_seq, to_seq, head FROM seal ORDER BY to_seq")
    assert [(line["account"], line["from"], line["to"]) for line in lines] == [("service", 1, 2), ("service", 3, 4)]
    assert [line["head"] for line in lines] == [bytes(seal["head"]).hex() for seal in inside]


async def test_destroyed_content_is_counted_and_breaks_nothing(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path
) -> None:
    await _talk(stores, visitors, clock, 4)
    await chain.seal(now=clock.now())
    await stores.change("DELETE FROM content WHERE seq IN (1, 2, 8)")

    report = await _report(stores, outside)
    assert (report.contents_destroyed, report.rows, report.flaw) == (3, 8, None)


async def test_content_that_is_destroyed_before_the_seal_breaks_nothing(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path
) -> None:
    await _talk(stores, visitors, clock, 2)
    await stores.change("DELETE FROM content WHERE seq = 2")
    await chain.seal(now=clock.now())
    report = await _report(stores, outside)

    assert (report.contents_destroyed, report.confirmed_outside, report.flaw) == (1, 1, None)


async def _rewrite_consistently(stores: OpenStores) -> None:
    """Change row 5 in content and digest, so that they agree."""
    salt, fields = b"s" * 16, '{"content":"从未说过"}'
    where = "WHERE account_id = 1 AND seq = 5"
    await stores.change(f"UPDATE content SET salt = :salt, fields = :fields {where}", salt=salt, fields=fields)
    await stores.change(f"UPDATE message SET digest = :digest {where}", digest=content_digest(salt, fields))


async def _rewrite_with_seals(stores: OpenStores) -> None:
    """Change row 5 and then every seal of the database, so that inside everything agrees."""
    await _rewrite_consistently(stores)
    await _seal_as_it_is(stores)


async def _rename_and_rewrite(stores: OpenStores) -> None:
    """Change row 5 and the seals, and call the account something that stands nowhere outside."""
    await _rewrite_with_seals(stores)
    await stores.change("UPDATE account SET name = 'elsewhere' WHERE id = 1")


async def _seal_as_it_is(stores: OpenStores) -> None:
    head = bytes(32)
    columns = ", ".join((*LEAF_COLUMNS, "digest"))
    for seal in await stores.rows("SELECT from_seq, to_seq FROM seal WHERE account_id = 1 ORDER BY to_seq"):
        rows = await stores.rows(
            f"SELECT {columns} FROM message WHERE account_id = 1 AND seq BETWEEN :a AND :b ORDER BY seq",
            a=seal["from_seq"],
            b=seal["to_seq"],
        )
        head = chain_head(head, [row_leaf(row | {"digest": bytes(row["digest"])}) for row in rows])
        await stores.change(
            "UPDATE seal SET head = :head WHERE account_id = 1 AND to_seq = :to", head=head, to=seal["to_seq"]
        )


def _sql(*statements: str) -> Tamper:
    async def run(stores: OpenStores) -> None:
        for statement in statements:
            assert await stores.change(statement) >= 1

    return run


_DROP_ROW_5 = ("DELETE FROM message WHERE seq = 5", "DELETE FROM content WHERE seq = 5")
_TAIL = ("DELETE FROM message WHERE seq > 6", "DELETE FROM content WHERE seq > 6")
#: What somebody does with the database's password, the row that must be named, and a word of the sentence.
_TAMPERINGS: dict[str, tuple[Tamper, int, str]] = {
    "content altered": (_sql('UPDATE content SET fields = \'{"content":"x"}\' WHERE seq = 5'), 5, "content"),
    "salt altered": (
        _sql("UPDATE content SET salt = digest FROM message WHERE content.seq = 5 AND message.seq = 5"),
        5,
        "content",
    ),
    "kind altered": (_sql("UPDATE message SET kind = 'image' WHERE seq = 5"), 5, "row 5"),
    "direction altered": (_sql("UPDATE message SET direction = 'out' WHERE seq = 5"), 5, "row 5"),
    "person altered": (_sql("UPDATE message SET identity_id = 99 WHERE seq = 5"), 5, "row 5"),
    "conversation altered": (_sql("UPDATE message SET conversation_id = 99 WHERE seq = 5"), 5, "row 5"),
    "time altered": (_sql("UPDATE message SET recorded_at = recorded_at + 1 WHERE seq = 5"), 5, "row 5"),
    "platform's time altered": (_sql("UPDATE message SET sent_at = sent_at - 1 WHERE seq = 5"), 5, "row 5"),
    "purpose altered": (_sql("UPDATE message SET purpose = 'marketing' WHERE seq = 6"), 6, "row 6"),
    "version altered": (_sql("UPDATE message SET content_version = 'v2' WHERE seq = 6"), 6, "row 6"),
    "key altered": (_sql("UPDATE message SET idempotency_key = NULL WHERE seq = 6"), 6, "row 6"),
    "row and digest rewritten": (_rewrite_consistently, 5, "outside"),
    "row, digest and seals rewritten": (_rewrite_with_seals, 5, "outside"),
    "row deleted in the middle": (_sql(*_DROP_ROW_5), 5, "missing"),
    "row deleted and the rest moved up": (
        _sql(
            *_DROP_ROW_5,
            "UPDATE message SET seq = 5 WHERE seq = 6",
            "UPDATE content SET seq = 5 WHERE seq = 6",
        ),
        5,
        "row 5",
    ),
    "first row deleted": (_sql("DELETE FROM message WHERE seq = 1"), 1, "missing"),
    "rows deleted at the tail": (_sql(*_TAIL), 7, "missing"),
    "tail deleted and the count set back": (
        _sql(*_TAIL, "UPDATE account SET last_seq = 6 WHERE name = 'service'"),
        7,
        "missing",
    ),
    "tail deleted with count and seals": (
        _sql(*_TAIL, "UPDATE account SET last_seq = 6 WHERE name = 'service'", "DELETE FROM seal WHERE to_seq > 6"),
        7,
        "missing",
    ),
    "two rows exchanged": (
        _sql(
            "UPDATE message SET seq = 100 WHERE seq = 5",
            "UPDATE message SET seq = 5 WHERE seq = 7",
            "UPDATE message SET seq = 7 WHERE seq = 100",
        ),
        5,
        "row 5",
    ),
    "seal rewritten": (
        _sql("UPDATE seal SET head = salt FROM content WHERE content.seq = 1 AND to_seq = 6"),
        1,
        "head",
    ),
    "seal deleted": (_sql("DELETE FROM seal WHERE to_seq = 6"), 6, "seal"),
    "all seals deleted": (_sql("DELETE FROM seal"), 6, "seal"),
    "a row added at the end": (
        _sql(
            "INSERT INTO message SELECT account_id, 99, month, direction, kind, identity_id, conversation_id, sent_at,"
            " recorded_at, purpose, idempotency_key, content_version, digest FROM message WHERE seq = 8"
        ),
        9,
        "missing",
    ),
}


async def test_a_renamed_account_does_not_lose_its_seals(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path
) -> None:
    await _talk(stores, visitors, clock, 4)
    await chain.seal(now=clock.now())
    await _rename_and_rewrite(stores)

    flaws = [report.flaw for report in await Chain(stores.database, SealFile(outside)).verify()]
    assert [(flaw.account, flaw.seq, flaw.sentence) for flaw in flaws if flaw] == [
        ("elsewhere", 5, "row 5 is not what was sealed outside the database")
    ]


async def test_another_name_over_the_same_rows_is_named(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path
) -> None:
    await _talk(stores, visitors, clock, 1)
    await chain.seal(now=clock.now())
    await stores.change("UPDATE account SET name = 'elsewhere' WHERE id = 1")

    flaws = [report.flaw for report in await Chain(stores.database, SealFile(outside)).verify()]
    assert [flaw.sentence for flaw in flaws if flaw] == ["the account was called 'service' when row 2 was sealed"]


@pytest.mark.parametrize("left", [(), ("seal",), ("message",)], ids=["nothing", "seals", "messages"])
async def test_a_deleted_account_is_reported(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path, left: tuple[str, ...]
) -> None:
    await _talk(stores, visitors, clock, 2)
    await chain.seal(now=clock.now())
    await stores.change("DELETE FROM account WHERE id = 1")
    for table in {"message", "content", "seal"} - set(left):
        await stores.change(f"DELETE FROM {table} WHERE account_id = 1")

    flaw = (await _report(stores, outside)).flaw
    assert flaw is not None
    assert "missing in the database: its log was sealed up to row 4" in flaw.sentence


async def test_rows_of_an_account_that_was_never_sealed_and_is_gone_are_reported(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain
) -> None:
    await _talk(stores, visitors, clock, 1)
    await stores.change("DELETE FROM account WHERE id = 1")

    flaws = {report.account: report.flaw for report in await chain.verify()}
    assert flaws["account 1"] is not None
    assert "rows of its log are still there" in flaws["account 1"].sentence


@pytest.mark.parametrize("tampering", _TAMPERINGS)
async def test_a_tampering_is_found_and_named(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path, tampering: str
) -> None:
    tamper, seq, word = _TAMPERINGS[tampering]
    await _talk(stores, visitors, clock, 3)
    await chain.seal(now=clock.now())
    await _talk(stores, visitors, clock, 1)
    await chain.seal(now=clock.now())
    before = await _report(stores, outside)
    await tamper(stores)

    flaw = (await _report(stores, outside)).flaw
    assert before.flaw is None
    assert flaw is not None
    assert (flaw.account, flaw.seq) == ("service", seq)
    assert word in flaw.sentence


async def test_without_the_outside_file_a_rewritten_row_is_found_within_its_seal(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path
) -> None:
    await _talk(stores, visitors, clock, 2)
    await chain.seal(now=clock.now())
    await _talk(stores, visitors, clock, 2)
    await chain.seal(now=clock.now())
    await _rewrite_consistently(stores)
    outside.unlink()

    flaw = (await _report(stores, outside)).flaw
    assert flaw is not None
    assert flaw.seq == 5
    assert "rows 5 to 8" in flaw.sentence


async def test_sealed_rows_without_any_seal_outside_are_not_called_intact(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path
) -> None:
    await _talk(stores, visitors, clock, 2)
    await chain.seal(now=clock.now())
    outside.unlink()

    flaw = (await _report(stores, outside)).flaw
    assert flaw is not None
    assert "rows 1 to 4 are sealed in the database only" in flaw.sentence
    assert "put it back from its copy" in flaw.sentence


async def _sealed_twice(stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain) -> None:
    for _ in range(2):
        await _talk(stores, visitors, clock, 2)
        await chain.seal(now=clock.now())


@pytest.mark.parametrize("restarted", [False, True], ids=["the same process", "a new process"])
async def test_a_lost_file_is_not_begun_anew_from_whatever_the_database_says(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path, restarted: bool
) -> None:
    await _sealed_twice(stores, visitors, clock, chain)
    await _rewrite_with_seals(stores)
    outside.unlink()
    await _talk(stores, visitors, clock, 1)
    later = Chain(stores.database, SealFile(outside)) if restarted else chain
    sealing = await later.seal(now=clock.now())

    assert (sealing.rows, [flaw.account for flaw in sealing.refused]) == (0, ["service"])
    assert "none of them outside" in sealing.refused[0].sentence
    assert not outside.exists()
    assert (await stores.one("SELECT max(to_seq) AS n FROM seal"))["n"] == 8


async def test_one_long_seal_cannot_pass_for_what_a_kill_left(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path
) -> None:
    await _talk(stores, visitors, clock, 1)
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
    await _sealed_twice(stores, visitors, clock, chain)
    outside.unlink()
    await _talk(stores, Visitors(stores.log, accounts["second"], clock), clock, 2)

    assert (await chain.seal(now=clock.now())).rows == 4


async def test_a_file_that_is_put_back_is_gone_on_with(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path
) -> None:
    await _sealed_twice(stores, visitors, clock, chain)
    kept = outside.read_bytes()
    outside.unlink()
    await _talk(stores, visitors, clock, 1)
    refused = await chain.seal(now=clock.now())
    outside.write_bytes(kept)
    after = await chain.seal(now=clock.now())

    assert (len(refused.refused), after) == (1, Sealing(rows=2))
    report = await _report(stores, outside)
    assert (report.sealed_to, report.confirmed_outside, report.flaw) == (10, 3, None)


async def test_a_file_that_nobody_has_any_more_begins_anew_when_somebody_says_so(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path
) -> None:
    await _sealed_twice(stores, visitors, clock, chain)
    outside.write_text('{"anew": "service"}\n')
    await _talk(stores, visitors, clock, 1)

    assert await chain.seal(now=clock.now()) == Sealing(rows=2)
    report = await _report(stores, outside)
    assert (report.sealed_to, report.confirmed_outside, report.flaw) == (10, 3, None)


async def test_rows_that_do_not_match_their_seal_are_not_written_outside(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path
) -> None:
    """A kill left a seal without its line; before the next start somebody rewrote a row of it."""
    await _talk(stores, visitors, clock, 2)
    await chain.seal(now=clock.now())
    kept = outside.read_bytes()
    await _talk(stores, visitors, clock, 2)
    await chain.seal(now=clock.now())
    outside.write_bytes(kept)
    await _rewrite_consistently(stores)
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
    await _sealed_twice(stores, visitors, clock, chain)
    kept = outside.read_bytes()
    await stores.change(statement)
    sealing = await chain.seal(now=clock.now())

    assert [flaw.sentence for flaw in sealing.refused] == ["row 8 is sealed outside and not so in the database"]
    assert outside.read_bytes() == kept


async def test_another_leader_writes_what_its_own_file_lacks(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path, tmp_path: Path
) -> None:
    await _talk(stores, visitors, clock, 1)
    await chain.seal(now=clock.now())
    elsewhere = tmp_path / "other-home.jsonl"
    elsewhere.write_bytes(outside.read_bytes())
    for _ in range(70):
        await _talk(stores, visitors, clock, 1)
        await chain.seal(now=clock.now())
    sealing = await Chain(stores.database, SealFile(elsewhere)).seal(now=clock.now())

    assert sealing == Sealing(rows=0)
    assert SealFile(elsewhere).read() == SealFile(outside).read()


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
            await _talk(stores, people, clock, 2)
        await chain.seal(now=clock.now())

    if not first:
        await talk_and_seal()
    reports = await Chain(paused(stores.database, talk_and_seal), SealFile(outside)).verify()

    assert [report.flaw for report in reports] == [None, None, None]


async def test_an_unsealed_rows_content_is_checked_too(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path
) -> None:
    await _talk(stores, visitors, clock, 1)
    await chain.seal(now=clock.now())
    await visitors.say("alice", "还没有封存")
    await stores.change("UPDATE content SET fields = '{}' WHERE seq = 3")

    flaw = (await _report(stores, outside)).flaw
    assert flaw is not None
    assert flaw.seq == 3


async def test_an_altered_line_outside_is_named(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path
) -> None:
    for _ in range(2):
        await _talk(stores, visitors, clock, 2)
        await chain.seal(now=clock.now())
    lines = [json.loads(line) for line in outside.read_text().splitlines() if line]
    lines[1]["head"] = "00" * 32
    outside.write_text("\n".join(json.dumps(line) for line in lines) + "\n")

    flaw = (await _report(stores, outside)).flaw
    assert flaw is not None
    assert flaw.seq == 5
    assert "outside" in flaw.sentence


async def test_a_kill_between_database_and_file_is_mended_by_the_next_seal(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path
) -> None:
    await _talk(stores, visitors, clock, 1)
    await chain.seal(now=clock.now())
    kept = outside.read_bytes()
    await _talk(stores, visitors, clock, 1)
    await chain.seal(now=clock.now())
    outside.write_bytes(kept)
    later = Chain(stores.database, SealFile(outside))
    await later.seal(now=clock.now())

    assert (await _report(stores, outside)).confirmed_outside == 2


@pytest.mark.parametrize("kept", [1, 20, -2, -1])
async def test_a_line_torn_by_a_kill_is_written_again(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path, kept: int
) -> None:
    """Torn at any place: the log verifies at once, after the next seal, and after further ones."""
    await _talk(stores, visitors, clock, 1)
    await chain.seal(now=clock.now())
    whole = outside.read_bytes()
    await _talk(stores, visitors, clock, 1)
    await chain.seal(now=clock.now())
    torn = outside.read_bytes()[len(whole) :].lstrip(b"\n")[:kept]
    outside.write_bytes(whole + b"\n" + torn)
    at_once = await _report(stores, outside)
    later = Chain(stores.database, SealFile(outside))
    await later.seal(now=clock.now())
    await _talk(stores, visitors, clock, 1)
    await later.seal(now=clock.now())

    assert at_once.flaw is None
    report = await _report(stores, outside)
    assert (report.confirmed_outside, report.flaw) == (3, None)


async def test_a_damaged_line_outside_is_missed(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path
) -> None:
    for _ in range(3):
        await _talk(stores, visitors, clock, 1)
        await chain.seal(now=clock.now())
    lines = outside.read_text().splitlines()
    place = next(number for number, line in enumerate(lines) if '"from": 3' in line)
    lines[place] = lines[place].replace('"head": "', '"head": "zz')
    outside.write_text("\n".join(lines) + "\n")

    flaw = (await _report(stores, outside)).flaw
    assert flaw is not None
    assert (flaw.seq, "rows 3 to 4 is missing outside" in flaw.sentence) == (3, True)


async def test_a_seal_that_comes_late_adds_nothing_to_the_chain(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, outside: Path
) -> None:
    """A leader is paused beyond its lease while it seals; the next one has sealed those rows and more."""
    next_leader = Chain(stores.database, SealFile(outside))

    async def meanwhile() -> None:
        await _talk(stores, visitors, clock, 1)
        await next_leader.seal(now=clock.now())

    await _talk(stores, visitors, clock, 2)
    await Chain(interrupted(stores.database, meanwhile), SealFile(outside)).seal(now=clock.now())
    await _talk(stores, visitors, clock, 1)
    await next_leader.seal(now=clock.now())

    report = await _report(stores, outside)
    assert (report.rows, report.sealed_to, report.flaw) == (8, 8, None)


async def test_a_seal_ends_with_what_stood_when_it_began(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, outside: Path
) -> None:
    """Under load something always arrives meanwhile; a call that went on for it would never end."""
    await _talk(stores, visitors, clock, 2)
    busy = Chain(interrupted(stores.database, lambda: _talk(stores, visitors, clock, 1)), SealFile(outside))

    sealed = [(await busy.seal(now=clock.now())).rows for _ in range(3)]

    assert sealed == [4, 2, 0]


async def test_two_processes_that_seal_at_once_leave_one_chain(
    stores: OpenStores, other_stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path
) -> None:
    other = Chain(other_stores.database, SealFile(outside))
    for _ in range(6):
        await asyncio.gather(
            _talk(stores, visitors, clock, 3),
            chain.seal(now=clock.now()),
            other.seal(now=clock.now()),
            return_exceptions=True,
        )

    report = await _report(stores, outside)
    assert report.flaw is None
    assert report.rows == 36


async def test_recording_goes_on_while_the_log_is_sealed_and_verified(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path
) -> None:
    async def seal_often() -> None:
        for _ in range(8):
            await chain.seal(now=clock.now())
            assert (await _report(stores, outside)).flaw is None

    await asyncio.gather(_talk(stores, visitors, clock, 30), seal_often())
    await chain.seal(now=clock.now())

    report = await _report(stores, outside)
    assert (report.rows, report.sealed_to, report.flaw) == (60, 60, None)
