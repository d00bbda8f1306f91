"""Facts in a transaction: whose they are, taken down once each, and folded into what holds now."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, insert, select

from content.attributes import FactValue
from content.facts import RANKS, Current, Source, Statement, Status, fold
from content.value import value
from storage.connection import Connection
from storage.people import upsert
from storage.tables import CUSTOMER, FACT, FACT_CURRENT, IDENTITY
from storage.tables.facts import NEVER
from storage.tables.instant import to_micros


@value
class FactDraft:
    """A statement before it is taken down."""

    customer_id: int
    identity_id: int | None
    attribute: str
    is_many: bool
    subject: str = "self"
    value: FactValue
    unit: str | None
    is_positive: bool = True
    confidence: float
    source: Source
    #: JSON that says where it stands; and what of that makes it the same statement when it comes again.
    evidence: str
    origin: str
    observed_at: datetime
    valid_to: datetime | None
    consent_basis: str

    @property
    def key(self) -> bytes:
        """What the same statement of the same evidence has in common: who, what, from where."""
        who = f"i{self.identity_id}" if self.identity_id is not None else f"c{self.customer_id}"
        parts = [who, self.attribute, self.subject, self.value.key, str(self.is_positive), self.source, self.origin]
        return hashlib.blake2b("\0".join(parts).encode(), digest_size=16).digest()


async def hold_living(connection: Connection, customers: Collection[int]) -> set[int]:
    """Lock customers until the transaction ends; return who of them is neither merged nor erased.

    A merge, its undoing, an erasure and whoever writes facts wait for each other here; in order of the ids.
    """
    living = (CUSTOMER.c.merged_into.is_(None), CUSTOMER.c.erased_at.is_(None))
    query = select(CUSTOMER.c.id, *living).where(CUSTOMER.c.id.in_(sorted(customers))).order_by(CUSTOMER.c.id)
    rows = (await connection.execute(query.with_for_update())).all()
    return {row[0] for row in rows if row[1] and row[2]}


async def take_facts(connection: Connection, drafts: Sequence[FactDraft], *, now: datetime) -> int:
    """Take statements of locked, living customers down and fold them in; return how many were new."""
    if not drafts:
        return 0
    statement = upsert(connection.dialect)(FACT).on_conflict_do_nothing(index_elements=["key"])
    rows = list({each.key: _row(each, now=now) for each in drafts}.values())
    fresh = (await connection.execute(statement.returning(FACT.c.customer_id, FACT.c.attribute), rows)).all()
    if fresh:
        await refold(
            connection, {row.customer_id for row in fresh}, attributes={row.attribute for row in fresh}, now=now
        )
    return len(fresh)


async def refold(
    connection: Connection, customers: Iterable[int], *, now: datetime, attributes: Collection[str] | None = None
) -> None:
    """Make what holds now anew of customers, and of whom they were merged into; of some attributes or of all."""
    asked = set(customers) | await _roots(connection, set(customers))
    stale = delete(FACT_CURRENT).where(FACT_CURRENT.c.customer_id.in_(sorted(asked)))
    if attributes is not None:
        stale = stale.where(FACT_CURRENT.c.attribute.in_(sorted(attributes)))
    await connection.execute(stale)
    groups: dict[tuple[int, str], list[Any]] = {}
    for owner, row in await _facts(connection, asked, attributes):
        groups.setdefault((owner, row.attribute), []).append(row)
    rows = [
        _current_row(owner, attribute, each)
        for (owner, attribute), found in groups.items()
        for each in fold([_statement(row) for row in found], many=bool(found[-1].is_many), now=now)
    ]
    if rows:
        await connection.execute(insert(FACT_CURRENT), rows)


async def _roots(connection: Connection, customers: set[int]) -> set[int]:
    """Return the customers that these were merged into, over any number of merges."""
    found: set[int] = set()
    fresh = customers
    while fresh:
        query = select(CUSTOMER.c.merged_into).where(
            CUSTOMER.c.id.in_(sorted(fresh)), CUSTOMER.c.merged_into.is_not(None)
        )
        fresh = set((await connection.execute(query)).scalars()) - found
        found |= fresh
    return found


async def _facts(
    connection: Connection, customers: set[int], attributes: Collection[str] | None
) -> list[tuple[int, Any]]:
    """Return each fact of living customers with whose it is: of their identities, of their numbers."""
    living = select(CUSTOMER.c.id).where(
        CUSTOMER.c.id.in_(sorted(customers)), CUSTOMER.c.merged_into.is_(None), CUSTOMER.c.erased_at.is_(None)
    )
    owner_of = {number: number for number in (await connection.execute(living)).scalars()}
    fresh = dict(owner_of)
    while fresh:
        merged = (await connection.execute(merged_into(fresh))).all()
        fresh = {row.id: fresh[row.merged_into] for row in merged if row.id not in owner_of}
        owner_of |= fresh
    wanted = () if attributes is None else (FACT.c.attribute.in_(sorted(attributes)),)
    by_identity = (
        select(IDENTITY.c.customer_id.label("owner"), FACT)
        .join(FACT, FACT.c.identity_id == IDENTITY.c.id)
        .where(IDENTITY.c.customer_id.in_(sorted(set(owner_of.values()))), *wanted)
    )
    by_number = select(FACT).where(FACT.c.customer_id.in_(sorted(owner_of)), FACT.c.identity_id.is_(None), *wanted)
    found = [(row.owner, row) for row in await connection.execute(by_identity)]
    return found + [(owner_of[row.customer_id], row) for row in await connection.execute(by_number)]


def merged_into(customers: Collection[int]) -> Select[Any]:
    """Return the query of who was merged into one of these customers."""
    return select(CUSTOMER.c.id, CUSTOMER.c.merged_into).where(CUSTOMER.c.merged_into.in_(sorted(customers)))


def value_of(row: Any) -> FactValue:
    """Return the value of a row of either table."""
    return FactValue(word=row.word, number=row.number, day=row.day, json=row.value)


def _statement(row: Any) -> Statement:
    return Statement(
        id=row.id,
        subject=row.subject,
        value=value_of(row),
        is_positive=row.polarity == "+",
        confidence=row.confidence,
        source=Source(row.source),
        observed_at=row.observed_at,
        valid_to=row.valid_to,
    )


def _row(draft: FactDraft, *, now: datetime) -> dict[str, Any]:
    return {
        "key": draft.key,
        "customer_id": draft.customer_id,
        "identity_id": draft.identity_id,
        "attribute": draft.attribute,
        "is_many": draft.is_many,
        "subject": draft.subject,
        "value": draft.value.json,
        "word": draft.value.word,
        "number": draft.value.number,
        "day": draft.value.day,
        "unit": draft.unit,
        "polarity": "+" if draft.is_positive else "-",
        "confidence": draft.confidence,
        "source": draft.source,
        "source_rank": RANKS[draft.source],
        "extractor_version": None,
        "evidence": draft.evidence,
        "observed_at": draft.observed_at,
        "valid_from": draft.observed_at,
        "valid_to": draft.valid_to,
        "status": Status.ACTIVE,
        "consent_basis": draft.consent_basis,
        "recorded_at": now,
    }


def _current_row(owner: int, attribute: str, current: Current) -> dict[str, Any]:
    is_found = current.status is Status.ACTIVE and current.is_positive
    return {
        "customer_id": owner,
        "attribute": attribute,
        "subject": current.subject,
        "value": current.value.json,
        "word": current.value.word if is_found else None,
        "number": current.value.number if is_found else None,
        "day": current.value.day,
        "polarity": "+" if current.is_positive else "-",
        "confidence": current.confidence,
        "source": current.source,
        "fact_id": current.fact_id,
        "observed_at": current.observed_at,
        "until": NEVER if current.until is None else to_micros(current.until),
        "status": current.status,
    }
