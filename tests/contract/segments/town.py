"""A thousand synthetic customers in the database, and the same ones as plain Python for an oracle."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Table, insert

from storage.connection import Connection
from storage.database import Database
from storage.tables import (
    ACCOUNT,
    CONSENT_ENTRY,
    CUSTOMER,
    CUSTOMER_OWNER,
    DROPPED_POLICY,
    FACT_CURRENT,
    IDENTITY,
    IDENTITY_TAG,
    MESSAGE,
    POLICY_BINDING,
    POLICY_DROP,
    REACH,
    TAG,
)
from storage.tables.facts import NEVER
from storage.tables.instant import to_micros

COUNT: Final = 1_000
CITIES: Final = ("上海", "北京", "广州")
LEVELS: Final = ("ordinary", "silver", "gold")
NEEDS: Final = ("medical", "life", "auto")
BANDS: Final = ("0-3", "4-6", "7-12")
BUDGETS: Final = (1000.0, 5000.0, 5000.5, 20000.0)
BIRTHDAYS: Final = tuple(date(1980, month, day) for month, day in ((2, 29), (4, 30), (5, 1), (5, 20), (6, 1), (12, 31)))
KINDS: Final = ("text", "image", "menu_click", "menu_view", "follow", "event:OTHER")
ACCOUNTS: Final = (("service", "wechat"), ("second", "wechat"), ("desk", "wecom"))
CONSENTS: Final = ("profile", "sensitive", "marketing")
STATES: Final = ("asked", "granted", "refused", "withdrawn")
TAGS: Final = ((1, "vip"), (1, "活动"), (2, "vip"))
STATUSES: Final = ("有效", "失效")


@dataclass(slots=True)
class Person:
    """One customer as the oracle knows them."""

    id: int
    is_there: bool
    #: By attribute (value, still current, holds).
    facts: dict[str, list[tuple[Any, bool, bool]]] = field(default_factory=dict)
    #: (account, followed).
    reach: list[tuple[int, bool | None]] = field(default_factory=list)
    #: (kind, sent at), inbound only.
    events: list[tuple[str, datetime]] = field(default_factory=list)
    tags: set[tuple[int, str]] = field(default_factory=set)
    consents: dict[str, str] = field(default_factory=dict)
    #: (status, next due, end) of the current drop, where bound.
    policies: list[tuple[str, date | None, date | None]] = field(default_factory=list)
    branch: int | None = None


async def settle(database: Database, *, seed: int, now: datetime, today: date) -> list[Person]:
    """Fill a migrated database; return the same people."""
    town = _Town(random.Random(seed), now=now, today=today)
    people = [town.person(number) for number in range(1, COUNT + 1)]

    async def apply(connection: Connection) -> None:
        for table, rows in town.rows.items():
            for start in range(0, len(rows), 500):
                await connection.execute(insert(table), rows[start : start + 500])
        # As a database is that has been running for a while.
        await connection.exec_driver_sql("ANALYZE")

    await database.write(apply)
    return people


class _Town:
    def __init__(self, draw: random.Random, *, now: datetime, today: date) -> None:
        self._draw, self._now, self._today = draw, now, today
        self._seq = dict.fromkeys((1, 2, 3), 0)
        self._identity = 0
        self.rows: dict[Table, list[dict[str, Any]]] = {
            ACCOUNT: [
                {"id": n, "name": name, "channel": channel, "realm": f"r{n}", "title": "", "last_seq": 0}
                for n, (name, channel) in enumerate(ACCOUNTS, 1)
            ],
            TAG: [{"account_id": a, "tag_id": n, "name": name} for n, (a, name) in enumerate(TAGS, 1)],
            POLICY_DROP: [{"id": n, "as_of": now, "loaded_at": now, "is_current": n == 2} for n in (1, 2)],
        }
        for table in (
            CUSTOMER,
            IDENTITY,
            REACH,
            MESSAGE,
            IDENTITY_TAG,
            CONSENT_ENTRY,
            POLICY_BINDING,
            DROPPED_POLICY,
            FACT_CURRENT,
            CUSTOMER_OWNER,
        ):
            self.rows[table] = []

    def person(self, number: int) -> Person:
        fate = self._draw.random()
        self._add(
            CUSTOMER,
            id=number,
            created_at=self._now,
            merged_into=1 if fate < 0.02 and number > 1 else None,
            erased_at=self._now if 0.02 <= fate < 0.04 else None,
        )
        person = Person(id=number, is_there=fate >= 0.04 or (fate < 0.02 and number == 1))
        if self._draw.random() < 0.7:
            person.branch = self._draw.choice((1, 2))
            owner = {"staff_id": person.branch, "team_id": None, "branch_id": person.branch}
            self._add(CUSTOMER_OWNER, customer_id=number, **owner, since=self._now, cause="scene")
        for _ in range(self._draw.choice((0, 1, 1, 2))):
            self._identity_of(person)
        self._facts_of(person)
        for consent in CONSENTS:
            for _ in range(self._draw.choice((0, 0, 1, 2))):
                state = self._draw.choice(STATES)
                person.consents[consent] = state
                self._add(
                    CONSENT_ENTRY, customer_id=number, consent=consent, state=state, text_version="1", at=self._now
                )
        if self._draw.random() < 0.5:
            self._policies_of(person)
        return person

    def _add(self, table: Table, **values: Any) -> None:
        self.rows[table].append(values)

    def _identity_of(self, person: Person) -> None:
        self._identity += 1
        account = self._draw.choice((1, 2, 3))
        who = {"realm": f"r{account}", "external_id": f"p{self._identity}", "customer_id": person.id}
        self._add(IDENTITY, id=self._identity, **who, created_at=self._now)
        followed = self._draw.choice((None, True, True, False))
        person.reach.append((account, followed))
        place = {"account_id": account, "identity_id": self._identity, "conversation_id": self._identity}
        self._add(REACH, **place, followed=followed, last_at=self._now, quota_left=0, epoch=0)
        for number, (of, name) in enumerate(TAGS, 1):
            if of == account and self._draw.random() < 0.3:
                self._add(IDENTITY_TAG, account_id=of, tag_id=number, identity_id=self._identity)
                person.tags.add((of, name))
        for _ in range(self._draw.choice((0, 0, 1, 3, 5))):
            kind, direction = self._draw.choice(KINDS), self._draw.choice(("in", "in", "out"))
            sent_at = self._now - timedelta(hours=self._draw.choice((1, 30, 24 * 7, 24 * 29, 24 * 31, 24 * 100)))
            self._seq[account] += 1
            if direction == "in":
                person.events.append((kind, sent_at))
            self._add(
                MESSAGE,
                **place,
                seq=self._seq[account],
                month=int((sent_at + timedelta(hours=8)).strftime("%Y%m")),
                direction=direction,
                kind=kind,
                sent_at=sent_at,
                recorded_at=sent_at,
                digest=b"",
            )

    def _facts_of(self, person: Person) -> None:
        for attribute, values, most in (
            ("person.city", CITIES, 1),
            ("insurer.level", LEVELS, 1),
            ("need.product", NEEDS, 2),
            ("family.child_age", BANDS, 2),
            ("finance.budget", BUDGETS, 1),
            ("finance.has_car", (0.0, 1.0), 1),
            ("person.birthday", BIRTHDAYS, 1),
        ):
            for given in self._draw.sample(values, self._draw.choice((0, 1, 1, most))):
                holds, lives = self._draw.random() < 0.9, self._draw.random() < 0.9
                person.facts.setdefault(attribute, []).append((given, lives, holds))
                self._fact(person, attribute, given, lives=lives, holds=holds)

    def _fact(self, person: Person, attribute: str, given: Any, *, lives: bool, holds: bool) -> None:
        number = given.month * 100.0 + given.day if isinstance(given, date) else given
        self._add(
            FACT_CURRENT,
            customer_id=person.id,
            attribute=attribute,
            subject="self",
            value=repr(given),
            word=given if holds and isinstance(given, str) else None,
            number=number if holds and isinstance(number, float) else None,
            day=given if isinstance(given, date) else None,
            polarity="+",
            confidence=0.9,
            source="list",
            fact_id=1,
            observed_at=self._now,
            until=(NEVER if self._draw.random() < 0.5 else to_micros(self._now) + 1) if lives else to_micros(self._now),
            status="active" if holds else "disputed",
        )

    def _policies_of(self, person: Person) -> None:
        is_bound = self._draw.random() < 0.8
        binding = {"customer_id": person.id, "holder": f"h{person.id}", "bound_at": self._now, "cause": "chat"}
        self._add(POLICY_BINDING, **binding, unbound_at=None if is_bound else self._now)
        for drop in (1, 2):
            for number in range(self._draw.choice((0, 1, 2))):
                due, end = (self._day(), self._day())
                status = self._draw.choice(STATUSES)
                if drop == 2 and is_bound:
                    person.policies.append((status, due, end))
                policy = {"drop_id": drop, "number": f"{person.id}-{number}", "holder": f"h{person.id}"}
                self._add(DROPPED_POLICY, **policy, product="P", insured="I", status=status, next_due=due, end=end)

    def _day(self) -> date | None:
        return self._draw.choice((None, *(self._today + timedelta(days=days) for days in (-31, -30, -1, 0, 1, 30, 31))))


def ids(people: Sequence[Person]) -> list[int]:
    """Return their ids in order."""
    return sorted(person.id for person in people)
