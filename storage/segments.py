"""Segments over the customers of a scope: counted, sampled, listed, and why somebody is in or out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Integer, cast, func, literal, select

from content.attributes import FactValue
from content.facts import Source
from content.rights import Scope
from content.segments import Condition
from content.value import value
from storage.connection import Connection
from storage.database import Database
from storage.fact_rows import value_of
from storage.segment_sql import Asked, alive, found, members
from storage.tables import CUSTOMER, FACT_CURRENT
from storage.tables.instant import to_micros
from storage.viewer import Viewer

#: A prime below 2³¹, and the two multipliers of Lehmer's generator that a seeded order is made with (Park and Miller).
_PRIME = 2_147_483_647
_FIRST, _SECOND = 48_271, 16_807


@value
class Shown:
    """The current value that a condition on a fact was answered by."""

    value: FactValue
    is_positive: bool
    source: Source
    fact_id: int
    observed_at: datetime
    status: str


@value
class Verdict:
    """One condition and whether it is true of a customer."""

    condition: Condition
    #: How deep it stands in the rule.
    depth: int
    is_true: bool
    evidence: tuple[Shown, ...] = ()


class SegmentQueries:
    """Reads who is in a segment; nobody beyond the viewer's scope leaves the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def count(self, rule: Condition, asked: Asked, *, viewer: Viewer) -> int:
        """Return how many customers are in. Raises StorageError."""
        query = select(func.count()).select_from(within(rule, asked, viewer).subquery())
        async with self._database.read() as connection:
            return int((await connection.execute(query)).scalar_one())

    async def sample(self, rule: Condition, asked: Asked, *, viewer: Viewer, limit: int, seed: int) -> list[int]:
        """Return some customers, drawn by a seed: the same ones for the same seed as long as they are in."""
        mine = within(rule, asked, viewer).subquery()
        # Two rounds, so that neighbouring ids do not stand together; no product leaves 63 bits.
        first = (cast(mine.c.id, BigInteger) + seed % _PRIME) % _PRIME * _FIRST % _PRIME
        query = select(mine.c.id).order_by(first * _SECOND % _PRIME * _FIRST % _PRIME, mine.c.id).limit(limit)
        async with self._database.read() as connection:
            return list((await connection.execute(query)).scalars())

    async def page(
        self, rule: Condition, asked: Asked, *, viewer: Viewer, limit: int, after: int | None = None
    ) -> list[int]:
        """Return customers who are in, in the order of their ids, behind `after`."""
        mine = within(rule, asked, viewer).subquery()
        query = select(mine.c.id).order_by(mine.c.id).limit(limit)
        if after is not None:
            query = query.where(mine.c.id > after)
        async with self._database.read() as connection:
            return list((await connection.execute(query)).scalars())

    async def why(self, rule: Condition, asked: Asked) -> list[Verdict]:
        """Return each condition of a rule, in its order, with whether it is true of `asked.customer_id` and by what.

        Within one snapshot of the database as far as the database keeps one for a connection's reads.
        """
        async with self._database.read() as connection:
            return [
                await _verdict(connection, each, asked, depth=sum(1 for part in place if isinstance(part, str)))
                for place, each in rule.parts()
            ]


def within(rule: Condition, asked: Asked, viewer: Viewer) -> Any:
    """Return the query of the ids of who is in and in the viewer's scope: what an audience is made of."""
    scope = () if viewer.scope is Scope.ALL else (CUSTOMER.c.id.in_(viewer.owned()),)
    return found(rule, asked, *scope)


async def _verdict(connection: Connection, rule: Condition, asked: Asked, *, depth: int) -> Verdict:
    mine = members(rule, asked).subquery()
    there = select(literal(1, Integer)).where(
        CUSTOMER.c.id == asked.customer_id, alive(), CUSTOMER.c.id.in_(select(mine.c[0]))
    )
    is_true = (await connection.execute(there)).first() is not None
    evidence = await _evidence(connection, rule, asked) if rule.fact is not None else ()
    return Verdict(condition=rule, depth=depth, is_true=is_true, evidence=tuple(evidence))


async def _evidence(connection: Connection, rule: Condition, asked: Asked) -> Sequence[Shown]:
    """Return what holds of the attribute, provided that a condition may use it at all."""
    usable = members(Condition(fact=rule.fact, known=True), asked).subquery()
    query = select(FACT_CURRENT).where(
        FACT_CURRENT.c.customer_id == asked.customer_id,
        FACT_CURRENT.c.attribute == rule.fact,
        FACT_CURRENT.c.until > to_micros(asked.now),
        FACT_CURRENT.c.customer_id.in_(select(usable.c[0])),
    )
    rows = (await connection.execute(query.order_by(FACT_CURRENT.c.value))).all()
    return [shown(row) for row in rows]


def shown(row: Any) -> Shown:
    """Return a current value of a row; of a disputed one the value is read from its JSON."""
    return Shown(
        value=value_of(row),
        is_positive=row.polarity == "+",
        source=Source(row.source),
        fact_id=row.fact_id,
        observed_at=row.observed_at,
        status=row.status,
    )


def plain(found_value: FactValue) -> Any:
    """Return a value as JSON has it."""
    return json.loads(found_value.json)
