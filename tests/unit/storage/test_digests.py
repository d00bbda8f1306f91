"""Digests: what the chain stands on, pinned by vectors, because a log of today must verify for ever."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.digests import (
    GENESIS,
    LEAF_COLUMNS,
    chain_head,
    content_digest,
    encode_fields,
    new_salt,
    platform_key,
    platform_month,
    row_leaf,
)

_AT = datetime(2026, 5, 1, 1, 2, 3, tzinfo=UTC)
_ROW: dict[str, Any] = {
    "account_id": 1,
    "seq": 7,
    "month": 202605,
    "direction": "out",
    "kind": "text",
    "identity_id": 3,
    "conversation_id": 4,
    "sent_at": 1_777_627_800_000_000,
    "recorded_at": 1_777_627_800_000_001,
    "purpose": "service",
    "idempotency_key": "reply:1:6:0",
    "content_version": "版本",
    "digest": bytes(range(32)),
}


def test_the_digest_of_a_content_never_changes() -> None:
    expected = "b440ceefb0a2f33d7e1383dd93babdb3476c55e8f062382e6b0d27e070b1d093"

    assert content_digest(b"0123456789abcdef", '{"content":"保险👍"}').hex() == expected


def test_the_leaf_of_a_row_never_changes() -> None:
    assert row_leaf(_ROW).hex() == "1c657d632253b4d741d1f73b592ba159aed9e86eea055a17326ff5cc8f416ac3"


def test_the_head_of_a_chain_never_changes() -> None:
    assert chain_head(GENESIS, [b"a" * 32, b"b" * 32]).hex() == (
        "7e71c82a39ff41ea18f847e526083da5421f3e93b42a8c27353573087b9835c7"
    )


def test_the_form_of_a_platform_key_never_changes() -> None:
    at = datetime(2026, 5, 1, 1, 2, 3, 999_999, tzinfo=UTC)

    assert platform_key("m:gh_1:oAlice:1000", at).hex() == "69f3fb8b" + "faac8866ec2bf79da5fd12517c0b56ae"


def test_keys_lie_in_the_order_of_their_seconds() -> None:
    moments = [datetime(1960, 1, 1, tzinfo=UTC), _AT, _AT + timedelta(seconds=1), datetime(2200, 1, 1, tzinfo=UTC)]
    keys = [platform_key(f"m:gh_1:oAlice:{n}", moment) for n, moment in enumerate(moments)]

    assert keys == sorted(keys)
    assert {len(key) for key in keys} == {20}


@pytest.mark.parametrize("column", [*LEAF_COLUMNS, "digest"])
def test_the_leaf_covers_every_column(column: str) -> None:
    value = _ROW[column]
    changed = value + 1 if isinstance(value, int) else value + value[:1]

    assert row_leaf(_ROW | {column: changed}) != row_leaf(_ROW)


def test_nothing_and_the_empty_text_have_different_leaves() -> None:
    assert row_leaf(_ROW | {"purpose": None}) != row_leaf(_ROW | {"purpose": ""})


def test_the_head_depends_on_what_was_before_and_on_the_order() -> None:
    one, two = b"a" * 32, b"b" * 32
    heads = {chain_head(GENESIS, [one, two]), chain_head(GENESIS, [two, one]), chain_head(one, [one, two])}

    assert len(heads) == 3


def test_salts_differ() -> None:
    assert len({new_salt() for _ in range(100)}) == 100
    assert {len(new_salt()) for _ in range(10)} == {16}


@pytest.mark.parametrize(
    ("words", "stored"),
    [
        ("保险👍", '{"w":"保险👍"}'),
        ("a\x00b\n", '{"w":"a\\u0000b\\n"}'),
        ("坏\ud83d字", '{"w":"坏\\ud83d字"}'),
        ("\u2028\ufeff\x7f", '{"w":"\u2028\ufeff\x7f"}'),
    ],
    ids=["plain", "control", "lone surrogate", "invisible"],
)
def test_fields_are_stored_as_readable_json(words: str, stored: str) -> None:
    assert encode_fields({"w": words}) == stored


@given(
    st.dictionaries(
        st.text(), st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5)
    )
)
def test_stored_fields_come_back(fields: dict[str, Any]) -> None:
    assert json.loads(encode_fields(fields)) == fields


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_whatever_is_stored_is_utf8_without_null(words: str) -> None:
    assert b"\x00" not in encode_fields({"w": words}).encode()


@given(st.text(alphabet=st.characters(exclude_categories=())), st.text(alphabet=st.characters(exclude_categories=())))
def test_different_keys_have_different_forms(one: str, other: str) -> None:
    assert (platform_key(one, _AT) == platform_key(other, _AT)) is (one == other)


@pytest.mark.parametrize(
    ("moment", "month"),
    [
        (datetime(2026, 5, 31, 15, 59, 59, tzinfo=UTC), 202605),
        (datetime(2026, 5, 31, 16, tzinfo=UTC), 202606),
        (datetime(2026, 12, 31, 16, tzinfo=UTC), 202701),
        (datetime(2026, 1, 1, 0, tzinfo=timezone(timedelta(hours=8))), 202601),
        (datetime(2025, 12, 31, 23, tzinfo=timezone(timedelta(hours=-5))), 202601),
    ],
)
def test_the_month_is_that_of_the_platforms_zone(moment: datetime, month: int) -> None:
    assert platform_month(moment) == month
