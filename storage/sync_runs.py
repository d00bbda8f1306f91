"""The runs that reconcile with a platform: begun, taken over, waited with, ended; each change is conditional.

Whoever works at a run holds its lease and moves stage and position in the transaction that does the work, so a kill
leaves a run that goes on from its last whole step.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import and_, delete, func, insert, or_, select, update

from content.value import value
from storage.connection import Connection
from storage.database import Database
from storage.errors import StorageError
from storage.people import upsert
from storage.tables import (
    ACCOUNT,
    STAGED_FOLLOWER,
    STAGED_TAG,
    STAGED_TAGGED,
    SYNC_DIFFERENCE,
    SYNC_RUN,
)
from storage.tables.sync import SyncState

#: Differences of each kind that a run keeps one by one.
KEPT: Final = 200
#: Staged rows that one transaction removes.
_SWEPT: Final = 2_000
#: What a run counts.
COUNTS: Final = ("seen", "new", "changed", "gone", "unmapped", "refused", "tagged", "untagged")


@value
class SyncRow:
    """One run as it stands."""

    id: int
    what: str
    account_id: int
    account: str
    state: str
    stage: str
    position: str
    is_dry_run: bool
    is_forced: bool
    started_at: datetime
    started_by: str
    ended_at: datetime | None
    resume_at: datetime | None
    detail: str
    holder: str
    lease_until: datetime
    total: int
    seen: int
    new: int
    changed: int
    gone: int
    unmapped: int
    refused: int
    tagged: int
    untagged: int


@value
class NewSync:
    """A run that is to begin."""

    what: str
    account_id: int
    stage: str
    started_by: str
    is_dry_run: bool = False
    is_forced: bool = False


@value
class Difference:
    """One thing that differed."""

    kind: str
    subject: str
    subject_id: int | None = None
    detail: str = ""


class LostRun(StorageError):
    """Another process has taken the run over: this one writes nothing more of it."""


_ROW: Final = select(SYNC_RUN, ACCOUNT.c.name.label("account")).join(ACCOUNT, ACCOUNT.c.id == SYNC_RUN.c.account_id)
_UNFINISHED: Final = SYNC_RUN.c.state.in_((SyncState.RUNNING, SyncState.WAITING))
#: States that a person may let go on.
_RESUMABLE: Final = SYNC_RUN.c.state.in_((SyncState.RUNNING, SyncState.WAITING, SyncState.FAILED, SyncState.STOPPED))


class SyncRuns:
    """Keeps the runs. Each method raises StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, wanted: NewSync, *, holder: str, now: datetime, until: datetime) -> SyncRow | None:
        """Begin a run; None while another of the subject is worked at. One that nobody works at is abandoned."""

        async def apply(connection: Connection) -> Any:
            same = and_(SYNC_RUN.c.what == wanted.what, SYNC_RUN.c.account_id == wanted.account_id)
            left = and_(same, _UNFINISHED, or_(SYNC_RUN.c.lease_until <= now, SYNC_RUN.c.state == SyncState.WAITING))
            await connection.execute(
                update(SYNC_RUN).where(left).values(state=SyncState.ABANDONED, ended_at=now, resume_at=None)
            )
            values = {
                "what": wanted.what,
                "account_id": wanted.account_id,
                "state": SyncState.RUNNING,
                "stage": wanted.stage,
                "position": "",
                "is_dry_run": wanted.is_dry_run,
                "is_forced": wanted.is_forced,
                "started_at": now,
                "started_by": wanted.started_by,
                "detail": "",
                "holder": holder,
                "lease_until": until,
                "total": 0,
                **dict.fromkeys(COUNTS, 0),
            }
            statement = upsert(connection.dialect)(SYNC_RUN).values(**values).on_conflict_do_nothing()
            made = (await connection.execute(statement.returning(SYNC_RUN.c.id))).scalar()
            return None if made is None else await _row(connection, int(made))

        begun: SyncRow | None = await self._database.write(apply)
        return begun

    async def take(
        self, run_id: int, *, holder: str, now: datetime, until: datetime, is_forced: bool = False
    ) -> SyncRow | None:
        """Go on with a run that is not finished and that nobody works at; None when there is no such run.

        A forced one may remove more than the settings allow.
        """
        free = or_(SYNC_RUN.c.state != SyncState.RUNNING, SYNC_RUN.c.lease_until <= now, SYNC_RUN.c.holder == holder)
        values: dict[str, Any] = {
            "state": SyncState.RUNNING,
            "holder": holder,
            "lease_until": until,
            "resume_at": None,
            "ended_at": None,
            "detail": "",
        }
        if is_forced:
            values["is_forced"] = True

        async def apply(connection: Connection) -> Any:
            taken = update(SYNC_RUN).where(SYNC_RUN.c.id == run_id, _RESUMABLE, free).values(**values)
            if not (await connection.execute(taken)).rowcount:
                return None
            return await _row(connection, run_id)

        taken: SyncRow | None = await self._database.write(apply)
        return taken

    async def end(
        self,
        run: SyncRow,
        state: SyncState,
        *,
        now: datetime,
        detail: str = "",
        resume_at: datetime | None = None,
    ) -> None:
        """Let a run wait or end, if it is still this holder's. Raises LostRun."""
        values: dict[str, Any] = {"state": state, "detail": detail, "resume_at": resume_at, "lease_until": now}
        if state is not SyncState.WAITING:
            values["ended_at"] = now

        async def apply(connection: Connection) -> None:
            mine = update(SYNC_RUN).where(*_mine(run)).values(**values)
            if not (await connection.execute(mine)).rowcount:
                raise LostRun(f"run {run.id} of {run.what} was taken over by another process")

        await self._database.write(apply)

    async def sweep(self, run: SyncRow) -> bool:
        """Remove some of what was staged for the subject's runs up to this one; False when nothing is left."""
        runs = select(SYNC_RUN.c.id).where(
            SYNC_RUN.c.what == run.what, SYNC_RUN.c.account_id == run.account_id, SYNC_RUN.c.id <= run.id
        )

        async def apply(connection: Connection) -> bool:
            ids = list((await connection.execute(runs)).scalars())
            removed = 0
            for table in (STAGED_FOLLOWER, STAGED_TAGGED):
                for run_id in ids:
                    some = select(table.c.external_id).where(table.c.run_id == run_id).limit(_SWEPT)
                    gone = delete(table).where(table.c.run_id == run_id, table.c.external_id.in_(some))
                    removed += int((await connection.execute(gone)).rowcount)
                    if removed:
                        return True
            await connection.execute(delete(STAGED_TAG).where(STAGED_TAG.c.run_id.in_(ids)))
            return False

        return await self._database.write(apply)

    async def release(self, run: SyncRow, *, now: datetime) -> None:
        """Let another process go on with a run at once, if it is still this holder's."""

        async def apply(connection: Connection) -> None:
            await connection.execute(update(SYNC_RUN).where(*_mine(run)).values(lease_until=now))

        await self._database.write(apply)

    async def last(self, what: str, account_id: int, *, is_real: bool = False) -> SyncRow | None:
        """Return the newest run of a subject; with `is_real` the newest that was no dry run."""
        query = _ROW.where(SYNC_RUN.c.what == what, SYNC_RUN.c.account_id == account_id)
        if is_real:
            query = query.where(SYNC_RUN.c.is_dry_run.is_(False))
        async with self._database.read() as connection:
            row = (await connection.execute(query.order_by(SYNC_RUN.c.id.desc()).limit(1))).one_or_none()
        return None if row is None else _synced(row)

    async def latest(self) -> list[SyncRow]:
        """Return the newest run of each subject."""
        newest = select(func.max(SYNC_RUN.c.id)).group_by(SYNC_RUN.c.what, SYNC_RUN.c.account_id)
        query = _ROW.where(SYNC_RUN.c.id.in_(newest)).order_by(SYNC_RUN.c.what, SYNC_RUN.c.account_id)
        async with self._database.read() as connection:
            return [_synced(row) for row in await connection.execute(query)]

    async def page(self, *, limit: int, before: int | None = None) -> list[SyncRow]:
        """Return runs, the newest first; `before`: below that id."""
        query = _ROW.order_by(SYNC_RUN.c.id.desc()).limit(limit)
        async with self._database.read() as connection:
            rows = await connection.execute(query if before is None else query.where(SYNC_RUN.c.id < before))
            return [_synced(row) for row in rows]

    async def differences(self, run_id: int, *, limit: int, with_customers: bool = True) -> list[Difference]:
        """Return what a run found, in the order in which it did."""
        query = select(SYNC_DIFFERENCE).where(SYNC_DIFFERENCE.c.run_id == run_id).order_by(SYNC_DIFFERENCE.c.id)
        if not with_customers:
            query = query.where(SYNC_DIFFERENCE.c.subject != "follower")
        async with self._database.read() as connection:
            return [
                Difference(kind=row.kind, subject=row.subject, subject_id=row.subject_id, detail=row.detail)
                for row in await connection.execute(query.limit(limit))
            ]


