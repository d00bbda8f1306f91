"""Reading the leaves of the log: in order, in bounds, and the same whichever way a database hands them over."""

from __future__ import annotations

from typing import Any

import pytest

from storage.digests import row_leaf
from storage.leaves import Leaves, read_leaves, read_rows
from storage.records import AccountRow
from tests.fakes.clock import START
from tests.fakes.stores import OpenStores

_INSERT = (
    "INSERT INTO message (account_id, seq, month, direction, kind, identity_id, conversation_id, sent_at, recorded_at,"
    " purpose, idempotency_key, content_version, digest) VALUES (:account_id, :seq, :month, :direction, :kind,"
    " :identity_id, :conversation_id, :sent_at, :recorded_at, :purpose, :idempotency_key, :content_version, :digest)"
)


def _row(account: AccountRow, seq: int, **other: Any) -> dict[str, Any]:
    return {
        "account_id": account.id,
        "seq": seq,
        "month": 202605,
        "direction": "out",
        "kind": "text",
        "identity_id": 2**40 + seq,
        "conversation_id": 4,
        "sent_at": int(START.timestamp()) * 1_000_000,
        "recorded_at": int(START.timestamp()) * 1_000_000 + seq,
        "purpose": "service",
        "idempotency_key": f"reply:1:{seq}:0",
        "content_version": None,
        "digest": bytes([seq % 256]) * 32,
    } | other


async def _leaves(stores: OpenStores, account: AccountRow, **bounds: int) -> Leaves | None:
    async with stores.database.read() as connection:
        return await read_leaves(connection, account.id, **{"after": 0, "limit": 1_000} | bounds)


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"purpose": None, "idempotency_key": None},
        {"content_version": ""},
        {"content_version": "版本👍"},
        {"content_version": '"],["'},
        {"content_version": "a\\b/c"},
        {"content_version": "one\ntwo\ttab\x01\x1f\x7f"},
        {"idempotency_key": "null"},
        {"digest": b"\n" * 32},
    ],
    ids=["plain", "nothing", "empty", "not ASCII", "quotes", "backslash", "control", "a word", "digest of line ends"],
)
async def test_a_leaf_is_that_of_its_columns(stores: OpenStores, account: AccountRow, odd: dict[str, Any]) -> None:
    rows = [_row(account, 1), _row(account, 2, **odd), _row(account, 3)]
    for row in rows:
        await stores.change(_INSERT, **row)
    expected = tuple(row_leaf(row) for row in rows)

    assert await _leaves(stores, account) == Leaves(first=1, last=3, leaves=expected)
    async with stores.database.read() as connection:
        assert [row.leaf for row in await read_rows(connection, account.id, after=0)] == list(expected)


async def test_leaves_come_in_order_within_their_bounds(stores: OpenStores, accounts: dict[str, AccountRow]) -> None:
    """More rows than are read at once, written backwards, beside another account's."""
    account, other = accounts["service"], accounts["second"]
    rows = [_row(account, seq) for seq in range(1, 601)]
    for row in reversed(rows):
        await stores.change(_INSERT, **row)
    await stores.change(_INSERT, **_row(other, 300))
    expected = tuple(row_leaf(row) for row in rows)

    assert await _leaves(stores, account) == Leaves(first=1, last=600, leaves=expected)
    assert await _leaves(stores, account, after=10, limit=300) == Leaves(first=11, last=310, leaves=expected[10:310])
    assert await _leaves(stores, account, after=590, up_to=595) == Leaves(first=591, last=595, leaves=expected[590:595])
    assert await _leaves(stores, account, after=600) is None
