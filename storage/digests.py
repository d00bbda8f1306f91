"""The digests the log stands on: of a content (salted), of a row, of a platform identity, and the chain over rows.

A content's digest is SHA-256 over its salt and its stored characters; when salt and content are destroyed nothing about
them can be guessed from it. A row's leaf covers every column of the immutable row, that digest included. The chain's
head after a batch is SHA-256 over the head before it and the batch's leaves.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

#: Head of an empty chain.
GENESIS = bytes(32)
SALT_BYTES = 16
#: The columns of `message` in the order the leaf covers them.
LEAF_COLUMNS = (
    "account_id",
    "seq",
    "month",
    "direction",
    "kind",
    "identity_id",
    "conversation_id",
    "sent_at",
    "recorded_at",
    "purpose",
    "idempotency_key",
    "content_version",
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
#: `default`: a column whose type somebody changed has another leaf, and does not stop whoever computes it.
_LEAF_ENCODER = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), default=repr)
_PLATFORM_ZONE = timezone(timedelta(hours=8))


def encode_fields(fields: Mapping[str, Any]) -> str:
    """Return a message's fields as the JSON that is stored: characters unescaped, order kept.

    Lone surrogates are escaped: no database stores them, JSON can write them.
    """
    stored = _ENCODER.encode(fields)
    try:
        stored.encode()
    except UnicodeEncodeError:
        return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", stored)
    return stored


def content_digest(salt: bytes, fields: str) -> bytes:
    """Return the salted digest of stored fields."""
    return hashlib.sha256(salt + fields.encode()).digest()


def new_salt() -> bytes:
    """Return fresh random bytes for one content."""
    return os.urandom(SALT_BYTES)


def platform_key(key: str, sent_at: datetime) -> bytes:
    """Return the 20-byte form of a composite identity of a message sent at `sent_at`: the second, then a digest.

    The second stands in front because platforms repeat it with every attempt and because new keys then lie side by
    side in the index: keys in random order cost a page of the index, and so of the disk, for every message.
    """
    second = min(max(int(sent_at.timestamp()), 0), 2**32 - 1)
    return second.to_bytes(4, "big") + hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def row_leaf(row: Mapping[str, Any]) -> bytes:
    """Return the leaf of one message row; instants count as microseconds."""
    return leaf([row[column] for column in LEAF_COLUMNS], row["digest"])


def leaf(covered: Sequence[Any], digest: bytes) -> bytes:
    """Return the leaf of a row whose values stand in the order of `LEAF_COLUMNS`."""
    return hashlib.sha256(_LEAF_ENCODER.encode(list(covered)).encode() + digest).digest()


def chain_head(before: bytes, leaves: Iterable[bytes]) -> bytes:
    """Return the head after a batch of leaves."""
    running = hashlib.sha256(before)
    for leaf in leaves:
        running.update(leaf)
    return running.digest()


def platform_month(moment: datetime) -> int:
    """Return the month of a moment in the platform's zone (UTC+8) as yyyymm: the partition key."""
    local = moment.astimezone(_PLATFORM_ZONE)
    return local.year * 100 + local.month
