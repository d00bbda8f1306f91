"""What the staged followers of an account change: people nobody has met, who came back, who has left. Piece by piece.

A piece is one transaction under the account's lock (`storage.accounts.lock_accounts`): whoever records a message of the
account waits for one piece at most. A dry run counts and keeps the differences, and writes nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import and_, delete, exists, func, insert, or_, select, update

from content.value import value
from storage.accounts import lock_accounts
from storage.connection import Connection
from storage.customers import one_merge_at_a_time
from storage.database import Database
from storage.erasure_file import ErasedMarks
from storage.people import upsert
from storage.sync_runs import Difference, SyncRow, keep_differences, move, reread
from storage.tables import CONVERSATION, CUSTOMER, FOLLOWER, IDENTITY, REACH, STAGED_FOLLOWER

#: Followers of one piece.
_PIECE: Final = 500
#: The platforms' times are whole seconds: what bears the second in which a run began may have come after it.
_SECOND: Final = timedelta(seconds=1)


@value
class Learnt:
    """A unionid that came to light of somebody who was known without one: a merge may follow."""

    identity_id: int
    union_id: str


@value
class Step:
    """The run after a piece, and the unionids that it brought to light."""

    run: SyncRow
    learnt: tuple[Learnt, ...] = ()


class SyncFollowers:
    """Brings followers in and takes leavers out. Each method raises StorageError, LostRun."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def bring_in(self, run: SyncRow, *, realm: str, erased: ErasedMarks, now: datetime, until: datetime) -> Step:
        """Take the next piece of staged followers; behind the last one the run goes on to who has left.

        Who is among the `erased` and has done nothing since stays erased, whatever the platform lists. Read the marks
        before each piece: an erasure that comes later takes its people out of what is staged.
        """

        async def apply(connection: Connection) -> Step:
            await one_merge_at_a_time(connection)
            await lock_accounts(connection, [run.account_id])
            rows = (await connection.execute(_staged(run, realm))).all()
            if not rows:
                await move(connection, run, until=until, stage="gone")
                return Step(run=await reread(connection, run))
            piece = _Piece(run, realm, erased, now)
            await piece.take(connection, rows)
            await keep_differences(connection, run, piece.found)
            await move(
                connection, run, until=until, stage="people", position=rows[-1].external_id, counts=piece.counts()
            )
            return Step(run=await reread(connection, run), learnt=tuple(piece.learnt))

        return await self._database.write(apply)

    async def leaving(self, run: SyncRow, *, realm: str) -> tuple[int, int]:
        """Return how many the run would note as gone, and how many follow by our own count."""
        follows = and_(REACH.c.account_id == run.account_id, REACH.c.followed)
        query = select(func.count()).select_from(REACH.join(IDENTITY, IDENTITY.c.id == REACH.c.identity_id))
        async with self._database.read() as connection:
            gone = (await connection.execute(query.where(_gone(run, realm)))).scalar()
            all_ = (await connection.execute(select(func.count()).select_from(REACH).where(follows))).scalar()
        return int(gone or 0), int(all_ or 0)

    async def take_out(self, run: SyncRow, *, realm: str, until: datetime) -> SyncRow:
        """Note the next piece of those who have left while nobody told us; behind the last come the tags."""
        after = int(run.position or 0)
        query = (
            select(REACH.c.identity_id, IDENTITY.c.customer_id)
            .join(IDENTITY, IDENTITY.c.id == REACH.c.identity_id)
            .where(_gone(run, realm), REACH.c.identity_id > after)
            .order_by(REACH.c.identity_id)
            .limit(_PIECE)
        )

        async def apply(connection: Connection) -> SyncRow:
            await lock_accounts(connection, [run.account_id])
            rows = (await connection.execute(query)).all()
            if not rows:
                await move(connection, run, until=until, stage="attach")
                return await reread(connection, run)
            ids = [row.identity_id for row in rows]
            if not run.is_dry_run:
                mine = update(REACH).where(REACH.c.account_id == run.account_id, REACH.c.identity_id.in_(ids))
                await connection.execute(mine.values(followed=False, followed_at=run.started_at))
                # What was known of the following is asked anew should they come back.
                told = delete(FOLLOWER).where(FOLLOWER.c.account_id == run.account_id, FOLLOWER.c.identity_id.in_(ids))
                await connection.execute(told)
            found = [Difference(kind="gone", subject="follower", subject_id=row.customer_id) for row in rows]
            await keep_differences(connection, run, found)
            await move(connection, run, until=until, stage="gone", position=str(ids[-1]), counts={"gone": len(ids)})
            return await reread(connection, run)

        return await self._database.write(apply)


