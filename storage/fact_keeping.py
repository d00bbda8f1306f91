"""Facts whose customers do not allow them any more: destroyed, not only out of use."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select

from content.consent import Consent, ConsentState
from storage.connection import Connection
from storage.database import Database
from storage.erasures import customers_of
from storage.fact_rows import hold_living, refold
from storage.people import latest_consents
from storage.segment_sql import alive, says
from storage.tables import CONSENT_ENTRY, CUSTOMER, FACT, IDENTITY

_NO: Final = (ConsentState.REFUSED, ConsentState.WITHDRAWN)
#: Customers of one look; each is a transaction of their own.
_MOST: Final = 200
_OTHER: Final = CUSTOMER.alias("merged")


class FactKeeping:
    """Finds and destroys them; killed anywhere, the next look goes on."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def destroy_unwanted(self, *, now: datetime) -> int:
        """Destroy all facts of who refused or took back the profile, the sensitive ones of who did so with them.

        Returns how many statements went. A legal hold keeps messages, not facts. Raises StorageError.
        """
        refused = and_(
            CONSENT_ENTRY.c.consent.in_((Consent.PROFILE, Consent.SENSITIVE)), CONSENT_ENTRY.c.state.in_(_NO)
        )
        customers = select(CONSENT_ENTRY.c.customer_id).where(refused).distinct().subquery()
        query = (
            select(CUSTOMER.c.id)
            .join(customers, customers.c.customer_id == CUSTOMER.c.id)
            .where(
                alive(),
                or_(
                    and_(says(CUSTOMER.c.id, Consent.PROFILE, *_NO), _has()),
                    and_(says(CUSTOMER.c.id, Consent.SENSITIVE, *_NO), _has(FACT.c.consent_basis == "sensitive")),
                ),
            )
            .order_by(CUSTOMER.c.id)
            .limit(_MOST)
        )
        async with self._database.read() as connection:
            found = list((await connection.execute(query)).scalars())
        return sum([await self._destroy(customer_id, now=now) for customer_id in found])

    async def _destroy(self, customer_id: int, *, now: datetime) -> int:
        async def apply(connection: Connection) -> int:
            if customer_id not in await hold_living(connection, [customer_id]):
                return 0
            # They may have said something else since they were found.
            consents = (await latest_consents(connection, [customer_id])).get(customer_id, {})
            unwanted: list[ColumnElement[bool]] = []
            if consents.get(Consent.PROFILE) not in _NO:
                if consents.get(Consent.SENSITIVE) not in _NO:
                    return 0
                unwanted.append(FACT.c.consent_basis == "sensitive")
            mine = _of(await customers_of(connection, customer_id), customer_id)
            went = int((await connection.execute(delete(FACT).where(mine, *unwanted))).rowcount)
            await refold(connection, [customer_id], now=now)
            return went

        return await self._database.write(apply)


def _of(numbers: Sequence[int], customer_id: int) -> ColumnElement[bool]:
    """Return the condition that a FACT is a customer's: of one of their identities, or of one of their numbers."""
    identities = select(IDENTITY.c.id).where(IDENTITY.c.customer_id == customer_id)
    return or_(FACT.c.identity_id.in_(identities), and_(FACT.c.identity_id.is_(None), FACT.c.customer_id.in_(numbers)))


def _has(*more: Any) -> ColumnElement[bool]:
    """Return the condition that a CUSTOMER has a fact: by an identity, their number or that of one merged into them."""
    by_identity = exists().where(IDENTITY.c.customer_id == CUSTOMER.c.id, FACT.c.identity_id == IDENTITY.c.id, *more)
    nobodys = FACT.c.identity_id.is_(None)
    by_number = exists().where(FACT.c.customer_id == CUSTOMER.c.id, nobodys, *more)
    merged = exists().where(_OTHER.c.merged_into == CUSTOMER.c.id, FACT.c.customer_id == _OTHER.c.id, nobodys, *more)
    return or_(*(each.correlate_except(FACT, IDENTITY, _OTHER) for each in (by_identity, by_number, merged)))
