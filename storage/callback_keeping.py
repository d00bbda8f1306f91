"""Call-backs of people who were erased: kept under a number that names nobody for as long as the law says, then gone.

A round says what was sold, what was asked and what was answered, in the insurer's own words and under the policy's
number; what the customer typed stands in the log and goes with it (`storage/lock_away.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, func, select, update

from storage.connection import Connection
from storage.database import Database
from storage.erasures import held
from storage.tables import CALLBACK, CALLBACK_ANSWER, CUSTOMER, ERASED_IDENTITY, IDENTITY

#: Rounds that are destroyed in one transaction: a statement takes only so many numbers.
_BATCH: Final = 500


class CallbackKeeping:
    """Counts them, and destroys those whose time is over."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_erasure(self, erasure_id: int) -> int:
        """Return how many rounds are kept of an erasure."""
        mine = select(ERASED_IDENTITY.c.identity_id).where(ERASED_IDENTITY.c.erasure_id == erasure_id)
        return await self._count(mine)

    async def of_customer(self, customer_id: int) -> int:
        """Return how many rounds a living customer has."""
        return await self._count(select(IDENTITY.c.id).where(IDENTITY.c.customer_id == customer_id))

    async def expire(self, *, before: datetime) -> int:
        """Destroy rounds of erased people that ended before, but for those of a legal hold; return how many went."""
        erased = (
            select(IDENTITY.c.id)
            .join(CUSTOMER, CUSTOMER.c.id == IDENTITY.c.customer_id)
            .where(CUSTOMER.c.erased_at.is_not(None), ~held(IDENTITY.c.customer_id))
        )
        over = select(CALLBACK.c.id).where(CALLBACK.c.identity_id.in_(erased), _is_over(before))
        async with self._database.read() as connection:
            numbers = list((await connection.execute(over)).scalars())
        went = 0
        for first in range(0, len(numbers), _BATCH):
            some = numbers[first : first + _BATCH]
            counts = await self._database.write(partial(_destroy, numbers=some))
            went += counts["callback"]
        return went

    async def _count(self, identities: Any) -> int:
        query = select(func.count()).select_from(CALLBACK).where(CALLBACK.c.identity_id.in_(identities))
        async with self._database.read() as connection:
            return int((await connection.execute(query)).scalar_one())


async def destroy_rounds(connection: Connection, identity_ids: Sequence[int], *, before: datetime) -> dict[str, int]:
    """Destroy what these identities answered and need not be kept any more; return how many rows went, by table.

    What is kept keeps the policy's number, and not the number under which the policy source knows the person.
    """
    mine = CALLBACK.c.identity_id.in_(identity_ids)
    over = select(CALLBACK.c.id).where(mine, _is_over(before))
    counts = await _destroy(connection, list((await connection.execute(over)).scalars()))
    await connection.execute(update(CALLBACK).where(mine).values(holder=""))
    return counts


async def _destroy(connection: Connection, numbers: Sequence[int]) -> dict[str, int]:
    # The rounds first: a trigger keeps an answer while its round stands.
    rounds = await connection.execute(delete(CALLBACK).where(CALLBACK.c.id.in_(numbers)))
    answers = await connection.execute(delete(CALLBACK_ANSWER).where(CALLBACK_ANSWER.c.callback_id.in_(numbers)))
    return {"callback": int(rounds.rowcount), "callback_answer": int(answers.rowcount)}


def _is_over(before: datetime) -> ColumnElement[bool]:
    return func.coalesce(CALLBACK.c.ended_at, CALLBACK.c.begun_at, type_=CALLBACK.c.begun_at.type) <= before
