"""The choices of topics and frequency of marketing: rows that are only added, joined when customers are.

A row is what the customer said, with the message that shows it; the latest counts. A merge adds what the other one had
restricted, under that one's number (`merged_from`): such a row only takes away, and counts while the two are one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, and_, exists, func, insert, literal_column, or_, select

from content.marketing import Limit
from storage.connection import Connection
from storage.database import Database
from storage.preference_rows import ChosenFrequency, Preferences, TopicChoice
from storage.records import Person
from storage.tables import CUSTOMER, DELIVERY, DELIVERY_ATTEMPT, IDENTITY, MARKETING_CHOICE, MESSAGE
from storage.tables.delivery import DOUBTFUL, DeliveryState

#: Of a delivery in one of these nothing arrived, as far as anybody knows.
_NOTHING_ARRIVED: Final = (
    DeliveryState.DUE,
    DeliveryState.REFUSED,
    DeliveryState.FAILED,
    DeliveryState.UNDELIVERED,
)
#: What the attempt of a message came to that arrived or may have.
_MAY_HAVE_ARRIVED: Final = (DeliveryState.SENT, DeliveryState.UNKNOWN)


class PreferenceBook:
    """Reads what customers chose."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, customer_id: int) -> Preferences:
        """Return a customer's choices. Raises StorageError."""
        async with self._database.read() as connection:
            return (await load_preferences(connection, [customer_id])).get(customer_id, Preferences())


async def load_preferences(connection: Connection, customer_ids: Iterable[int]) -> dict[int, Preferences]:
    """Return the choices of each customer who ever made one."""
    rows: dict[int, list[Any]] = {}
    for row in await connection.execute(_counting(customer_ids)):
        rows.setdefault(row.customer_id, []).append(row)
    return {customer_id: _folded(mine) for customer_id, mine in rows.items()}


def _counting(customer_ids: Iterable[int]) -> Select[Any]:
    """Return the query of the customers' rows that count, in their order."""
    other = CUSTOMER.alias("other")
    still_one = exists().where(
        other.c.id == MARKETING_CHOICE.c.merged_from, other.c.merged_into == MARKETING_CHOICE.c.customer_id
    )
    return (
        select(MARKETING_CHOICE)
        .where(
            MARKETING_CHOICE.c.customer_id.in_(sorted(set(customer_ids))),
            or_(MARKETING_CHOICE.c.merged_from.is_(None), still_one),
        )
        .order_by(MARKETING_CHOICE.c.id)
    )


async def with_preferences(connection: Connection, person: Person, *, apart_from: int, now: datetime) -> Person:
    """Return a person with what they chose about marketing and when it went out to them, but for one delivery."""
    chosen = (await load_preferences(connection, [person.customer_id])).get(person.customer_id, Preferences())
    if chosen.frequency is not None and chosen.frequency.limit is not None:
        since = now - timedelta(days=chosen.frequency.limit.days)
        sent = await _sent(connection, person.customer_id, since=since, apart_from=apart_from)
        chosen = replace(chosen, sent=tuple(sent))
    return replace(person, preferences=chosen)


async def _sent(connection: Connection, customer_id: int, *, since: datetime, apart_from: int) -> list[datetime]:
    """Return when marketing began to leave that arrived or may have, over all accounts and identities of a customer.

    What is under way counts: its attempt is committed before a byte leaves. What a platform refused, or somebody found
    not to have arrived, does not.
    """
    doubtful = or_(
        DELIVERY_ATTEMPT.c.outcome.is_(None),
        DELIVERY_ATTEMPT.c.outcome.in_(_MAY_HAVE_ARRIVED),
        DELIVERY_ATTEMPT.c.detail.in_(DOUBTFUL),
    )
    began = func.max(DELIVERY_ATTEMPT.c.started_at).label("began")
    query = (
        select(began)
        .select_from(IDENTITY)
        .join(DELIVERY, DELIVERY.c.identity_id == IDENTITY.c.id)
        .join(DELIVERY_ATTEMPT, DELIVERY_ATTEMPT.c.delivery_id == DELIVERY.c.id)
        .where(
            IDENTITY.c.customer_id == customer_id,
            DELIVERY.c.id != apart_from,
            # Written out: only so an index of part of the rows is used.
            DELIVERY.c.purpose == literal_column("'marketing'"),
            DELIVERY.c.state.not_in(_NOTHING_ARRIVED),
            DELIVERY_ATTEMPT.c.started_at > since,
            doubtful,
        )
        .group_by(DELIVERY.c.id)
    )
    return list((await connection.execute(query)).scalars())


async def one_marketing_at_a_time(connection: Connection, customer_id: int) -> None:
    """Let workers that write to one customer through different accounts see each other's attempts.

    Taken after the account's lock, as everywhere; on SQLite one writes at a time anyway.
    """
    await connection.execute(select(CUSTOMER.c.id).where(CUSTOMER.c.id == customer_id).with_for_update())


