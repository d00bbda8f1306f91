"""What was said and done with one customer over all their identities, the newest first."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, and_, or_, select, type_coerce

from content.value import value
from storage.database import Database
from storage.tables import ACCOUNT, CONTENT, CONVERSATION, CUSTOMER, IDENTITY, MESSAGE
from storage.viewer import Viewer, visible

#: What `said` reads of a row: a message with its account, its person and its content.
SAID: Final[tuple[Any, ...]] = (
    MESSAGE.c.account_id,
    MESSAGE.c.seq,
    MESSAGE.c.conversation_id,
    MESSAGE.c.direction,
    MESSAGE.c.kind,
    MESSAGE.c.sent_at,
    MESSAGE.c.purpose,
    ACCOUNT.c.name,
    ACCOUNT.c.title,
    ACCOUNT.c.channel,
    IDENTITY.c.external_id,
    IDENTITY.c.customer_id,
    CONTENT.c.fields,
)
#: The moment of a message in whole seconds: platforms say no more, and what came and went within one stands as logged.
_SECOND: Any = type_coerce(MESSAGE.c.sent_at, BigInteger()) // 1_000_000
_ACCOUNT: Any = type_coerce(MESSAGE.c.account_id, BigInteger())


@value
class Place:
    """Where a page of the timeline ended: the second of a message since 1970, its account, its row of the log."""

    second: int
    account_id: int
    seq: int

    @classmethod
    def read(cls, words: str) -> Place:
        """Return the place that `str` wrote. Raises ValueError."""
        numbers = words.split(":")
        if len(numbers) != 3 or not all(number.isascii() and number.isdecimal() for number in numbers):
            raise ValueError("a place is second:account:seq")
        second, account_id, seq = map(int, numbers)
        if max(second, account_id, seq) >= 2**63:
            raise ValueError("a place's numbers have 63 bits")
        return cls(second=second, account_id=account_id, seq=seq)

    def __str__(self) -> str:
        return f"{self.second}:{self.account_id}:{self.seq}"


@value
class Said:
    """One message or event as people read it."""

    account_id: int
    account: str
    title: str
    channel: str
    seq: int
    conversation_id: int
    customer_id: int
    person: str
    #: "in" or "out".
    direction: str
    kind: str
    at: datetime
    #: None when the content was destroyed.
    fields: dict[str, Any] | None
    purpose: str | None

    @property
    def place(self) -> Place:
        """Where it stands."""
        return Place(second=int(self.at.timestamp()), account_id=self.account_id, seq=self.seq)


class Timeline:
    """Reads a customer's messages within a viewer's scope."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, customer_id: int, *, viewer: Viewer, limit: int, before: Place | None = None) -> list[Said]:
        """Return messages, the newest first, over all accounts."""
        living = select(CUSTOMER.c.id).where(CUSTOMER.c.id == customer_id, CUSTOMER.c.erased_at.is_(None))
        mine = select(IDENTITY.c.id).where(IDENTITY.c.customer_id.in_(living))
        query = _messages().where(
            MESSAGE.c.conversation_id.in_(select(CONVERSATION.c.id).where(CONVERSATION.c.identity_id.in_(mine)))
        )
        if before is not None:
            query = query.where(_lies_before(before))
        query = query.order_by(_SECOND.desc(), _ACCOUNT.desc(), MESSAGE.c.seq.desc()).limit(limit)
        async with self._database.read() as connection:
            rows = (await connection.execute(visible(query, viewer))).all()
        return [said(row) for row in rows]


def _lies_before(place: Place) -> ColumnElement[bool]:
    same_account = and_(place.account_id == _ACCOUNT, MESSAGE.c.seq < place.seq)
    return or_(place.second > _SECOND, and_(place.second == _SECOND, or_(place.account_id > _ACCOUNT, same_account)))


def _messages() -> Any:
    """Return the query of messages with account, identity and content."""
    return (
        select(*SAID)
        .join(ACCOUNT, ACCOUNT.c.id == MESSAGE.c.account_id)
        .join(IDENTITY, IDENTITY.c.id == MESSAGE.c.identity_id)
        .outerjoin(CONTENT, and_(CONTENT.c.account_id == MESSAGE.c.account_id, CONTENT.c.seq == MESSAGE.c.seq))
    )


def said(row: Any) -> Said:
    """Return a row of `_messages` as people read it."""
    return Said(
        account_id=row.account_id,
        account=row.name,
        title=row.title,
        channel=row.channel,
        seq=row.seq,
        conversation_id=row.conversation_id,
        customer_id=row.customer_id,
        person=row.external_id,
        direction=row.direction,
        kind=row.kind,
        at=row.sent_at,
        fields=None if row.fields is None else json.loads(row.fields),
        purpose=row.purpose,
    )
