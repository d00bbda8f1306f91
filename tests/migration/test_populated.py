"""A database of the first revision, full of messages, is migrated and goes on where it was."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from content.messages import Text, TextReply
from storage.chain import Chain
from storage.digests import content_digest, platform_key, row_leaf
from storage.migrate import migrate
from storage.records import AttributionDraft
from storage.seal_file import SealFile
from storage.tables.instant import from_micros, to_micros
from tests.fakes.clock import START, ManualClock
from tests.fakes.stores import OpenStores, open_stores
from tests.fakes.visitors import LEASE, Visitors, lease_of, turn

_SALT = b"0123456789abcdef"
_MESSAGES = 40


@pytest.fixture
async def old(empty_database_url: str, tmp_path: Path) -> AsyncIterator[OpenStores]:
    """Return a database as the first revision left it after some talk, written in plain SQL."""
    stores = open_stores(empty_database_url, home=tmp_path)
    await migrate(stores.database, now=START, to="0001")
    await _populate(stores)
    yield stores
    await stores.close()


async def _populate(stores: OpenStores) -> None:
    at = to_micros(START)
    await stores.change(
        "INSERT INTO account (name, channel, realm, title, last_seq)"
        " VALUES ('service', 'wechat', 'wx-realm', '服务号', :n)",
        n=_MESSAGES,
    )
    await stores.change("INSERT INTO customer (created_at) VALUES (:at)", at=at)
    await stores.change(
        "INSERT INTO identity (realm, external_id, customer_id, created_at) VALUES ('wx-realm', 'alice', 1, :at)",
        at=at,
    )
    await stores.change("INSERT INTO conversation (account_id, identity_id, opened_at) VALUES (1, 1, :at)", at=at)
    await stores.change(
        "INSERT INTO reach"
        " (account_id, identity_id, followed, conversation_id, last_at, quota_left, quota_until, epoch)"
        " VALUES (1, 1, :yes, 1, :at, 4, :until, 20)",
        yes=True,
        at=at,
        until=to_micros(START + timedelta(hours=48)),
    )
    for seq in range(1, _MESSAGES + 1):
        await _add_message(stores, seq, at=at)
    await stores.change(
        "INSERT INTO delivery (account_id, out_seq, identity_id, idempotency_key, purpose, author, state, due_at,"
        " attempts) VALUES (1, :n, 1, 'reply:1:39:0', 'service', 'bot', 'due', :at, 0)",
        n=_MESSAGES,
        at=at,
    )


async def _add_message(stores: OpenStores, seq: int, *, at: int) -> None:
    """Add a question (odd) or its answer (even); the last question was never handled."""
    is_in = seq % 2 == 1
    fields = json.dumps({"content": f"第{seq}句👍"}, ensure_ascii=False, separators=(",", ":"))
    await stores.change(
        "INSERT INTO content (account_id, seq, month, salt, fields) VALUES (1, :seq, 202605, :salt, :fields)",
        seq=seq,
        salt=_SALT,
        fields=fields,
    )
    await stores.change(
        "INSERT INTO message (account_id, seq, month, direction, kind, identity_id, conversation_id, sent_at,"
        " recorded_at, purpose, digest)"
        " VALUES (1, :seq, 202605, :direction, 'text', 1, 1, :at, :at, :purpose, :digest)",
        seq=seq,
        direction="in" if is_in else "out",
        at=at,
        purpose=None if is_in else "service",
        digest=content_digest(_SALT, fields),
    )
    if is_in:
        await stores.change(
            "INSERT INTO message_key (account_id, key, seq) VALUES (1, :key, :seq)",
            key=platform_key(f"m:service:alice:{seq}", from_micros(at)),
            seq=seq,
        )
        await stores.change(
            "INSERT INTO work (account_id, seq, identity_id, state, recorded_at) VALUES (1, :seq, 1, :state, :at)",
            seq=seq,
            state="ready" if seq == _MESSAGES - 1 else "done",
            at=at,
        )


async def _messages(stores: OpenStores) -> list[dict[str, Any]]:
    return await stores.rows(
        "SELECT m.*, c.salt, c.fields FROM message m JOIN content c ON c.account_id = m.account_id AND c.seq = m.seq"
        " ORDER BY m.seq"
    )


async def test_the_log_is_as_it_was_and_its_chain_verifies(old: OpenStores, tmp_path: Path) -> None:
    before = await _messages(old)
    await migrate(old.database, now=START)
    chain = Chain(old.database, SealFile(tmp_path / "seals.jsonl"))
    await chain.seal(now=START)
    [report] = await chain.verify()

    assert await _messages(old) == before
    assert len({row_leaf(row | {"digest": bytes(row["digest"])}) for row in before}) == _MESSAGES
    assert (report.rows, report.sealed_to, report.confirmed_outside, report.flaw) == (_MESSAGES, _MESSAGES, 1, None)


async def test_a_chain_that_was_sealed_before_verifies_afterwards(old: OpenStores, tmp_path: Path) -> None:
    outside = tmp_path / "seals.jsonl"
    await Chain(old.database, SealFile(outside)).seal(now=START)
    await migrate(old.database, now=START)
    [report] = await Chain(old.database, SealFile(outside)).verify()

    assert (report.rows, report.confirmed_outside, report.flaw) == (_MESSAGES, 1, None)


async def test_the_program_goes_on_where_it_was(old: OpenStores) -> None:
    await migrate(old.database, now=START)
    clock = ManualClock()
    account = (await old.accounts.bring_in([("service", "wechat", "wx-realm", "服务号")]))["service"]
    visitors = Visitors(old.log, account, clock)
    repeated = await visitors.say("alice", "第39句👍", key="m:service:alice:39")
    now = clock.now()
    [(lease, waiting)] = await old.handling.claim_abandoned(
        accounts=[account.id], holder="web-1", now=now, until=now + LEASE, limit=10
    )
    attribution = AttributionDraft(scene="s1", campaign=None, agent=None)
    await old.handling.finish(turn(lease, [39], "答", now=now, attributions=(attribution,)))
    said = await visitors.say("alice", "新的")

    assert (repeated.seq, repeated.is_new) == (39, False)
    assert [item.inbound.body for item in waiting] == [Text(content="第39句👍")]
    assert lease.epoch == 21
    assert (said.seq, said.person.followed, said.person.quota_left, lease_of(said).epoch) == (42, True, 5, 22)
    assert (await old.one("SELECT seq, scene FROM attribution")) == {"seq": 39, "scene": "s1"}


async def test_what_was_due_is_sent_and_people_are_asked_for_their_unionid(old: OpenStores) -> None:
    await migrate(old.database, now=START)
    until = START + timedelta(seconds=30)
    [row] = await old.outbox.claim(room={1: 10}, holder="worker-1", now=START, until=until)

    assert row.content == TextReply(content="第40句👍")
    assert (row.person.external_id, row.person.quota_left) == ("alice", 4)
    assert await old.customers.unasked_unions(realm="wx-realm", limit=10) == [(1, "alice")]


async def test_rows_land_in_the_partition_of_their_month_and_others_in_the_default(
    stores: OpenStores, clock: ManualClock
) -> None:
    if stores.database.is_sqlite:
        pytest.skip("SQLite has no partitions")
    account = (await stores.accounts.bring_in([("service", "wechat", "wx-realm", "服务号")]))["service"]
    visitors = Visitors(stores.log, account, clock)
    for _ in range(3):
        await visitors.say("alice", "你好")
        await clock.advance(31 * 24 * 3600)

    counts = {
        f"{table}_{month}": await stores.count(f"{table}_{month}")
        for table in ("message", "content")
        for month in ("202605", "202606", "default")
    }
    assert set(counts.values()) == {1}
    await migrate(stores.database, now=clock.now())
    assert [row["seq"] for row in await stores.rows("SELECT seq FROM message ORDER BY seq")] == [1, 2, 3]


async def test_a_month_whose_rows_lie_in_the_default_partition_stays_there(
    stores: OpenStores, clock: ManualClock
) -> None:
    if stores.database.is_sqlite:
        pytest.skip("SQLite has no partitions")
    account = (await stores.accounts.bring_in([("service", "wechat", "wx-realm", "服务号")]))["service"]
    visitors = Visitors(stores.log, account, clock)
    await clock.advance(100 * 24 * 3600)
    await visitors.say("alice", "八月")
    await migrate(stores.database, now=clock.now())
    await visitors.say("alice", "还是八月")

    assert await stores.count("message_default") == 2
    assert await stores.count("message_202609") == 0
