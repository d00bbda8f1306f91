"""Claiming outbox rows: which ones a process may take now, and everything that sending one of them needs to know."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Integer,
    and_,
    bindparam,
    exists,
    func,
    literal_column,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.engine import Dialect

from content.messages import Outgoing, Purpose, decode_outgoing
from content.value import value
from storage.connection import Connection
from storage.content_standing import content_standings
from storage.people import load_persons
from storage.preferences import with_preferences
from storage.records import Person
from storage.statements import Prepared
from storage.tables import CONTENT, DELIVERY, DELIVERY_ATTEMPT, MESSAGE
from storage.tables.delivery import DOUBTFUL, OPEN, DeliveryState
from storage.tables.instant import to_micros

#: Reasons of attempts that the account as a whole was refused: they say nothing about the message.
ACCOUNT_WIDE = ("quota_exhausted", "misconfigured")


@value
class Claimed:
    """One outbox row this process holds."""

    id: int
    account_id: int
    out_seq: int
    identity_id: int
    idempotency_key: str
    purpose: str
    #: What marketing is about; None: nothing that is told apart.
    topic: str | None = None
    #: The reviewed content it was made of; None: of none. How that stands is the person's `reviewed`.
    content_version_id: int | None = None
    author: str
    #: Attempts begun before this claim; with `api` the one that was under way when its process died.
    attempts: int
    #: Those of them that count: the others were refused because of the account and are tried again whatever happens.
    counted: int
    api: str | None
    #: When the first attempt began of which nobody knows whether it arrived; None when all are known not to have.
    doubtful_since: datetime | None
    #: A unit of a benefit is reserved for it.
    has_unit: bool = False
    #: The words; None when they were destroyed, or cannot be read.
    content: Outgoing | None
    #: Why the content cannot be read, as when a newer version of the program wrote it.
    unreadable: str | None = None
    person: Person


async def claim_rows(
    connection: Connection, *, room: Mapping[int, int], holder: str, now: datetime, until: datetime
) -> list[Claimed]:
    """Claim due rows of each account in `room`, at most as many as stand there, oldest first; see `Outbox.claim`."""
    ids = [
        found
        for account_id, limit in sorted(room.items())
        if limit > 0
        for found in await _find_due(connection, account_id, now=now, limit=limit)
    ]
    if not ids:
        return []
    # An attempt that a dead process left stays visible in `delivery_attempt`; the row itself is claimed again.
    await connection.execute(
        update(DELIVERY)
        .where(DELIVERY.c.id.in_(ids))
        .values(state=DeliveryState.CLAIMED, holder=holder, lease_until=until)
    )
    return await _load(connection, ids, now=now)


async def _find_due(connection: Connection, account_id: int, *, now: datetime, limit: int) -> list[int]:
    rows = await _FIND_DUE.run(connection, account=account_id, now=to_micros(now), limit=limit)
    return [int(row.id) for row in rows]


def _due_rows(_dialect: Dialect) -> Any:
    now = bindparam("now", type_=BigInteger())
    due_at, lease_until = (type_coerce(DELIVERY.c[name], BigInteger) for name in ("due_at", "lease_until"))
    earlier = DELIVERY.alias("earlier")
    free = or_(
        and_(DELIVERY.c.state.in_(_words(DeliveryState.DUE, DeliveryState.RETRY)), due_at <= now),
        and_(
            DELIVERY.c.state.in_(_words(DeliveryState.CLAIMED, DeliveryState.ATTEMPTING)),
            or_(lease_until.is_(None), lease_until <= now),
        ),
    )
    first_of_person = ~exists().where(
        earlier.c.account_id == DELIVERY.c.account_id,
        earlier.c.identity_id == DELIVERY.c.identity_id,
        earlier.c.id < DELIVERY.c.id,
        earlier.c.state.in_(OPEN),
    )
    return (
        select(DELIVERY.c.id)
        .where(free, first_of_person, DELIVERY.c.state.in_(OPEN), _is_of(bindparam("account", type_=Integer())))
        .order_by(DELIVERY.c.due_at, DELIVERY.c.id)
        .limit(bindparam("limit", type_=Integer()))
        .offset(literal_column("0"))  # SQLAlchemy would add a parameter of its own
        .with_for_update(skip_locked=True, of=DELIVERY)
    )


#: Asked twice a second, mostly for nothing: putting it together each time took longer than running it.
_FIND_DUE = Prepared(_due_rows)


def _words(*states: DeliveryState) -> list[ColumnElement[str]]:
    return [literal_column(f"'{state}'") for state in states]


def _is_of(account_id: BindParameter[int]) -> ColumnElement[bool]:
    """Return the condition that a row is an account's, written so that SQLite takes the partial index of open rows.

    Without `+ 0` it walks all that the account ever sent.
    """
    condition: ColumnElement[bool] = DELIVERY.c.account_id.op("+")(literal_column("0")) == account_id
    return condition


def _attempts_of_row(column: ColumnElement[Any], *conditions: ColumnElement[bool]) -> Any:
    return (
        select(column)
        .select_from(DELIVERY_ATTEMPT)
        .where(DELIVERY_ATTEMPT.c.delivery_id == DELIVERY.c.id, *conditions)
        .scalar_subquery()
    )


_DOUBTFUL_SINCE = _attempts_of_row(
    func.min(DELIVERY_ATTEMPT.c.started_at),
    or_(DELIVERY_ATTEMPT.c.outcome.is_(None), DELIVERY_ATTEMPT.c.detail.in_(DOUBTFUL)),
).label("doubtful_since")
_NOT_COUNTED = _attempts_of_row(
    func.count(), DELIVERY_ATTEMPT.c.outcome == DeliveryState.RETRY, DELIVERY_ATTEMPT.c.detail.in_(ACCOUNT_WIDE)
).label("not_counted")


async def _load(connection: Connection, ids: Sequence[int], *, now: datetime) -> list[Claimed]:
    query = (
        select(DELIVERY, MESSAGE.c.kind, CONTENT.c.fields, _DOUBTFUL_SINCE, _NOT_COUNTED)
        .join(MESSAGE, and_(MESSAGE.c.account_id == DELIVERY.c.account_id, MESSAGE.c.seq == DELIVERY.c.out_seq))
        .outerjoin(CONTENT, and_(CONTENT.c.account_id == DELIVERY.c.account_id, CONTENT.c.seq == DELIVERY.c.out_seq))
        .where(DELIVERY.c.id.in_(ids))
        .order_by(DELIVERY.c.due_at, DELIVERY.c.id)
    )
    rows = (await connection.execute(query)).all()
    by_account: dict[int, list[int]] = {}
    for row in rows:
        by_account.setdefault(row.account_id, []).append(row.identity_id)
    persons = {
        (account_id, identity_id): person
        for account_id, identity_ids in by_account.items()
        for identity_id, person in (
            await load_persons(connection, account_id=account_id, identity_ids=identity_ids)
        ).items()
    }
    named = {row.content_version_id for row in rows if row.content_version_id is not None}
    standings = await content_standings(connection, named) if named else {}
    claimed = []
    for row in rows:
        person = persons[(row.account_id, row.identity_id)]
        if row.purpose == Purpose.MARKETING:
            person = await with_preferences(connection, person, apart_from=row.id, now=now)
        if row.content_version_id is not None:
            person = replace(person, reviewed=standings.get(row.content_version_id))
        claimed.append(_claimed(row, person))
    return claimed


def _claimed(row: Any, person: Person) -> Claimed:
    content, unreadable = _read(row.kind, row.fields)
    return Claimed(
        id=row.id,
        account_id=row.account_id,
        out_seq=row.out_seq,
        identity_id=row.identity_id,
        idempotency_key=row.idempotency_key,
        purpose=row.purpose,
        topic=row.topic,
        content_version_id=row.content_version_id,
        author=row.author,
        attempts=row.attempts,
        counted=row.attempts - row.not_counted,
        api=row.api,
        doubtful_since=row.doubtful_since,
        has_unit=row.has_unit,
        content=content,
        unreadable=unreadable,
        person=person,
    )


def _read(kind: str, fields: str | None) -> tuple[Outgoing | None, str | None]:
    """Return the words, or why there are none; one row that cannot be read must not keep the others from going out."""
    if fields is None:
        return None, None
    try:
        return decode_outgoing(kind, json.loads(fields)), None
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        return None, f"its kind is {kind!r}: {type(error).__name__}: {error}"
