"""All that is kept of one customer, for the customer: who they are here, what was said both ways, what was done."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import and_, or_, select

from content.value import value
from storage.connection import Connection
from storage.database import Database
from storage.erasures import customers_of
from storage.lock_away import ERASED_REALM
from storage.tables import (
    ACCOUNT,
    ATTRIBUTION,
    BENEFIT,
    BENEFIT_UNIT,
    CALLBACK,
    CALLBACK_ANSWER,
    CONSENT_ENTRY,
    CONTENT,
    CONVERSATION,
    CUSTOMER,
    CUSTOMER_OWNER,
    FACT,
    HANDOVER,
    IDENTITY,
    IDENTITY_TAG,
    MARKETING_CHOICE,
    MESSAGE,
    POLICY_BINDING,
    REACH,
    STAFF,
    TAG,
    TASK,
)
from storage.viewer import Viewer

#: Everything of one customer as JSON-able values.
Gathered = dict[str, Any]
_FORMAT: Final = "zhike-customer-1"


@value
class _Whose:
    customers: list[int]
    identities: list[int]


class CustomerData:
    """Gathers it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def is_seen(self, customer_id: int, *, viewer: Viewer) -> bool:
        """Tell whether a living customer lies in the viewer's scope."""
        query = select(CUSTOMER.c.id).where(
            CUSTOMER.c.id == customer_id,
            CUSTOMER.c.erased_at.is_(None),
            CUSTOMER.c.merged_into.is_(None),
            viewer.sees_customer(CUSTOMER.c.id),
        )
        async with self._database.read() as connection:
            return (await connection.execute(query)).first() is not None

    async def gather(self, customer_id: int, *, now: datetime) -> Gathered:
        """Return everything of a living customer, in one look at the database; nothing of one who was erased."""
        async with self._database.read() as connection:
            customers = await customers_of(connection, customer_id)
            mine = select(IDENTITY.c.id).where(IDENTITY.c.customer_id == customer_id, IDENTITY.c.realm != ERASED_REALM)
            whose = _Whose(customers=customers, identities=list((await connection.execute(mine)).scalars()))
            return {
                "format": _FORMAT,
                "made_at": now.isoformat(),
                "customer": customer_id,
                "identities": await _identities(connection, whose),
                "owner": await _owner(connection, customer_id),
                "sources": await _sources(connection, whose),
                "consents": await _consents(connection, whose),
                "marketing_choices": await _marketing_choices(connection, whose),
                "tags": await _tags(connection, whose),
                "tasks": await _tasks(connection, whose),
                "handovers": await _handovers(connection, whose),
                "policies": await _policies(connection, whose),
                "benefits": await _benefits(connection, whose),
                "callbacks": await _callbacks(connection, whose),
                "facts": await _facts(connection, whose),
                "messages": await _messages(connection, whose),
            }


async def _identities(connection: Connection, whose: _Whose) -> list[dict[str, Any]]:
    query = (
        select(
            IDENTITY.c.external_id,
            IDENTITY.c.union_id,
            ACCOUNT.c.title,
            ACCOUNT.c.channel,
            REACH.c.followed,
            IDENTITY.c.elder_since,
        )
        .join(REACH, REACH.c.identity_id == IDENTITY.c.id)
        .join(ACCOUNT, ACCOUNT.c.id == REACH.c.account_id)
        .where(IDENTITY.c.id.in_(whose.identities))
        .order_by(IDENTITY.c.id, ACCOUNT.c.id)
    )
    return await _rows(connection, query)


async def _owner(connection: Connection, customer_id: int) -> dict[str, Any] | None:
    query = (
        select(STAFF.c.name, STAFF.c.branch, CUSTOMER_OWNER.c.since)
        .join(STAFF, STAFF.c.id == CUSTOMER_OWNER.c.staff_id)
        .where(CUSTOMER_OWNER.c.customer_id == customer_id)
    )
    found = await _rows(connection, query)
    return found[0] if found else None


async def _sources(connection: Connection, whose: _Whose) -> list[dict[str, Any]]:
    columns = (ATTRIBUTION.c.scene, ATTRIBUTION.c.campaign, ATTRIBUTION.c.agent, ATTRIBUTION.c.at)
    query = select(*columns).where(ATTRIBUTION.c.identity_id.in_(whose.identities)).order_by(ATTRIBUTION.c.at)
    return await _rows(connection, query)


async def _consents(connection: Connection, whose: _Whose) -> list[dict[str, Any]]:
    columns = (CONSENT_ENTRY.c.consent, CONSENT_ENTRY.c.state, CONSENT_ENTRY.c.text_version, CONSENT_ENTRY.c.at)
    query = select(*columns).where(CONSENT_ENTRY.c.customer_id.in_(whose.customers)).order_by(CONSENT_ENTRY.c.id)
    return await _rows(connection, query)


async def _marketing_choices(connection: Connection, whose: _Whose) -> list[dict[str, Any]]:
    """Return each choice of a topic (or, without one, of the frequency) that they made themselves."""
    names = ("topic", "choice", "messages", "days", "text_version", "at")
    query = select(*(MARKETING_CHOICE.c[name] for name in names)).where(
        MARKETING_CHOICE.c.customer_id.in_(whose.customers), MARKETING_CHOICE.c.seq.is_not(None)
    )
    return await _rows(connection, query.order_by(MARKETING_CHOICE.c.id))


async def _tasks(connection: Connection, whose: _Whose) -> list[dict[str, Any]]:
    columns = (TASK.c.title, TASK.c.state, TASK.c.created_at, TASK.c.due_at, TASK.c.done_at, TASK.c.disposition)
    query = select(*columns).where(TASK.c.customer_id.in_(whose.customers)).order_by(TASK.c.id)
    return await _rows(connection, query)


