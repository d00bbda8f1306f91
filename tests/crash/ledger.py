"""What the bot's database says after a run, read with SQL of its own: the log, and the states of the answers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from storage.database import Database
from tests.crash.load import TOKEN

#: Every message that was to be answered, in order, with what carried its answer.
_ANSWERS: Final = """
SELECT w.account_id, w.identity_id, w.seq, w.state AS work, w.joined_to, r.n, r.out_seq, r.state AS reply,
       d.state AS delivery, d.reason, d.settled_at
FROM work w
LEFT JOIN reply r ON r.account_id = w.account_id AND r.in_seq = COALESCE(w.joined_to, w.seq)
LEFT JOIN delivery d ON d.account_id = r.account_id AND d.out_seq = r.out_seq
ORDER BY w.account_id, w.identity_id, w.seq, r.n
"""
_LOG: Final = """
SELECT a.name, m.seq, m.direction, c.fields
FROM message m
JOIN account a ON a.id = m.account_id
LEFT JOIN content c ON c.account_id = m.account_id AND c.seq = m.seq
ORDER BY m.account_id, m.seq
"""
_OPEN: Final = """
SELECT (SELECT COUNT(*) FROM work WHERE state = 'ready')
     + (SELECT COUNT(*) FROM reply WHERE state IN ('ready', 'handed'))
     + (SELECT COUNT(*) FROM delivery WHERE state IN ('due', 'claimed', 'attempting', 'retry'))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One message and one answer to it (none: the fields of the answer are None)."""

    account: str
    identity: int
    seq: int
    handled: bool
    out_seq: int | None
    reply: str | None
    delivery: str | None
    reason: str | None
    #: When the delivery came to its end, in epoch seconds.
    settled_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """One message of the log."""

    account: str
    seq: int
    inbound: bool
    tokens: tuple[str, ...]


async def count_open(database: Database) -> int:
    """Return how much is still under way: unhandled messages, unsettled replies and deliveries."""
    async with database.read() as connection:
        return int((await connection.exec_driver_sql(_OPEN)).scalar_one())


async def read_answers(database: Database) -> list[Answer]:
    """Return all messages with their answers, in order of account, person and seq."""
    async with database.read() as connection:
        names = {row.id: row.name for row in await connection.exec_driver_sql("SELECT id, name FROM account")}
        rows = (await connection.exec_driver_sql(_ANSWERS)).all()
    return [
        Answer(
            account=names[row.account_id],
            identity=row.identity_id,
            seq=row.seq,
            handled=row.work == "done",
            out_seq=row.out_seq,
            reply=row.reply,
            delivery=row.delivery,
            reason=row.reason,
            settled_at=None if row.settled_at is None else row.settled_at / 1_000_000,
        )
        for row in rows
    ]


async def read_log(database: Database) -> list[Logged]:
    """Return the whole log in order of account and seq."""
    async with database.read() as connection:
        rows = (await connection.exec_driver_sql(_LOG)).all()
    return [
        Logged(account=row.name, seq=row.seq, inbound=row.direction == "in", tokens=_tokens(row.fields)) for row in rows
    ]


def _tokens(fields: str | None) -> tuple[str, ...]:
    said = json.loads(fields) if fields else {}
    return tuple(TOKEN.findall(str(said.get("content", ""))))
