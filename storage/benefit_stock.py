"""Stock of benefits: codes put in, each once, and figures. How much there is of anything is a count of states."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, func, select, type_coerce

from content.value import value
from storage.audit import Deed, note_deed
from storage.benefit_rows import benefit_with, digest_of
from storage.benefits import sees_benefit
from storage.connection import Connection
from storage.database import Database
from storage.people import upsert
from storage.tables import BENEFIT, BENEFIT_UNIT
from storage.tables.benefits import UnitState
from storage.viewer import Viewer

#: Units that one statement writes.
_BATCH: Final = 500
_EPOCH: Final = date(1970, 1, 1)
#: Microseconds of a day, and by which China's clock is ahead of UTC.
_DAY: Final = 86_400_000_000
_AHEAD: Final = 8 * 3_600_000_000


@value
class StockFigures:
    """How many units of a benefit are in each state."""

    available: int = 0
    reserved: int = 0
    granted: int = 0
    redeemed: int = 0
    reversed: int = 0
    expired: int = 0

    @property
    def total(self) -> int:
        """All that were ever put in."""
        return self.available + self.reserved + self.claimed

    @property
    def claimed(self) -> int:
        """All that somebody was ever granted."""
        return self.granted + self.redeemed + self.reversed + self.expired

    def __add__(self, other: StockFigures) -> StockFigures:
        """Return both together."""
        names = [each.name for each in fields(self)]
        return StockFigures(**{name: getattr(self, name) + getattr(other, name) for name in names})


@value
class PutIn:
    """What became of codes that were put in."""

    added: int
    #: Those that were there already, of this benefit or another, by their place among those given (from 0).
    known: tuple[int, ...]


class BenefitStock:
    """Puts codes in and counts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put_in(self, benefit_id: int, codes: Sequence[str], *, viewer: Viewer, now: datetime) -> PutIn | None:
        """Add a unit for each code that was never there; None when there is no such benefit in the scope.

        A code that is there stays as it is, whatever became of it: the same list again adds nothing.
        """

        async def apply(connection: Connection) -> PutIn | None:
            if await benefit_with(connection, BENEFIT.c.id == benefit_id, sees_benefit(viewer)) is None:
                return None
            known: list[int] = []
            for first in range(0, len(codes), _BATCH):
                some = codes[first : first + _BATCH]
                fresh = await _add(connection, benefit_id, some)
                taken = set()
                for place, code in enumerate(some, start=first):
                    digest = digest_of(code)
                    if digest not in fresh or digest in taken:
                        known.append(place)
                    taken.add(digest)
            added = len(codes) - len(known)
            deed = Deed(action="stocked", subject="benefit", subject_id=benefit_id, detail=f"imported {added}")
            await note_deed(connection, viewer, deed, now=now)
            return PutIn(added=added, known=tuple(known))

        return await self._database.write(apply)

    async def raise_to(
        self, benefit_id: int, total: int, make: Callable[[], str], *, viewer: Viewer, now: datetime
    ) -> int | None:
        """Add units with fresh codes until so many were ever put in; return how many that were.

        The same again adds none. None when there is no such benefit in the scope.
        """

        async def apply(connection: Connection) -> int | None:
            mine = (BENEFIT.c.id == benefit_id, sees_benefit(viewer))
            if (await connection.execute(select(BENEFIT.c.id).where(*mine).with_for_update())).first() is None:
                return None
            query = select(func.count()).select_from(BENEFIT_UNIT).where(BENEFIT_UNIT.c.benefit_id == benefit_id)
            there = int((await connection.execute(query)).scalar_one())
            added = 0
            while there + added < total:
                codes = [make() for _ in range(min(_BATCH, total - there - added))]
                added += len(await _add(connection, benefit_id, codes))
            if added:
                deed = Deed(action="stocked", subject="benefit", subject_id=benefit_id, detail=f"made {added}")
                await note_deed(connection, viewer, deed, now=now)
            return added

        return await self._database.write(apply)

    async def by_day(self, benefit_id: int, *, since: datetime) -> tuple[dict[date, int], dict[date, int]]:
        """Return how many units were granted, and redeemed, on each day of China's calendar since then."""
        async with self._database.read() as connection:
            used = BENEFIT_UNIT.c.state == UnitState.REDEEMED
            return (
                await _by_day(connection, benefit_id, BENEFIT_UNIT.c.granted_at, since=since),
                await _by_day(connection, benefit_id, BENEFIT_UNIT.c.redeemed_at, used, since=since),
            )

    async def figures(self, benefit_ids: Sequence[int]) -> dict[int, StockFigures]:
        """Return the figures of each of the benefits."""
        query = (
            select(BENEFIT_UNIT.c.benefit_id, BENEFIT_UNIT.c.state, func.count().label("count"))
            .where(BENEFIT_UNIT.c.benefit_id.in_(benefit_ids))
            .group_by(BENEFIT_UNIT.c.benefit_id, BENEFIT_UNIT.c.state)
        )
        counts: dict[int, dict[str, int]] = {number: {} for number in benefit_ids}
        async with self._database.read() as connection:
            for row in await connection.execute(query):
                counts[row.benefit_id][UnitState(row.state).value] = row.count
        return {number: StockFigures(**found) for number, found in counts.items()}


async def _by_day(
    connection: Connection, benefit_id: int, column: Any, *conditions: Any, since: datetime
) -> dict[date, int]:
    # Integers on both databases; China's clock has been eight hours ahead all the time that can be asked about.
    day = (type_coerce(column, BigInteger) + _AHEAD) // _DAY
    query = (
        select(day.label("day"), func.count().label("count"))
        .where(BENEFIT_UNIT.c.benefit_id == benefit_id, column >= since, *conditions)
        .group_by(day)
    )
    return {_EPOCH + timedelta(days=row.day): row.count for row in await connection.execute(query)}


async def _add(connection: Connection, benefit_id: int, codes: Sequence[str]) -> set[bytes]:
    rows: dict[bytes, dict[str, Any]] = {}
    for code in codes:
        digest = digest_of(code)
        row = {"benefit_id": benefit_id, "code": code, "digest": digest, "state": UnitState.AVAILABLE}
        rows.setdefault(digest, row)
    fresh = upsert(connection.dialect)(BENEFIT_UNIT).values(list(rows.values()))
    written = await connection.execute(
        fresh.on_conflict_do_nothing(index_elements=["digest"]).returning(BENEFIT_UNIT.c.digest)
    )
    return {bytes(digest) for digest in written.scalars()}
