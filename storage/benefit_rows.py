"""Benefits and their units as they are read: values of rows, and when one that is granted expires."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select

from content.benefit_codes import compared
from content.benefits import Eligibility
from content.local_time import ZONE, local
from content.value import value
from storage.connection import Connection
from storage.tables import BENEFIT, BENEFIT_UNIT, BRANCH
from storage.tables.benefits import UnitState


@value
class BenefitRow:
    """One benefit of the catalogue. Money in fen."""

    id: int
    key: str
    title: str
    branch_id: int | None
    #: Code of the branch; None: head office.
    branch: str | None
    supplier: str
    cost: int
    value: int
    valid_from: date | None
    valid_until: date | None
    valid_days: int | None
    eligibility: Eligibility
    guide: str
    per_person: int | None
    per_holder: int | None
    spend_cap: int | None
    source: str
    is_open: bool

    def is_claimable(self, today: date) -> bool:
        """Tell whether it can be claimed at all on a day of China's calendar."""
        begun = self.valid_from is None or self.valid_from <= today
        return self.is_open and begun and (self.valid_until is None or today <= self.valid_until)

    def expires_at(self, granted_at: datetime) -> datetime | None:
        """Return when one that is granted then ends: with the last day on which it can be used; None: never."""
        # 9999-12-31 is how people write that something does not end, and no day comes after it.
        days = [] if self.valid_until in (None, date.max) else [self.valid_until]
        if self.valid_days is not None:
            days.append(local(granted_at).date() + timedelta(days=self.valid_days))
        if not days:
            return None
        return datetime.combine(min(days) + timedelta(days=1), time.min, tzinfo=ZONE).astimezone(UTC)


@value
class UnitRow:
    """One unit."""

    id: int
    benefit_id: int
    #: None: its person was erased.
    code: str | None
    state: UnitState
    identity_id: int | None
    reserved_at: datetime | None
    granted_at: datetime | None
    expires_at: datetime | None
    redeemed_at: datetime | None
    redeemed_by: str | None
    redeemed_place: str | None
    redeem_key: str | None
    reversed_at: datetime | None
    expired_at: datetime | None
    reason: str | None


def last_day(expires_at: datetime) -> date:
    """Return the last day on which something that ends then can be used, by China's calendar."""
    return local(expires_at - timedelta(microseconds=1)).date()


def digest_of(code: str) -> bytes:
    """Return the digest by which a code is found, however it is spelled."""
    return hashlib.sha256(compared(code).encode()).digest()


BENEFITS: Any = select(BENEFIT, BRANCH.c.code.label("branch")).outerjoin(BRANCH, BRANCH.c.id == BENEFIT.c.branch_id)


def benefit_of(row: Any) -> BenefitRow:
    """Return a row of `BENEFITS` as a value."""
    return BenefitRow(
        id=row.id,
        key=row.key,
        title=row.title,
        branch_id=row.branch_id,
        branch=row.branch,
        supplier=row.supplier,
        cost=row.cost,
        value=row.value,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        valid_days=row.valid_days,
        eligibility=Eligibility.model_validate_json(row.eligibility),
        guide=row.guide,
        per_person=row.per_person,
        per_holder=row.per_holder,
        spend_cap=row.spend_cap,
        source=row.source,
        is_open=row.is_open,
    )


def unit_of(row: Any) -> UnitRow:
    """Return a row of BENEFIT_UNIT as a value."""
    names = [name for name in UnitRow.__dataclass_fields__ if name != "state"]
    return UnitRow(state=UnitState(row.state), **{name: getattr(row, name) for name in names})


async def benefit_with(connection: Connection, *conditions: Any) -> BenefitRow | None:
    """Return the one benefit under these conditions."""
    row = (await connection.execute(BENEFITS.where(*conditions))).one_or_none()
    return None if row is None else benefit_of(row)


async def unit_with(connection: Connection, *conditions: Any, lock: bool = False) -> UnitRow | None:
    """Return the one unit under these conditions; `lock`: nobody else changes it until the transaction ends."""
    query = select(BENEFIT_UNIT).where(*conditions)
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    return None if row is None else unit_of(row)
