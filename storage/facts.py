"""What is known of one customer: what holds, with what shows it; and what they filled in themselves."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import select

from content.attributes import FactValue
from content.consent import Consent, ConsentState
from content.facts import CONFIDENCES, Source
from content.value import value
from storage.audit import Deed, note_deed
from storage.connection import Connection
from storage.database import Database
from storage.fact_lists import Told
from storage.fact_rows import FactDraft, hold_living, take_facts, value_of
from storage.people import latest_consents
from storage.tables import CUSTOMER, FACT, FACT_CURRENT, FACT_LIST
from storage.tables.facts import NEVER
from storage.tables.instant import from_micros, to_micros
from storage.viewer import Viewer

_REFUSED: Final = frozenset({ConsentState.REFUSED, ConsentState.WITHDRAWN})


@value
class KnownFact:
    """What holds, or is disputed, of one attribute of a customer."""

    attribute: str
    subject: str
    value: FactValue
    is_positive: bool
    confidence: float
    source: Source
    status: str
    observed_at: datetime
    #: None: until contradicted.
    until: datetime | None
    #: The statement that shows it best: its number, where it stands, and the list's name where it is one.
    fact_id: int
    evidence: dict[str, Any]
    list_name: str | None


class Entered(StrEnum):
    """What became of what a customer filled in."""

    TAKEN = "taken"
    NOBODY = "nobody"
    REFUSED = "refused"


@value
class Entry:
    """One filled in form: its name, and what tells this filling from another."""

    form: str
    entry: str
    facts: tuple[Told, ...]


class FactBook:
    """Reads and writes the facts of one customer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, customer_id: int, *, sensitive: Sequence[str], now: datetime) -> list[KnownFact]:
        """Return what holds now; of the attributes `sensitive` only with the consent, nothing without a profile."""
        query = (
            select(FACT_CURRENT, FACT.c.evidence, FACT.c.consent_basis)
            .join(FACT, FACT.c.id == FACT_CURRENT.c.fact_id)
            .where(FACT_CURRENT.c.customer_id == customer_id, FACT_CURRENT.c.until > to_micros(now))
            .order_by(FACT_CURRENT.c.attribute, FACT_CURRENT.c.subject, FACT_CURRENT.c.value)
        )
        async with self._database.read() as connection:
            consents = (await latest_consents(connection, [customer_id])).get(customer_id, {})
            if consents.get(Consent.PROFILE) in _REFUSED:
                return []
            rows = (await connection.execute(query)).all()
            names = {row.id: row.name for row in await connection.execute(_lists(rows))}
        allows = consents.get(Consent.SENSITIVE) == ConsentState.GRANTED
        # What was sensitive when it was taken down stays so, whatever became of its attribute.
        return [
            _known(row, names)
            for row in rows
            if allows or not (row.attribute in sensitive or row.consent_basis == "sensitive")
        ]

    async def enter(
        self, customer_id: int, entry: Entry, *, viewer: Viewer, now: datetime
    ) -> tuple[Entered, int, tuple[str, ...]]:
        """Take down what a customer filled in; return how many facts were new, and which need a consent first.

        The same entry of the same form again changes nothing.
        """

        async def apply(connection: Connection) -> tuple[Entered, int, tuple[str, ...]]:
            seen = select(CUSTOMER.c.id).where(CUSTOMER.c.id == customer_id, viewer.sees_customer(CUSTOMER.c.id))
            is_living = customer_id in await hold_living(connection, [customer_id])
            if not is_living or (await connection.execute(seen)).first() is None:
                return Entered.NOBODY, 0, ()
            consents = (await latest_consents(connection, [customer_id])).get(customer_id, {})
            if consents.get(Consent.PROFILE) in _REFUSED:
                return Entered.REFUSED, 0, ()
            allows = consents.get(Consent.SENSITIVE) == ConsentState.GRANTED
            left_out = sorted({told.attribute for told in entry.facts if told.is_sensitive and not allows})
            drafts = [
                _draft(customer_id, entry, told, now=now) for told in entry.facts if told.attribute not in left_out
            ]
            count = await take_facts(connection, drafts, now=now)
            deed = Deed(action="added", subject="customer", subject_id=customer_id, detail=f"{entry.form}: {count}")
            await note_deed(connection, viewer, deed, now=now)
            return Entered.TAKEN, count, tuple(left_out)

        return await self._database.write(apply)


def _draft(customer_id: int, entry: Entry, told: Told, *, now: datetime) -> FactDraft:
    return FactDraft(
        customer_id=customer_id,
        identity_id=None,
        attribute=told.attribute,
        is_many=told.is_many,
        value=told.value,
        unit=told.unit,
        confidence=CONFIDENCES[Source.CUSTOMER_ENTRY],
        source=Source.CUSTOMER_ENTRY,
        evidence=json.dumps({"form": entry.form, "entry": entry.entry}, ensure_ascii=False),
        origin=f"form:{entry.form}:{entry.entry}",
        observed_at=now,
        valid_to=told.valid_to,
        consent_basis="sensitive" if told.is_sensitive else "entry",
    )


def _lists(rows: Sequence[Any]) -> Any:
    numbers = {json.loads(row.evidence).get("list", 0) for row in rows}
    return select(FACT_LIST.c.id, FACT_LIST.c.name).where(FACT_LIST.c.id.in_(sorted(numbers)))


def _known(row: Any, names: Mapping[int, str]) -> KnownFact:
    evidence = json.loads(row.evidence)
    return KnownFact(
        attribute=row.attribute,
        subject=row.subject,
        value=value_of(row),
        is_positive=row.polarity == "+",
        confidence=row.confidence,
        source=Source(row.source),
        status=row.status,
        observed_at=row.observed_at,
        until=None if row.until == NEVER else from_micros(row.until),
        fact_id=row.fact_id,
        evidence=evidence,
        list_name=names.get(evidence.get("list", 0)),
    )
