"""Rounds of call-backs as they are read: each with its answers; and those of one customer for staff."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from content.value import value
from storage.connection import Connection
from storage.database import Database
from storage.tables import ACCOUNT, CALLBACK, CALLBACK_ANSWER, IDENTITY
from storage.tables.callbacks import CallbackState


@value
class Given:
    """One answer as it is kept."""

    question: str
    edition: str
    #: Word for word as the customer read them.
    text: str
    label: str
    value: str
    is_doubt: bool
    #: The message that answered: the account's name, and its place in the account's log.
    account: str
    seq: int
    at: datetime

    @property
    def said_in(self) -> str:
        """The message as ACCOUNT:SEQ."""
        return f"{self.account}:{self.seq}"


@value
class Round:
    """One round with what was answered, in the order in which it was."""

    id: int
    identity_id: int
    holder: str
    policy: str
    product: str
    due: date | None
    edition: str
    state: CallbackState
    begun_at: datetime
    ended_at: datetime | None
    missed: str | None
    missed_by: str | None
    paused_by: str | None
    answers: tuple[Given, ...] = ()

    def answer_of(self, question: str) -> Given | None:
        """Return what was answered to a question."""
        return next((given for given in self.answers if given.question == question), None)


class CallbackList:
    """Reads the rounds of customers; whoever shows them asks for the scope and notes the reading."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, customer_id: int, *, limit: int) -> list[Round]:
        """Return the rounds of a customer's identities, the newest first."""
        mine = select(IDENTITY.c.id).where(IDENTITY.c.customer_id == customer_id)
        newest = select(CALLBACK.c.id).where(CALLBACK.c.identity_id.in_(mine)).order_by(CALLBACK.c.id.desc())
        async with self._database.read() as connection:
            wanted = list((await connection.execute(newest.limit(limit))).scalars())
            found = await rounds(connection, CALLBACK.c.id.in_(wanted))
        return found[::-1]


async def rounds(connection: Connection, *conditions: Any) -> list[Round]:
    """Return the rounds under conditions on CALLBACK with their answers, the oldest first."""
    rows = (await connection.execute(select(CALLBACK).where(*conditions).order_by(CALLBACK.c.id))).all()
    given: dict[int, list[Given]] = {}
    if rows:
        mine = CALLBACK_ANSWER.c.callback_id.in_([row.id for row in rows])
        query = (
            select(CALLBACK_ANSWER, ACCOUNT.c.name.label("account"))
            .join(ACCOUNT, ACCOUNT.c.id == CALLBACK_ANSWER.c.account_id)
            .where(mine)
            .order_by(CALLBACK_ANSWER.c.at, CALLBACK_ANSWER.c.seq)
        )
        for row in await connection.execute(query):
            given.setdefault(row.callback_id, []).append(_given(row))
    return [_round(row, given.get(row.id, ())) for row in rows]


def _given(row: Any) -> Given:
    return Given(**{name: item for name, item in row._mapping.items() if name not in ("callback_id", "account_id")})


def _round(row: Any, answers: Sequence[Given]) -> Round:
    kept = dict(row._mapping) | {"state": CallbackState(row.state), "answers": tuple(answers)}
    return Round(**kept)