def _staged(run: SyncRow, realm: str) -> Any:
    """Return the query of the next staged followers, with what is known of them here."""
    known = and_(IDENTITY.c.realm == realm, IDENTITY.c.external_id == STAGED_FOLLOWER.c.external_id)
    mine = and_(REACH.c.account_id == run.account_id, REACH.c.identity_id == IDENTITY.c.id)
    return (
        select(
            STAGED_FOLLOWER,
            IDENTITY.c.id.label("identity_id"),
            IDENTITY.c.customer_id,
            IDENTITY.c.union_id.label("known_union"),
            REACH.c.identity_id.label("reached"),
            REACH.c.followed,
            REACH.c.followed_at,
        )
        .select_from(STAGED_FOLLOWER.outerjoin(IDENTITY, known).outerjoin(REACH, mine))
        .where(STAGED_FOLLOWER.c.run_id == run.id, STAGED_FOLLOWER.c.external_id > run.position)
        .order_by(STAGED_FOLLOWER.c.external_id)
        .limit(_PIECE)
    )


def _gone(run: SyncRow, realm: str) -> Any:
    """Return the condition on REACH and IDENTITY that somebody followed before the run began and is not listed.

    What somebody did since it began the platform has told us itself.
    """
    listed = exists().where(
        STAGED_FOLLOWER.c.run_id == run.id,
        STAGED_FOLLOWER.c.external_id == IDENTITY.c.external_id,
        STAGED_FOLLOWER.c.follows,
    )
    before = or_(REACH.c.followed_at.is_(None), REACH.c.followed_at <= run.started_at - _SECOND)
    return and_(REACH.c.account_id == run.account_id, REACH.c.followed, before, IDENTITY.c.realm == realm, ~listed)


