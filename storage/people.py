"""Identities and the persons behind them: found or made in the recording transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, String, and_, bindparam, delete, func, insert, select
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Dialect

from storage.connection import Connection
from storage.records import ConsentRow, OpenHandover, Person, StaffRow
from storage.statements import Bulk, Lookup
from storage.tables import CONSENT_ENTRY as CONSENT
from storage.tables import CUSTOMER, IDENTITY, REACH, STAFF
from storage.tables.instant import from_micros, to_micros

_IS_STAFF = and_(
    STAFF.c.realm == IDENTITY.c.realm, STAFF.c.userid == func.lower(IDENTITY.c.external_id), STAFF.c.active
)
_STAFF_COLUMNS = (STAFF.c.userid, STAFF.c.name, STAFF.c.role, STAFF.c.branch)


def upsert(dialect: Dialect) -> Any:
    """Return the dialect's INSERT that knows ON CONFLICT."""
    return sqlite_insert if dialect.name == "sqlite" else pg_insert


#: Where the columns of `reach` begin in a row of `find_or_make_identities`.
REACH_AT = 5


async def find_or_make_identities(
    connection: Connection, *, account_id: int, realm: str, external_ids: Iterable[str], now: datetime
) -> dict[str, Any]:
    """Return a row an external id: person_id, customer_id, staff and the columns of its `reach` (None without one)."""
    # One order everywhere: two processes that meet the same new people on two accounts wait instead of deadlocking.
    wanted = sorted(set(external_ids))
    found = await _identities(connection, account_id=account_id, realm=realm, external_ids=wanted)
    missing = [external_id for external_id in wanted if external_id not in found]
    if not missing:
        return found
    at = to_micros(now)
    customers = [row.id for row in await _INSERT_CUSTOMERS.run(connection, [(at,)] * len(missing))]
    rows = [(realm, who, customer_id, at) for who, customer_id in zip(missing, customers, strict=True)]
    await _INSERT_IDENTITIES.run(connection, rows)
    again = await _identities(connection, account_id=account_id, realm=realm, external_ids=missing)
    # Another process may have met the same person on another account of the realm at the same moment.
    orphans = set(customers) - {row.customer_id for row in again.values()}
    if orphans:
        await connection.execute(delete(CUSTOMER).where(CUSTOMER.c.id.in_(orphans)))
    return found | again


async def _identities(
    connection: Connection, *, account_id: int, realm: str, external_ids: Sequence[str]
) -> dict[str, Any]:
    rows = await _FIND_IDENTITIES.run(connection, external_ids, account=account_id, realm=realm)
    return {row.external_id: row for row in rows}


def _find_identities(external_ids: Sequence[Any]) -> Any:
    mine = and_(REACH.c.identity_id == IDENTITY.c.id, REACH.c.account_id == bindparam("account", type_=Integer()))
    return (
        select(
            IDENTITY.c.id.label("person_id"),
            IDENTITY.c.realm,
            IDENTITY.c.external_id,
            IDENTITY.c.customer_id,
            IDENTITY.c.elder_since,
            *REACH.columns,
            *_STAFF_COLUMNS,
        )
        .select_from(IDENTITY.outerjoin(REACH, mine).outerjoin(STAFF, _IS_STAFF))
        .where(IDENTITY.c.realm == bindparam("realm", type_=String()), IDENTITY.c.external_id.in_(external_ids))
    )


_INSERT_CUSTOMERS = Bulk(
    CUSTOMER, columns=[CUSTOMER.c.created_at], make=lambda _dialect: insert(CUSTOMER).returning(CUSTOMER.c.id)
)
_INSERT_IDENTITIES = Bulk(
    IDENTITY,
    columns=[IDENTITY.c.realm, IDENTITY.c.external_id, IDENTITY.c.customer_id, IDENTITY.c.created_at],
    make=lambda dialect: upsert(dialect)(IDENTITY).on_conflict_do_nothing(),
)
_FIND_IDENTITIES = Lookup(_find_identities, of=IDENTITY.c.external_id)
_FIND_CONSENTS = Lookup(
    lambda customers: (
        select(CONSENT.c.customer_id, CONSENT.c.consent, CONSENT.c.state, CONSENT.c.text_version, CONSENT.c.at)
        .where(CONSENT.c.customer_id.in_(customers))
        .order_by(CONSENT.c.id)
    ),
    of=CONSENT.c.customer_id,
)


