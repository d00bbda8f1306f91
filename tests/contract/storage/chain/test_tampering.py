"""Each tampering with the log's rows, contents and seals is found and named with its row."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from storage.chain import Chain
from tests.contract.storage.chain.sealed_log import rewrite_consistently, rewrite_with_seals, talk, verified
from tests.fakes.clock import ManualClock
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors

Tamper = Callable[[OpenStores], Awaitable[object]]


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
    "row and digest rewritten": (rewrite_consistently, 5, "outside"),
    "row, digest and seals rewritten": (rewrite_with_seals, 5, "outside"),
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


@pytest.mark.parametrize("tampering", _TAMPERINGS)
async def test_a_tampering_is_found_and_named(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path, tampering: str
) -> None:
    tamper, seq, word = _TAMPERINGS[tampering]
    await talk(stores, visitors, clock, 3)
    await chain.seal(now=clock.now())
    await talk(stores, visitors, clock, 1)
    await chain.seal(now=clock.now())
    before = await verified(stores, outside)
    await tamper(stores)

    flaw = (await verified(stores, outside)).flaw
    assert before.flaw is None
    assert flaw is not None
    assert (flaw.account, flaw.seq) == ("service", seq)
    assert word in flaw.sentence


async def test_without_the_outside_file_a_rewritten_row_is_found_within_its_seal(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path
) -> None:
    await talk(stores, visitors, clock, 2)
    await chain.seal(now=clock.now())
    await talk(stores, visitors, clock, 2)
    await chain.seal(now=clock.now())
    await rewrite_consistently(stores)
    outside.unlink()

    flaw = (await verified(stores, outside)).flaw
    assert flaw is not None
    assert flaw.seq == 5
    assert "rows 5 to 8" in flaw.sentence


async def test_an_unsealed_rows_content_is_checked_too(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, chain: Chain, outside: Path
) -> None:
    await talk(stores, visitors, clock, 1)
    await chain.seal(now=clock.now())
    await visitors.say("alice", "还没有封存")
    await stores.change("UPDATE content SET fields = '{}' WHERE seq = 3")

    flaw = (await verified(stores, outside)).flaw
    assert flaw is not None
    assert flaw.seq == 3
