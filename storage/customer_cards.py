"""Customers as staff look at them: a page of the list, and one card. Never a count over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, select

from content.value import value
from storage.connection import Connection
from storage.database import Database
from storage.people import latest_consents
from storage.preference_rows import Preferences
from storage.preferences import load_preferences
from storage.tables import ACCOUNT, ATTRIBUTION, CUSTOMER, CUSTOMER_OWNER, IDENTITY, REACH, STAFF
from storage.viewer import Viewer


@value
class Contact:
    """One identity of a customer on one account."""

    account: str
    title: str
    channel: str
    person: str
    followed: bool | None
    last_at: datetime


@value
class CustomerCard:
    """One customer with what is known without a profile."""

    id: int
    created_at: datetime
    owner_id: int | None
    owner: str | None
    branch: str | None
    contacts: tuple[Contact, ...]
    #: Scenes of the codes they scanned, the first one first.
    scenes: tuple[str, ...]
    #: By name the state of each consent that was ever asked for or said.
    consents: dict[str, str]
    #: Topics of marketing that they refuse, and how often at most they want any.
    preferences: Preferences
    #: Since when they want the mode for the elderly; None: they do not.
    elder_since: datetime | None

    @property
    def last_at(self) -> datetime | None:
        """When they were last heard of."""
        return max((contact.last_at for contact in self.contacts), default=None)


class CustomerCards:
    """Reads customers within a viewer's scope."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, *, viewer: Viewer, limit: int, before: int | None = None, person: str | None = None
    ) -> list[CustomerCard]:
        """Return customers, the newest first.

        `before`: below that id; `person`: with that openid, userid or unionid.
        """
        query = select(CUSTOMER.c.id).where(
            CUSTOMER.c.merged_into.is_(None), CUSTOMER.c.erased_at.is_(None), viewer.lists_customer(CUSTOMER.c.id)
        )
        if before is not None:
            query = query.where(CUSTOMER.c.id < before)
        if person is not None:
            # Two look-ups, an index each; external ids are found within their realms.
            realms = IDENTITY.c.realm.in_(select(ACCOUNT.c.realm))
            by_id = select(IDENTITY.c.customer_id).where(realms, IDENTITY.c.external_id == person)
            by_union = select(IDENTITY.c.customer_id).where(IDENTITY.c.union_id == person)
            query = query.where(CUSTOMER.c.id.in_(by_id.union(by_union)))
        async with self._database.read() as connection:
            ids = list((await connection.execute(query.order_by(CUSTOMER.c.id.desc()).limit(limit))).scalars())
            cards = await _cards(connection, ids)
        return [cards[customer_id] for customer_id in ids]

    async def card(self, customer_id: int, *, viewer: Viewer) -> CustomerCard | None:
        """Return one customer; None when there is none of that id in the scope.

        A customer that was merged is found under the id it has now.
        """
        async with self._database.read() as connection:
            kept = await _kept(connection, customer_id)
            if kept is None:
                return None
            living = and_(CUSTOMER.c.id == kept, CUSTOMER.c.erased_at.is_(None))
            query = select(CUSTOMER.c.id).where(living, viewer.sees_customer(CUSTOMER.c.id))
            if (await connection.execute(query)).first() is None:
                return None
            return (await _cards(connection, [kept]))[kept]


async def _kept(connection: Connection, customer_id: int) -> int | None:
    """Return the customer that `customer_id` is now, after all merges."""
    seen: set[int] = set()
    while customer_id not in seen:
        seen.add(customer_id)
        row = (
            await connection.execute(select(CUSTOMER.c.merged_into).where(CUSTOMER.c.id == customer_id))
        ).one_or_none()
        if row is None:
            return None
        if row.merged_into is None:
            return customer_id
        customer_id = row.merged_into
    return None


async def _cards(connection: Connection, ids: Sequence[int]) -> dict[int, CustomerCard]:
    if not ids:
        return {}
    owned = (
        select(CUSTOMER.c.id, CUSTOMER.c.created_at, CUSTOMER_OWNER.c.staff_id, STAFF.c.name, STAFF.c.branch)
        .outerjoin(CUSTOMER_OWNER, CUSTOMER_OWNER.c.customer_id == CUSTOMER.c.id)
        .outerjoin(STAFF, STAFF.c.id == CUSTOMER_OWNER.c.staff_id)
        .where(CUSTOMER.c.id.in_(ids))
    )
    rows = (await connection.execute(owned)).all()
    contacts = await _contacts(connection, ids)
    scenes = await _scenes(connection, ids)
    consents = await latest_consents(connection, list(ids))
    preferences = await load_preferences(connection, ids)
    elders = await _elders(connection, ids)
    return {
        row.id: CustomerCard(
            id=row.id,
            created_at=row.created_at,
            owner_id=row.staff_id,
            owner=row.name,
            branch=row.branch or None,
            contacts=tuple(contacts.get(row.id, ())),
            scenes=tuple(scenes.get(row.id, ())),
            consents=consents.get(row.id, {}),
            preferences=preferences.get(row.id, Preferences()),
            elder_since=elders.get(row.id),
        )
        for row in rows
    }


async def _contacts(connection: Connection, ids: Sequence[int]) -> dict[int, list[Contact]]:
    mine = select(IDENTITY.c.id, IDENTITY.c.customer_id, IDENTITY.c.external_id).where(IDENTITY.c.customer_id.in_(ids))
    people = {row.id: row for row in await connection.execute(mine)}
    accounts = {row.id: row for row in await connection.execute(select(ACCOUNT))}
    # `reach` is found by account and identity together, and never by the identity alone: asked for in a join, SQLite
    # reads all of it (0.5 s with a million people).
    reached = (
        select(REACH.c.account_id, REACH.c.identity_id, REACH.c.followed, REACH.c.last_at)
        .where(REACH.c.account_id.in_(sorted(accounts)), REACH.c.identity_id.in_(sorted(people)))
        .order_by(REACH.c.last_at.desc())
    )
    found: dict[int, list[Contact]] = {}
    for row in await connection.execute(reached):
        account, person = accounts[row.account_id], people[row.identity_id]
        found.setdefault(person.customer_id, []).append(
            Contact(
                account=account.name,
                title=account.title,
                channel=account.channel,
                person=person.external_id,
                followed=row.followed,
                last_at=row.last_at,
            )
        )
    return found


async def _elders(connection: Connection, ids: Sequence[int]) -> dict[int, datetime]:
    """Return since when each of the customers who have the mode for the elderly wants it."""
    query = select(IDENTITY.c.customer_id, IDENTITY.c.elder_since).where(
        IDENTITY.c.customer_id.in_(ids), IDENTITY.c.elder_since.is_not(None)
    )
    found: dict[int, datetime] = {}
    for row in await connection.execute(query):
        found[row.customer_id] = min(row.elder_since, found.get(row.customer_id, row.elder_since))
    return found


async def _scenes(connection: Connection, ids: Sequence[int]) -> dict[int, list[Any]]:
    query = (
        select(IDENTITY.c.customer_id, ATTRIBUTION.c.scene, func.min(ATTRIBUTION.c.at).label("at"))
        .join(ATTRIBUTION, ATTRIBUTION.c.identity_id == IDENTITY.c.id)
        .where(IDENTITY.c.customer_id.in_(ids))
        .group_by(IDENTITY.c.customer_id, ATTRIBUTION.c.scene)
        .order_by(func.min(ATTRIBUTION.c.at))
    )
    found: dict[int, list[Any]] = {}
    for row in await connection.execute(query):
        found.setdefault(row.customer_id, []).append(row.scene)
    return found
