"""How the insurer is organised: staff in branches and teams, brought in from the settings or a file; who stands in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, insert, or_, select, update

from content.value import value
from storage.connection import Connection
from storage.database import Database
from storage.errors import StorageError
from storage.people import upsert
from storage.records import StaffRow
from storage.tables import BRANCH, CUSTOMER_OWNER, DEPUTY, STAFF, TASK, TEAM
from storage.tables.tasks import UNDONE


@value
class BranchRow:
    """One office: what it is called, and the one above it ("" for none)."""

    name: str
    above: str = ""


@value
class Lender:
    """Somebody for whom another stands in: what decides which of their permissions the deputy has."""

    role: str
    scope: str | None
    branch_ids: frozenset[int]


@value
class Member:
    """A member of staff as the rights need them."""

    id: int
    realm: str
    userid: str
    name: str
    role: str
    #: None: as the role usually does.
    scope: str | None
    team_id: int | None
    #: Their branch and those below it.
    branch_ids: frozenset[int]
    #: Of whom they are the deputy now.
    stands_in_for: frozenset[int]
    #: Those of them who are active.
    lenders: tuple[Lender, ...] = ()


class Organisation:
    """Branches, teams and staff."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def bring_in(
        self, staff: Sequence[StaffRow], *, branches: Sequence[BranchRow] = (), source: str = "settings"
    ) -> None:
        """Make the staff of `source` exactly those given; who is no longer named becomes inactive.

        Branches and teams that staff name are made. The settings take over whom WeCom brought in. Raises StorageError
        when somebody belongs to another source.
        """

        async def apply(connection: Connection) -> None:
            await connection.execute(update(STAFF).where(STAFF.c.source == source).values(active=False))
            await write_staff(connection, staff, branches=branches, source=source)

        await self._database.write(apply)

    async def member(self, staff_id: int, *, now: datetime) -> Member | None:
        """Return an active member of staff; None when nobody active has the id."""
        async with self._database.read() as connection:
            row = (await connection.execute(select(STAFF).where(STAFF.c.id == staff_id, STAFF.c.active))).one_or_none()
            if row is None:
                return None
            below = await _with_branches_below(connection, row.branch_id)
            standing = select(DEPUTY.c.staff_id).where(
                DEPUTY.c.deputy_id == staff_id, DEPUTY.c.since <= now, DEPUTY.c.until > now
            )
            stands_in_for = frozenset((await connection.execute(standing)).scalars())
            lenders = await _lenders(connection, stands_in_for)
        return Member(
            id=row.id,
            realm=row.realm,
            userid=row.userid,
            name=row.name,
            role=row.role,
            scope=row.scope,
            team_id=row.team_id,
            branch_ids=below,
            stands_in_for=stands_in_for,
            lenders=lenders,
        )

    async def bound(self, realm: str, userid: str) -> int | None:
        """Return the id of the active member of staff that a WeCom member is; None when nobody is bound."""
        query = select(STAFF.c.id).where(STAFF.c.realm == realm, STAFF.c.userid == userid.lower(), STAFF.c.active)
        async with self._database.read() as connection:
            found = (await connection.execute(query)).scalar()
        return None if found is None else int(found)

    async def branches_of(self, branch_id: int | None) -> frozenset[int]:
        """Return a branch with those below it."""
        async with self._database.read() as connection:
            return await _with_branches_below(connection, branch_id)

    async def find(self, userid: str, *, realm: str | None = None) -> int:
        """Return the id of an active member of staff. Raises StorageError for nobody, and for one in several realms."""
        query = select(STAFF.c.id).where(STAFF.c.userid == userid.lower(), STAFF.c.active)
        if realm is not None:
            query = query.where(STAFF.c.realm == realm)
        async with self._database.read() as connection:
            found = list((await connection.execute(query)).scalars())
        if len(found) != 1:
            raise StorageError(
                f"no active member of staff has the userid {userid!r}; see [[staff]] in zhike.toml"
                if not found
                else f"the userid {userid!r} is in use in several realms; name one with --realm"
            )
        return int(found[0])

    async def appoint(self, staff_id: int, deputy_id: int, *, since: datetime, until: datetime) -> None:
        """Let `deputy_id` stand in for `staff_id` from `since` until `until`. Raises StorageError on no time at all."""
        if staff_id == deputy_id or since >= until:
            raise StorageError("a deputy is somebody else, for a time whose end lies after its beginning")

        async def apply(connection: Connection) -> None:
            await connection.execute(
                insert(DEPUTY).values(staff_id=staff_id, deputy_id=deputy_id, since=since, until=until)
            )

        await self._database.write(apply)