async def _tags(connection: Connection, whose: _Whose) -> list[dict[str, Any]]:
    """Return the account's tags that the platform says they bear."""
    named = and_(TAG.c.account_id == IDENTITY_TAG.c.account_id, TAG.c.tag_id == IDENTITY_TAG.c.tag_id)
    query = (
        select(ACCOUNT.c.title, TAG.c.name)
        .select_from(IDENTITY_TAG)
        .join(TAG, named)
        .join(ACCOUNT, ACCOUNT.c.id == IDENTITY_TAG.c.account_id)
        .where(IDENTITY_TAG.c.identity_id.in_(whose.identities))
    )
    return await _rows(connection, query.order_by(ACCOUNT.c.id, TAG.c.name))


async def _handovers(connection: Connection, whose: _Whose) -> list[dict[str, Any]]:
    """Return when they asked for a person, who served them, how it ended and how they judged it."""
    times = (HANDOVER.c.opened_at, HANDOVER.c.accepted_at, HANDOVER.c.closed_at, HANDOVER.c.closed_by)
    query = (
        select(*times, STAFF.c.name.label("staff"), HANDOVER.c.satisfaction)
        .outerjoin(STAFF, STAFF.c.id == HANDOVER.c.staff_id)
        .where(HANDOVER.c.identity_id.in_(whose.identities))
    )
    return await _rows(connection, query.order_by(HANDOVER.c.id))


async def _policies(connection: Connection, whose: _Whose) -> list[dict[str, Any]]:
    """Return to which holder of the policy source they were bound, and when; what it says of one is not kept here."""
    columns = (POLICY_BINDING.c.holder, POLICY_BINDING.c.bound_at, POLICY_BINDING.c.unbound_at, POLICY_BINDING.c.cause)
    query = select(*columns).where(POLICY_BINDING.c.customer_id.in_(whose.customers))
    return await _rows(connection, query.order_by(POLICY_BINDING.c.id))


async def _benefits(connection: Connection, whose: _Whose) -> list[dict[str, Any]]:
    """Return what they were granted, with its code, and what became of it."""
    names = ("code", "state", "granted_at", "expires_at", "redeemed_at", "redeemed_place", "reversed_at", "expired_at")
    query = (
        select(BENEFIT.c.title, BENEFIT.c.supplier, *(BENEFIT_UNIT.c[name] for name in names))
        .join(BENEFIT, BENEFIT.c.id == BENEFIT_UNIT.c.benefit_id)
        .where(BENEFIT_UNIT.c.identity_id.in_(whose.identities), BENEFIT_UNIT.c.granted_at.is_not(None))
    )
    return await _rows(connection, query.order_by(BENEFIT_UNIT.c.id))


async def _callbacks(connection: Connection, whose: _Whose) -> list[dict[str, Any]]:
    """Return what they answered in call-backs: one row an answer, with the question as they read it."""
    asked = (CALLBACK.c.id.label("round"), CALLBACK.c.policy, CALLBACK.c.product, CALLBACK.c.state)
    given = (CALLBACK_ANSWER.c.edition, CALLBACK_ANSWER.c.text, CALLBACK_ANSWER.c.label, CALLBACK_ANSWER.c.at)
    query = (
        select(*asked, *given)
        .join(CALLBACK_ANSWER, CALLBACK_ANSWER.c.callback_id == CALLBACK.c.id)
        .where(CALLBACK.c.identity_id.in_(whose.identities))
    )
    return await _rows(connection, query.order_by(CALLBACK.c.id, CALLBACK_ANSWER.c.at, CALLBACK_ANSWER.c.seq))


async def _facts(connection: Connection, whose: _Whose) -> list[dict[str, Any]]:
    """Return every statement that a source made about them, also those that do not hold any more."""
    names = ("attribute", "subject", "unit", "polarity", "confidence", "source", "evidence", "observed_at", "valid_to")
    query = select(FACT.c.value, *(FACT.c[name] for name in (*names, "consent_basis"))).where(
        or_(
            FACT.c.identity_id.in_(whose.identities),
            and_(FACT.c.identity_id.is_(None), FACT.c.customer_id.in_(whose.customers)),
        )
    )
    found = await _rows(connection, query.order_by(FACT.c.id))
    return [row | {name: json.loads(row[name]) for name in ("value", "evidence")} for row in found]


async def _messages(connection: Connection, whose: _Whose) -> list[dict[str, Any]]:
    talks = select(CONVERSATION.c.id).where(CONVERSATION.c.identity_id.in_(whose.identities))
    query = (
        select(ACCOUNT.c.title, MESSAGE.c.direction, MESSAGE.c.kind, MESSAGE.c.sent_at, CONTENT.c.fields)
        .join(ACCOUNT, ACCOUNT.c.id == MESSAGE.c.account_id)
        .outerjoin(CONTENT, and_(CONTENT.c.account_id == MESSAGE.c.account_id, CONTENT.c.seq == MESSAGE.c.seq))
        .where(MESSAGE.c.conversation_id.in_(talks))
        .order_by(MESSAGE.c.sent_at, MESSAGE.c.account_id, MESSAGE.c.seq)
    )
    found = await _rows(connection, query)
    for row in found:
        fields = row.pop("fields")
        row["content"] = None if fields is None else json.loads(fields)
    return found


async def _rows(connection: Connection, query: Any) -> list[dict[str, Any]]:
    rows: Sequence[Any] = (await connection.execute(query)).mappings().all()
    return [
        {name: item.isoformat() if isinstance(item, datetime) else item for name, item in row.items()} for row in rows
    ]