async def load_persons(connection: Connection, *, account_id: int, identity_ids: Sequence[int]) -> dict[int, Person]:
    """Return the persons behind identities that have a `reach` on the account, with consents and staff binding."""
    joined = IDENTITY.join(
        REACH, and_(REACH.c.identity_id == IDENTITY.c.id, REACH.c.account_id == account_id)
    ).outerjoin(STAFF, _IS_STAFF)
    query = (
        select(
            IDENTITY.c.realm,
            IDENTITY.c.external_id,
            IDENTITY.c.customer_id,
            IDENTITY.c.elder_since,
            REACH,
            *_STAFF_COLUMNS,
        )
        .select_from(joined)
        .where(IDENTITY.c.id.in_(identity_ids))
    )
    rows = (await connection.execute(query)).all()
    consent_rows = await latest_consent_rows(connection, [row.customer_id for row in rows])
    return {
        row.identity_id: person_of(row, _stored(dict(row._mapping)), consent_rows=consent_rows.get(row.customer_id, {}))
        for row in rows
    }


def _stored(reach: dict[str, Any]) -> dict[str, Any]:
    times = {name: reach[name] for name in ("quota_until", "served_until")}
    return reach | {name: None if at is None else to_micros(at) for name, at in times.items()}


def person_of(row: Any, reach: Mapping[str, Any], *, consent_rows: dict[str, ConsentRow]) -> Person:
    """Return the person of an identity's row (with staff columns) and the stored values of its `reach`."""
    staff = None
    if row.userid is not None:
        staff = StaffRow(realm=row.realm, userid=row.userid, name=row.name, role=row.role, branch=row.branch)
    return Person(
        account_id=reach["account_id"],
        identity_id=reach["identity_id"],
        customer_id=row.customer_id,
        conversation_id=reach["conversation_id"],
        realm=row.realm,
        external_id=row.external_id,
        followed=None if reach["followed"] is None else bool(reach["followed"]),
        quota_left=reach["quota_left"],
        quota_until=None if reach["quota_until"] is None else from_micros(reach["quota_until"]),
        unreachable=reach["unreachable"],
        consent_rows=consent_rows,
        staff=staff,
        handover=_open_handover(reach),
        served_by=reach["served_by"],
        served_until=None if reach["served_until"] is None else from_micros(reach["served_until"]),
        elder=row.elder_since is not None,
        callback=reach["callback_id"],
    )


def _open_handover(reach: Mapping[str, Any]) -> OpenHandover | None:
    number = reach["handover_id"]
    return None if number is None else OpenHandover(id=number, state=reach["handover_state"])


async def latest_consents(connection: Connection, customer_ids: Sequence[int]) -> dict[int, dict[str, str]]:
    """Return the state of each consent a customer; a consent never asked for is absent."""
    found = await latest_consent_rows(connection, customer_ids)
    return {
        customer_id: {name: row.state for name, row in consent_rows.items()}
        for customer_id, consent_rows in found.items()
    }


async def latest_consent_rows(connection: Connection, customer_ids: Sequence[int]) -> dict[int, dict[str, ConsentRow]]:
    """Return the latest row of each consent a customer; a consent never asked for is absent."""
    found: dict[int, dict[str, ConsentRow]] = {}
    for row in await _FIND_CONSENTS.run(connection, customer_ids):
        found.setdefault(row.customer_id, {})[row.consent] = ConsentRow(
            state=row.state, text_version=row.text_version, at=from_micros(row.at)
        )
    return found
