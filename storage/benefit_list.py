"""Who has what of a benefit, for staff who look at it; whoever shows them to a person notes it in the audit."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Select, case, null, select

from content.benefit_codes import hidden
from content.value import value
from storage.benefits import sees_benefit
from storage.database import Database
from storage.tables import BENEFIT, BENEFIT_UNIT, IDENTITY
from storage.tables.benefits import UnitState
from storage.viewer import Viewer


@value
class Claim:
    """One unit that somebody was granted."""

    unit_id: int
    benefit_id: int
    title: str
    #: With nothing but its last characters; None: its person was erased.
    code: str | None
    state: UnitState
    #: None: a customer beyond the viewer's scope.
    customer_id: int | None
    granted_at: datetime
    expires_at: datetime | None
    redeemed_at: datetime | None
    redeemed_by: str | None
    redeemed_place: str | None


class ClaimList:
    """Reads claims, the newest first. Of customers beyond the scope it says that there is one, and not who."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, benefit_id: int, *, viewer: Viewer, limit: int, before: int | None = None) -> list[Claim]:
        """Return claims of one benefit of the scope, the last units first; `before`: below that number of a unit."""
        query = claims_of(benefit_id, viewer=viewer, limit=limit, before=before)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [_claim(dict(row)) for row in rows]


def claims_of(benefit_id: int, *, viewer: Viewer, limit: int, before: int | None = None) -> Select[Any]:
    """Return the query of a page of claims; it reads none of the units that nobody has, which come behind them."""
    whose = case((viewer.sees_customer(IDENTITY.c.customer_id), IDENTITY.c.customer_id), else_=null())
    names = ("benefit_id", "code", "state", "granted_at", "expires_at", "redeemed_at", "redeemed_by")
    query = (
        select(
            BENEFIT_UNIT.c.id.label("unit_id"),
            BENEFIT.c.title,
            BENEFIT_UNIT.c.redeemed_place,
            whose.label("customer_id"),
            *(BENEFIT_UNIT.c[name] for name in names),
        )
        .join(BENEFIT, BENEFIT.c.id == BENEFIT_UNIT.c.benefit_id)
        .join(IDENTITY, IDENTITY.c.id == BENEFIT_UNIT.c.identity_id)
        .where(BENEFIT_UNIT.c.benefit_id == benefit_id, BENEFIT_UNIT.c.granted_at.is_not(None))
        .where(sees_benefit(viewer))
        .order_by(BENEFIT_UNIT.c.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(BENEFIT_UNIT.c.id < before)
    return query


def _claim(row: dict[str, Any]) -> Claim:
    code = row["code"]
    return Claim(**{**row, "code": None if code is None else hidden(code), "state": UnitState(row["state"])})
