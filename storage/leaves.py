"""Reading the rows that the chain covers, in order: their leaves for a seal, the rows themselves to verify them.

Sealing shares the event loop with the conversations. On SQLite every row that is fetched wins the interpreter's lock
back from a busy loop, so there the database itself puts the leaves' text together and a chunk comes as one row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    func,
    literal_column,
    select,
    type_coerce,
)

from content.value import value
from storage.connection import Connection
from storage.digests import LEAF_COLUMNS, leaf
from storage.statements import Lookup
from storage.tables import CONTENT, MESSAGE
from storage.tables.instant import Instant

#: Rows read at once: their leaves take less than a millisecond, then the event loop has its turn.
_CHUNK = 500
_END = 2**63 - 1
_WIDTH = len(LEAF_COLUMNS)
#: The columns a leaf covers, instants as the integers that are stored.
_COVERED: tuple[ColumnElement[Any], ...] = tuple(
    type_coerce(MESSAGE.c[name], BigInteger).label(name)
    if isinstance(MESSAGE.c[name].type, Instant)
    else MESSAGE.c[name]
    for name in LEAF_COLUMNS
)


@value
class Leaves:
    """The leaves of the rows `first` to `last`, in order."""

    first: int
    last: int
    leaves: tuple[bytes, ...]


@value
class SealedRow:
    """One row as it stands, with its content unless that was destroyed."""

    seq: int
    leaf: bytes
    digest: bytes
    salt: bytes | None
    fields: str | None


async def read_leaves(
    connection: Connection, account_id: int, *, after: int, limit: int, up_to: int = _END
) -> Leaves | None:
    """Return the leaves of at most `limit` rows behind `after`; None when there are none."""
    first, last = 0, after
    leaves: list[bytes] = []
    while (room := limit - len(leaves)) > 0:
        chunk = await _chunk(connection, account_id, after=last, up_to=up_to, limit=min(room, _CHUNK))
        if chunk is None:
            break
        first, last = first or chunk.first, chunk.last
        leaves += chunk.leaves
    return Leaves(first=first, last=last, leaves=tuple(leaves)) if leaves else None


async def read_rows(connection: Connection, account_id: int, *, after: int) -> list[SealedRow]:
    """Return a chunk of rows behind `after`, in order."""
    found = await _FIND_CONTENTS.run(connection, [account_id], after=after, up_to=_END, limit=_CHUNK)
    return [
        SealedRow(seq=row.seq, leaf=leaf(row[:_WIDTH], row.digest), digest=row.digest, salt=row.salt, fields=row.fields)
        for row in found
    ]


async def _chunk(connection: Connection, account_id: int, **bounds: int) -> Leaves | None:
    if connection.dialect.name == "sqlite":
        [(first, last, joined)] = await _FIND_TEXTS.run(connection, [account_id], **bounds)
        if joined is None:
            return None
        # SQLite and the leaf's own encoder write what is not ASCII or must be escaped in different ways.
        if joined.isascii() and "\\" not in joined:
            return Leaves(first=first, last=last, leaves=tuple([_hashed(text) for text in joined.split("\n")]))
    rows = await _FIND_ROWS.run(connection, [account_id], **bounds)
    if not rows:
        return None
    leaves = tuple([leaf(row[:_WIDTH], row[_WIDTH]) for row in rows])
    return Leaves(first=rows[0].seq, last=rows[-1].seq, leaves=leaves)


def _hashed(text: str) -> bytes:
    """Return the leaf of a row that came as the JSON of its columns and its digest in hexadecimal."""
    return hashlib.sha256(text[:-64].encode() + bytes.fromhex(text[-64:])).digest()


def _behind(accounts: Sequence[BindParameter[Any]], query: Select[Any]) -> Select[Any]:
    return (
        query.where(
            MESSAGE.c.account_id.in_(accounts),
            MESSAGE.c.seq > bindparam("after", type_=BigInteger()),
            MESSAGE.c.seq <= bindparam("up_to", type_=BigInteger()),
        )
        .order_by(MESSAGE.c.seq)
        .limit(bindparam("limit", type_=Integer()))
        .offset(literal_column("0"))  # SQLAlchemy would add a parameter of its own
    )


def _rows(accounts: Sequence[BindParameter[Any]]) -> Select[Any]:
    return _behind(accounts, select(*_COVERED, MESSAGE.c.digest))


def _contents(accounts: Sequence[BindParameter[Any]]) -> Select[Any]:
    joined = and_(CONTENT.c.account_id == MESSAGE.c.account_id, CONTENT.c.seq == MESSAGE.c.seq)
    columns = (*_COVERED, MESSAGE.c.digest, CONTENT.c.salt, CONTENT.c.fields)
    return _behind(accounts, select(*columns).select_from(MESSAGE.outerjoin(CONTENT, joined)))


def _texts(accounts: Sequence[BindParameter[Any]]) -> Select[Any]:
    text = func.json_array(*_COVERED, type_=String()) + func.lower(func.hex(MESSAGE.c.digest), type_=String())
    # The LIMIT keeps SQLite from dropping the order of the inner query.
    rows = _behind(accounts, select(MESSAGE.c.seq, text.label("text"))).subquery()
    joined = func.group_concat(rows.c.text, literal_column("char(10)"))
    return select(func.min(rows.c.seq), func.max(rows.c.seq), joined)


_FIND_ROWS = Lookup(_rows, of=MESSAGE.c.account_id)
_FIND_CONTENTS = Lookup(_contents, of=MESSAGE.c.account_id)
_FIND_TEXTS = Lookup(_texts, of=MESSAGE.c.account_id)