class _Piece:
    """One piece of followers and what came of it."""

    def __init__(self, run: SyncRow, realm: str, erased: ErasedMarks, now: datetime) -> None:
        self._run = run
        self._realm = realm
        self._erased = erased
        self._kept_out = 0
        self._now = now
        self._seen = 0
        self._new: list[int] = []
        self._new_unmade = 0
        self._changed: list[int] = []
        self.learnt: list[Learnt] = []

    async def take(self, connection: Connection, rows: Sequence[Any]) -> None:
        """Write a piece, or in a dry run only find out what would be written."""
        listed = [row for row in rows if row.follows]
        # Whoever acts after an erasure is an identity again.
        strangers = [row.external_id for row in listed if row.identity_id is None]
        erased = self._erased.of(self._realm, strangers)
        present = [row for row in listed if row.external_id not in erased]
        self._kept_out = len(erased)
        self._seen = len(present)
        back = [row for row in present if row.reached is not None and self._is_back(row)]
        unmet = [row for row in present if row.reached is None]
        told = [row for row in present if row.is_asked and row.identity_id and row.union_id and not row.known_union]
        self._changed = sorted({row.customer_id for row in (*back, *told) if row.reached is not None})
        if self._run.is_dry_run:
            self._new = [row.customer_id for row in unmet if row.customer_id is not None]
            self._new_unmade = len(unmet) - len(self._new)
            return
        made = await self._identities(connection, [row for row in unmet if row.identity_id is None])
        identities = {row.external_id: (row.identity_id, row.customer_id) for row in present if row.identity_id} | made
        await self._meet(connection, unmet, identities)
        await self._come_back(connection, back)
        await self._remember(connection, [row for row in present if row.is_asked], identities)
        self._new = [identities[row.external_id][1] for row in unmet]
        self.learnt = [Learnt(identity_id=row.identity_id, union_id=row.union_id) for row in told]

    @property
    def found(self) -> list[Difference]:
        """The differences."""
        return [
            *[Difference(kind="new", subject="follower", subject_id=customer) for customer in self._new],
            *[Difference(kind="changed", subject="follower", subject_id=customer) for customer in self._changed],
        ]

    def counts(self) -> dict[str, int]:
        """Return what the piece adds to the run's counts."""
        new = len(self._new) + self._new_unmade
        return {"seen": self._seen, "new": new, "changed": len(self._changed), "refused": self._kept_out}

    def _is_back(self, row: Any) -> bool:
        if row.followed:
            return False
        return row.followed_at is None or bool(row.followed_at <= self._run.started_at - _SECOND)

    async def _identities(self, connection: Connection, rows: Sequence[Any]) -> dict[str, tuple[int, int]]:
        """Make identities of people nobody has met; who bears a known unionid is a customer already."""
        if not rows:
            return {}
        unions = sorted({row.union_id for row in rows if row.union_id})
        bearers = (
            select(IDENTITY.c.union_id, func.min(IDENTITY.c.customer_id).label("customer_id"))
            .where(IDENTITY.c.union_id.in_(unions))
            .group_by(IDENTITY.c.union_id)
        )
        known: Mapping[str, int] = {row.union_id: row.customer_id for row in await connection.execute(bearers)}
        strangers = [row for row in rows if row.union_id not in known]
        made: list[int] = []
        if strangers:
            customers = insert(CUSTOMER).returning(CUSTOMER.c.id)
            blank = [{"created_at": self._now} for _ in strangers]
            made = sorted((await connection.execute(customers, blank)).scalars())
        fresh = iter(made)
        values = [
            {
                "realm": self._realm,
                "external_id": row.external_id,
                "customer_id": known[row.union_id] if row.union_id in known else next(fresh),
                "union_id": row.union_id,
                "created_at": self._now,
                "union_checked_at": self._now if row.is_asked else None,
            }
            for row in rows
        ]
        await connection.execute(upsert(connection.dialect)(IDENTITY).on_conflict_do_nothing(), values)
        ids = [row.external_id for row in rows]
        again = select(IDENTITY.c.id, IDENTITY.c.external_id, IDENTITY.c.customer_id).where(
            IDENTITY.c.realm == self._realm, IDENTITY.c.external_id.in_(ids)
        )
        found = {row.external_id: (row.id, row.customer_id) for row in await connection.execute(again)}
        # Another process may have met the same person on another account of the realm at this moment.
        orphans = set(made) - {customer_id for _, customer_id in found.values()}
        if orphans:
            await connection.execute(delete(CUSTOMER).where(CUSTOMER.c.id.in_(orphans)))
        return found

    async def _meet(
        self, connection: Connection, rows: Sequence[Any], identities: Mapping[str, tuple[int, int]]
    ) -> None:
        """Give people who were never met on the account a conversation and a `reach`, as a message of theirs would."""
        if not rows:
            return
        since = {identities[row.external_id][0]: row.since or self._run.started_at for row in rows}
        opened = [
            {"account_id": self._run.account_id, "identity_id": identity_id, "opened_at": at}
            for identity_id, at in since.items()
        ]
        statement = insert(CONVERSATION).returning(CONVERSATION.c.id, CONVERSATION.c.identity_id)
        conversations = {row.identity_id: row.id for row in await connection.execute(statement, opened)}
        reach = [
            {
                "account_id": self._run.account_id,
                "identity_id": identity_id,
                "followed": True,
                "followed_at": at,
                "conversation_id": conversations[identity_id],
                "last_at": at,
                "quota_left": 0,
                "epoch": 0,
            }
            for identity_id, at in since.items()
        ]
        await connection.execute(insert(REACH), reach)

    async def _come_back(self, connection: Connection, rows: Sequence[Any]) -> None:
        """Note that people follow whose following we did not see."""
        for row in rows:
            mine = update(REACH).where(
                REACH.c.account_id == self._run.account_id, REACH.c.identity_id == row.identity_id
            )
            at = row.since if row.since is not None else self._run.started_at
            await connection.execute(mine.values(followed=True, followed_at=at, unreachable=None))

    async def _remember(
        self, connection: Connection, rows: Sequence[Any], identities: Mapping[str, tuple[int, int]]
    ) -> None:
        if not rows:
            return
        statement = upsert(connection.dialect)(FOLLOWER)
        said = statement.on_conflict_do_update(
            index_elements=["account_id", "identity_id"],
            set_={name: statement.excluded[name] for name in ("since", "scene", "code", "asked_at")},
        )
        values = [
            {
                "account_id": self._run.account_id,
                "identity_id": identities[row.external_id][0],
                "since": row.since,
                "scene": row.scene,
                "code": row.code,
                "asked_at": self._now,
            }
            for row in rows
        ]
        await connection.execute(said, values)
