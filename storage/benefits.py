"""The catalogue of benefits: brought in from the file, made, opened and closed by staff with a row in the audit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import ColumnElement, false, select, true, update

from content.benefits import Benefit
from content.normal_form import normalise
from content.rights import Scope
from storage.audit import Deed, note_deed
from storage.benefit_rows import BENEFITS, BenefitRow, benefit_of, benefit_with
from storage.connection import Connection
from storage.database import Database
from storage.errors import StorageError
from storage.people import upsert
from storage.tables import BENEFIT, BRANCH
from storage.viewer import Viewer

FILE: Final = "file"
STAFF: Final = "staff"


class NoSuchBranch(StorageError):
    """A benefit's owner is no branch, or none that whoever makes it answers for."""


class BenefitTaken(StorageError):
    """There is a benefit of this id or title already."""


def sees_benefit(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on BENEFIT under which it may be shown: a branch sees what it and those below it own.

    Head office's are seen by those who see all; nobody's own customers make a benefit theirs.
    """
    if viewer.scope is Scope.ALL:
        return true()
    if viewer.scope is Scope.BRANCH and viewer.branch_ids:
        return BENEFIT.c.branch_id.in_(sorted(viewer.branch_ids))
    return false()


class Benefits:
    """Writes and reads the catalogue."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def bring_in(self, authored: Sequence[Benefit], *, now: datetime) -> None:
        """Make the catalogue's benefits of the file exactly those given; who is no longer named cannot be claimed.

        What staff have closed stays closed. Raises StorageError for an id or title that staff gave to another, and for
        an owner that is no branch.
        """

        async def apply(connection: Connection) -> None:
            named = [benefit.id for benefit in authored]
            gone = (BENEFIT.c.source == FILE, BENEFIT.c.key.not_in(named), BENEFIT.c.is_open)
            await connection.execute(update(BENEFIT).where(*gone).values(is_open=False))
            for benefit in authored:
                await _bring_in(connection, benefit, now=now)

        await self._database.write(apply)

    async def make(self, benefit: Benefit, *, viewer: Viewer, now: datetime) -> BenefitRow:
        """Write a benefit of staff's, open from the start; return it. The same once more is the one that is there.

        Raises NoSuchBranch and BenefitTaken.
        """

        async def apply(connection: Connection) -> BenefitRow:
            branch_id = await _owner(connection, benefit)
            if not _answers_for(viewer, branch_id):
                raise NoSuchBranch("a branch makes benefits of its own and of those below it; name one as the owner")
            values = _values(benefit, branch_id) | {"source": STAFF, "is_open": True, "created_at": now}
            fresh = upsert(connection.dialect)(BENEFIT).values(**values).on_conflict_do_nothing()
            made = (await connection.execute(fresh.returning(BENEFIT.c.id))).scalar()
            if made is None:
                return await _same(connection, benefit, branch_id, viewer)
            deed = Deed(action="made", subject="benefit", subject_id=made, detail=benefit.id)
            await note_deed(connection, viewer, deed, now=now)
            found = await benefit_with(connection, BENEFIT.c.id == made)
            assert found is not None
            return found

        return await self._database.write(apply)

    async def open(self, benefit_id: int, *, on: bool, viewer: Viewer, now: datetime) -> bool:
        """Let a benefit be claimed, or no more; False when there is none in the viewer's scope."""

        async def apply(connection: Connection) -> bool:
            mine = (BENEFIT.c.id == benefit_id, sees_benefit(viewer))
            if await benefit_with(connection, *mine) is None:
                return False
            changed = update(BENEFIT).where(BENEFIT.c.id == benefit_id, BENEFIT.c.is_open.is_not(on))
            if (await connection.execute(changed.values(is_open=on))).rowcount:
                deed = Deed(action="put_on" if on else "taken_off", subject="benefit", subject_id=benefit_id)
                await note_deed(connection, viewer, deed, now=now)
            return True

        return await self._database.write(apply)

    async def page(self, *, viewer: Viewer, limit: int, after: int | None = None) -> list[BenefitRow]:
        """Return benefits of the scope in the order of their numbers; `after`: above that number."""
        query = BENEFITS.where(sees_benefit(viewer)).order_by(BENEFIT.c.id).limit(limit)
        if after is not None:
            query = query.where(BENEFIT.c.id > after)
        async with self._database.read() as connection:
            return [benefit_of(row) for row in await connection.execute(query)]

    async def get(self, benefit_id: int, *, viewer: Viewer) -> BenefitRow | None:
        """Return one benefit of the scope."""
        async with self._database.read() as connection:
            return await benefit_with(connection, BENEFIT.c.id == benefit_id, sees_benefit(viewer))

    async def by_key(self, key: str, *, viewer: Viewer) -> BenefitRow | None:
        """Return one benefit of the scope by the id that its author gave it."""
        async with self._database.read() as connection:
            return await benefit_with(connection, BENEFIT.c.key == key, sees_benefit(viewer))


def _answers_for(viewer: Viewer, branch_id: int | None) -> bool:
    return viewer.scope is Scope.ALL or (viewer.scope is Scope.BRANCH and branch_id in viewer.branch_ids)


async def _bring_in(connection: Connection, benefit: Benefit, *, now: datetime) -> None:
    branch_id = await _owner(connection, benefit)
    before = await benefit_with(connection, BENEFIT.c.key == benefit.id)
    if before is not None and before.source != FILE:
        raise BenefitTaken(f"staff made a benefit {benefit.id!r} already; give the one in benefits.yaml another id")
    named = await benefit_with(connection, BENEFIT.c.name == normalise(benefit.title), BENEFIT.c.key != benefit.id)
    if named is not None:
        raise BenefitTaken(f"the benefit {named.key!r} has the title {benefit.title!r} already; choose another")
    values = _values(benefit, branch_id)
    if before is None:
        written = values | {"source": FILE, "is_open": True, "created_at": now}
        # Of two processes that start at once one writes it.
        await connection.execute(upsert(connection.dialect)(BENEFIT).values(**written).on_conflict_do_nothing())
    else:
        await connection.execute(update(BENEFIT).where(BENEFIT.c.id == before.id).values(**values))


async def _owner(connection: Connection, benefit: Benefit) -> int | None:
    if benefit.owner is None:
        return None
    found: int | None = (await connection.execute(select(BRANCH.c.id).where(BRANCH.c.code == benefit.owner))).scalar()
    if found is None:
        raise NoSuchBranch(
            f"the owner {benefit.owner!r} of the benefit {benefit.id!r} is no branch that any staff have"
        )
    return found


async def _same(connection: Connection, benefit: Benefit, branch_id: int | None, viewer: Viewer) -> BenefitRow:
    """Return the benefit that is there already, if it says the very same."""
    found = await benefit_with(connection, BENEFIT.c.key == benefit.id, sees_benefit(viewer))
    wanted = _values(benefit, branch_id)
    if found is not None:
        row = (await connection.execute(select(BENEFIT).where(BENEFIT.c.id == found.id))).one()
        if all(getattr(row, name) == item for name, item in wanted.items()):
            return found
    raise BenefitTaken(f"there is a benefit with the id {benefit.id!r} or the title {benefit.title!r}; choose another")


def _values(benefit: Benefit, branch_id: int | None) -> dict[str, Any]:
    return {
        "key": benefit.id,
        "title": benefit.title,
        "name": normalise(benefit.title),
        "branch_id": branch_id,
        "supplier": benefit.supplier,
        "cost": to_fen(benefit.cost),
        "value": to_fen(benefit.value),
        "valid_from": benefit.valid_from,
        "valid_until": benefit.valid_until,
        "valid_days": benefit.valid_days,
        "eligibility": benefit.eligibility.model_dump_json(),
        "guide": benefit.guide,
        "per_person": benefit.per_person,
        "per_holder": benefit.per_holder,
        "spend_cap": None if benefit.spend_cap is None else to_fen(benefit.spend_cap),
    }


def to_fen(yuan: Decimal) -> int:
    """Return an amount in fen; it has at most two decimals."""
    return int(yuan.scaleb(2).to_integral_exact())


def to_yuan(fen: int) -> Decimal:
    """Return an amount in yuan, with two decimals."""
    return Decimal(fen).scaleb(-2)