async def join_preferences(connection: Connection, *, kept: int, gone: int, now: datetime) -> None:
    """Note under `kept`, in the transaction of their merge, what `gone` had chosen; the accounts are locked."""
    theirs = (await load_preferences(connection, [gone])).get(gone)
    if theirs is None:
        return
    said = select(MARKETING_CHOICE.c.topic).where(MARKETING_CHOICE.c.customer_id == gone).distinct()
    topics = [topic for topic in (await connection.execute(said)).scalars() if topic is not None]
    common = {"customer_id": kept, "text_version": "", "merged_from": gone, "at": now}
    # A topic that is taken is noted too: after they were parted and joined again, the last of these rows counts.
    rows = [
        common | {"topic": topic, "choice": _choice(topic, theirs), "messages": None, "days": None}
        for topic in sorted(topics)
    ]
    if theirs.frequency is not None:
        rows.append(common | {"topic": None, "choice": theirs.frequency.name} | _limit_of(theirs.frequency.limit))
    if rows:
        await connection.execute(insert(MARKETING_CHOICE), rows)


async def part_preferences(
    connection: Connection, *, kept: int, gone: int, identities: Collection[int], since: datetime, now: datetime
) -> None:
    """Give `gone` what was said through the identities that they got back while the two were one, and `kept` the rest.

    `since`: when they became one. In the transaction that parts them, after the merge is undone, accounts locked.
    """
    rows = list(await connection.execute(_counting([kept])))
    theirs = (
        select(MARKETING_CHOICE.c.id)
        .join(
            MESSAGE,
            and_(MESSAGE.c.account_id == MARKETING_CHOICE.c.account_id, MESSAGE.c.seq == MARKETING_CHOICE.c.seq),
        )
        .where(
            MARKETING_CHOICE.c.customer_id == kept,
            MARKETING_CHOICE.c.at >= since,
            MESSAGE.c.identity_id.in_(sorted(identities)),
        )
    )
    said = set((await connection.execute(theirs)).scalars())
    if not said:
        return
    moved = [dict(row._mapping) | {"customer_id": gone} for row in rows if row.id in said]
    before, after = _folded(rows), _folded([row for row in rows if row.id not in said])
    common = {"customer_id": kept, "text_version": "", "at": now}
    topics = before.refused_topics ^ after.refused_topics
    back = [common | {"topic": topic, "choice": _choice(topic, after)} | _limit_of(None) for topic in sorted(topics)]
    if before.frequency != after.frequency:
        # Without one they had never chosen: a frequency without a limit means the same.
        chosen = after.frequency or ChosenFrequency(name="")
        back.append(common | {"topic": None, "choice": chosen.name} | _limit_of(chosen.limit))
    for row in (*moved, *back):
        row.pop("id", None)
        await connection.execute(insert(MARKETING_CHOICE).values(**row))


def choice_row(
    *, customer_id: int, topic: str | None, choice: str, limit: Limit | None, text_version: str
) -> dict[str, Any]:
    """Return the columns of a choice that a customer made, without those of the message that shows it."""
    made = {"customer_id": customer_id, "topic": topic, "choice": choice, "text_version": text_version}
    return made | _limit_of(limit) | {"merged_from": None}


def _limit_of(limit: Limit | None) -> dict[str, int | None]:
    return {"messages": None, "days": None} if limit is None else {"messages": limit.messages, "days": limit.days}


def _choice(topic: str, preferences: Preferences) -> TopicChoice:
    return TopicChoice.REFUSED if topic in preferences.refused_topics else TopicChoice.TAKEN


def _folded(rows: Sequence[Any]) -> Preferences:
    """Return where a customer stands after these rows, in their order."""
    last_of_merge = {(row.merged_from, row.topic): row.id for row in rows if row.merged_from is not None}
    topics: dict[str, str] = {}
    frequency: ChosenFrequency | None = None
    for row in rows:
        merged = row.merged_from is not None
        if merged and last_of_merge[(row.merged_from, row.topic)] != row.id:
            continue
        if row.topic is None:
            chosen = ChosenFrequency(name=row.choice, limit=_read_limit(row))
            if (
                not merged
                or (frequency is None and chosen.limit is not None)
                or (frequency is not None and chosen.is_lower_than(frequency))
            ):
                frequency = chosen
        elif not merged or row.choice == TopicChoice.REFUSED:
            topics[row.topic] = row.choice
    refused = frozenset(topic for topic, choice in topics.items() if choice != TopicChoice.TAKEN)
    return Preferences(refused_topics=refused, frequency=frequency)


def _read_limit(row: Any) -> Limit | None:
    return None if row.messages is None or row.days is None else Limit(messages=row.messages, days=row.days)