async def write_staff(
    connection: Connection, staff: Sequence[StaffRow], *, branches: Sequence[BranchRow] = (), source: str
) -> None:
    """Make or refresh these members of staff with the branches and teams they name, in the caller's transaction.

    The settings take over whom WeCom brought in; WeCom takes over nobody but who is not active. Raises StorageError
    when somebody belongs to another source.
    """
    offices = await _branches(connection, branches, named=[person.branch for person in staff])
    teams = await _teams(connection, {(person.team, offices.get(person.branch)) for person in staff})
    for person in staff:
        await _write(connection, person, source=source, offices=offices, teams=teams)


def _may_write(source: str) -> ColumnElement[bool]:
    """Return the condition on a known member of staff that this source may write them."""
    if source == "settings":
        return STAFF.c.source.in_((source, "wecom"))
    if source == "wecom":
        return or_(STAFF.c.source == source, STAFF.c.active.is_(False))
    return STAFF.c.source == source


async def _branches(connection: Connection, branches: Sequence[BranchRow], *, named: Iterable[str]) -> dict[str, int]:
    """Make the branches that are missing, put each below the one above it; return their ids by name."""
    above = {branch.name: branch.above for branch in branches}
    wanted = {*above, *above.values(), *named} - {""}
    for name in sorted(wanted):
        statement = upsert(connection.dialect)(BRANCH).values(code=name, name=name)
        await connection.execute(statement.on_conflict_do_nothing(index_elements=["code"]))
    ids = {row.code: row.id for row in await connection.execute(select(BRANCH.c.code, BRANCH.c.id))}
    for name, parent in above.items():
        await connection.execute(update(BRANCH).where(BRANCH.c.id == ids[name]).values(parent_id=ids.get(parent)))
    return ids


async def _teams(connection: Connection, wanted: Iterable[tuple[str, int | None]]) -> dict[tuple[int, str], int]:
    """Make the teams that are missing; return their ids by branch and name. A team lies in a branch."""
    for name, branch_id in sorted((name, branch_id) for name, branch_id in wanted if name and branch_id):
        values = {"code": f"{branch_id}:{name}", "name": name, "branch_id": branch_id}
        statement = upsert(connection.dialect)(TEAM).values(**values)
        await connection.execute(statement.on_conflict_do_nothing(index_elements=["code"]))
    return {(row.branch_id, row.name): row.id for row in await connection.execute(select(TEAM))}


async def _write(
    connection: Connection,
    person: StaffRow,
    *,
    source: str,
    offices: Mapping[str, int],
    teams: Mapping[tuple[int, str], int],
) -> None:
    branch_id = offices.get(person.branch)
    team_id = None if branch_id is None else teams.get((branch_id, person.team))
    values: dict[str, Any] = {
        "name": person.name,
        "role": person.role,
        "branch": person.branch,
        "scope": person.scope,
        "branch_id": branch_id,
        "team_id": team_id,
        "active": True,
        "left_at": None,
    }
    known = select(STAFF.c.team_id, STAFF.c.branch_id).where(
        STAFF.c.realm == person.realm, STAFF.c.userid == person.userid.lower()
    )
    before = (await connection.execute(known)).one_or_none()
    statement = upsert(connection.dialect)(STAFF).values(
        realm=person.realm, userid=person.userid.lower(), source=source, **values
    )
    written = await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["realm", "userid"], set_=values | {"source": source}, where=_may_write(source)
        ).returning(STAFF.c.id)
    )
    staff_id = written.scalar()
    if staff_id is None:
        raise StorageError(
            f"{person.userid} is brought in by another source than {source!r} already; take them out of one of the two"
        )
    if (before is None) or (before.team_id, before.branch_id) == (team_id, branch_id):
        return
    # Their customers and what they have to do go with them: team and branch are kept with these.
    place = {"team_id": team_id, "branch_id": branch_id}
    await connection.execute(update(CUSTOMER_OWNER).where(CUSTOMER_OWNER.c.staff_id == staff_id).values(**place))
    await connection.execute(update(TASK).where(TASK.c.owner_id == staff_id, TASK.c.state.in_(UNDONE)).values(**place))


async def _lenders(connection: Connection, ids: frozenset[int]) -> tuple[Lender, ...]:
    if not ids:
        return ()
    query = select(STAFF.c.role, STAFF.c.scope, STAFF.c.branch_id).where(STAFF.c.id.in_(sorted(ids)), STAFF.c.active)
    return tuple(
        [
            Lender(role=row.role, scope=row.scope, branch_ids=await _with_branches_below(connection, row.branch_id))
            for row in (await connection.execute(query)).all()
        ]
    )


async def _with_branches_below(connection: Connection, branch_id: int | None) -> frozenset[int]:
    if branch_id is None:
        return frozenset()
    parents = {row.id: row.parent_id for row in await connection.execute(select(BRANCH.c.id, BRANCH.c.parent_id))}
    found = {branch_id}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return frozenset(found)