async def move(
    connection: Connection,
    run: SyncRow,
    *,
    until: datetime,
    stage: str,
    position: str = "",
    total: int | None = None,
    counts: dict[str, int] | None = None,
) -> None:
    """Move a run on within the transaction that does its work, and renew its lease. Raises LostRun."""
    values: dict[str, Any] = {"stage": stage, "position": position, "lease_until": until}
    if total is not None:
        values["total"] = total
    values |= {name: SYNC_RUN.c[name] + count for name, count in (counts or {}).items() if count}
    moved = update(SYNC_RUN).where(*_mine(run), SYNC_RUN.c.stage == run.stage, SYNC_RUN.c.position == run.position)
    if not (await connection.execute(moved.values(**values))).rowcount:
        raise LostRun(f"run {run.id} of {run.what} was taken over by another process")


async def reread(connection: Connection, run: SyncRow) -> SyncRow:
    """Return a run as this transaction leaves it."""
    return await _row(connection, run.id)


async def keep_differences(connection: Connection, run: SyncRow, found: Sequence[Difference]) -> None:
    """Keep what was found, the first of each kind and subject only."""
    wanted: list[dict[str, Any]] = []
    room: dict[tuple[str, str], int] = {}
    for difference in found:
        key = (difference.kind, difference.subject)
        if key not in room:
            kept = select(func.count()).where(
                SYNC_DIFFERENCE.c.run_id == run.id,
                SYNC_DIFFERENCE.c.kind == difference.kind,
                SYNC_DIFFERENCE.c.subject == difference.subject,
            )
            room[key] = KEPT - int((await connection.execute(kept)).scalar() or 0)
        if room[key] > 0:
            room[key] -= 1
            wanted.append(
                {
                    "run_id": run.id,
                    "kind": difference.kind,
                    "subject": difference.subject,
                    "subject_id": difference.subject_id,
                    "detail": difference.detail,
                }
            )
    if wanted:
        await connection.execute(insert(SYNC_DIFFERENCE), wanted)


def _mine(run: SyncRow) -> tuple[Any, ...]:
    return SYNC_RUN.c.id == run.id, SYNC_RUN.c.state == SyncState.RUNNING, SYNC_RUN.c.holder == run.holder


async def _row(connection: Connection, run_id: int) -> SyncRow:
    return _synced((await connection.execute(_ROW.where(SYNC_RUN.c.id == run_id))).one())


def _synced(row: Any) -> SyncRow:
    return SyncRow(**row._mapping)
