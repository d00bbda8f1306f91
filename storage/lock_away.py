"""The first step of an erasure: nothing of the person is used any more, by anybody.

One transaction takes away who they are: the platform's ids give way to a random mark in a realm that no account has, so
that whoever writes again is somebody new, and what was on its way to them does not leave. Then their contents move, a
batch a transaction, to a table that nothing reads. Killed anywhere, it is begun again and ends the same.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, delete, exists, insert, literal, or_, select, tuple_, update

from content.value import value
from storage.benefit_erasing import end_units
from storage.connection import Connection
from storage.customers import hold_customers, one_merge_at_a_time
from storage.database import Database
from storage.erasure_file import ErasureFile
from storage.erasures import ErasureRow, Kept, customers_of, held
from storage.handover_moves import end_erased
from storage.probe import Probe, no_probe
from storage.tables import (
    CONTENT,
    CONVERSATION,
    CUSTOMER,
    CUSTOMER_OWNER,
    DELIVERY,
    ERASED_IDENTITY,
    ERASURE,
    FROZEN_CONTENT,
    HANDOVER,
    HANDOVER_COPY,
    IDENTITY,
    MESSAGE,
    REACH,
    REPLY,
    STAGED_FOLLOWER,
    STAGED_TAGGED,
    WORK,
)
from storage.tables.delivery import OPEN, DeliveryState
from storage.tables.erasure import ErasureState
from storage.tables.work import OPEN_REPLIES, READY, ReplyState, WorkState

#: The realm of identities that name nobody; no account can have it, settings ask for an appid or corpid.
ERASED_REALM: Final = "erased"
#: Why a message that waited does not go out.
REASON: Final = "erased"
#: The class of what is kept because of a legal hold.
HOLD: Final = "hold"
#: Contents that move in one transaction.
_BATCH: Final = 500


@value
class _Named:
    id: int
    realm: str
    external_id: str
    union_id: str | None


class LockAway:
    """Puts one customer out of use."""

    def __init__(self, database: Database, outside: ErasureFile, *, probe: Probe = no_probe) -> None:
        self._database = database
        self._outside = outside
        self._probe = probe

    async def lock(self, erasure: ErasureRow, kept: Kept | None, *, now: datetime) -> None:
        """Take everything of the customer out of use: requested → locked. `kept`: what the law keeps of it."""
        named = await self._named(erasure.customer_id)
        # Outside first: a backup that knows nothing of this erasure must not bring the person back.
        await self._outside.add(erasure.id, [(each.realm, each.external_id) for each in named], at=now)
        self._probe("erasure_listed")
        listed = frozenset(each.id for each in named)
        if not await self._database.write(
            lambda connection: self._take_away(connection, erasure, kept, listed=listed, now=now)
        ):
            return  # somebody was merged meanwhile: the next round finds whom it is about now
        self._probe("erasure_nameless")
        await self.move_contents(erasure)
        await self._database.write(lambda connection: _locked(connection, erasure, now=now))
        self._probe("erasure_locked")

    async def move_contents(self, erasure: ErasureRow) -> None:
        """Move what the customer's conversations hold out of sight."""
        async with self._database.read() as connection:
            places = [(row.account_id, row.seq) for row in await connection.execute(_contents_of(erasure.id))]
        for start in range(0, len(places), _BATCH):
            batch = places[start : start + _BATCH]
            for account_id in sorted({account_id for account_id, _ in batch}):
                seqs = [seq for mine, seq in batch if mine == account_id]
                await self._move(account_id, seqs, erasure.id)
            self._probe("erasure_moving")

    async def _move(self, account_id: int, seqs: Sequence[int], erasure_id: int) -> None:
        chosen = and_(CONTENT.c.account_id == account_id, CONTENT.c.seq.in_(seqs))
        columns = ("account_id", "seq", "month", "salt", "fields", "erasure_id")
        copied = select(*(CONTENT.c[name] for name in columns[:-1]), literal(erasure_id)).where(chosen)

        async def apply(connection: Connection) -> None:
            await connection.execute(insert(FROZEN_CONTENT).from_select(columns, copied))
            await connection.execute(delete(CONTENT).where(chosen))

        await self._database.write(apply)

    async def _named(self, customer_id: int) -> list[_Named]:
        async with self._database.read() as connection:
            return await _identities(connection, await customers_of(connection, customer_id))

    async def _take_away(
        self, connection: Connection, erasure: ErasureRow, kept: Kept | None, *, listed: frozenset[int], now: datetime
    ) -> bool:
        """Do it; False, and nothing is done, when it is about others than those `listed` outside by now."""
        await one_merge_at_a_time(connection)
        customers = await customers_of(connection, erasure.customer_id)
        await hold_customers(connection, customers)
        named = await _identities(connection, customers)
        if (await connection.execute(_still_asked(erasure))).first() is None:
            return False
        if not listed.issuperset(each.id for each in named):
            return False
        if (await connection.execute(select(literal(1)).where(held(literal(erasure.customer_id))))).first() is not None:
            kept = kept or Kept(category=HOLD, reason="hold", until=None)
        for each in named:
            await connection.execute(
                insert(ERASED_IDENTITY).values(
                    identity_id=each.id,
                    erasure_id=erasure.id,
                    realm=None if kept is None else each.realm,
                    external_id=None if kept is None else each.external_id,
                    union_id=None if kept is None else each.union_id,
                )
            )
            # The mark is random: not even a guess at the id can be compared with it.
            nobody = {
                "realm": ERASED_REALM,
                "external_id": secrets.token_hex(16),
                "union_id": None,
                "elder_since": None,
            }
            await connection.execute(
                update(IDENTITY).where(IDENTITY.c.id == each.id).values(**nobody, union_checked_at=now)
            )
        names = [each.external_id for each in named]
        for staged in (STAGED_FOLLOWER, STAGED_TAGGED):
            await connection.execute(delete(staged).where(staged.c.external_id.in_(names)))
        ids = [each.id for each in named]
        await _stop(connection, ids, now=now)
        await connection.execute(delete(CUSTOMER_OWNER).where(CUSTOMER_OWNER.c.customer_id.in_(customers)))
        await connection.execute(update(CUSTOMER).where(CUSTOMER.c.id.in_(customers)).values(erased_at=now))
        # Behind the customers' rows, which every claim locks: what was claimed by now is seen, and nothing more comes.
        await end_units(connection, ids, now=now)
        values = (
            {} if kept is None else {"kept_class": kept.category, "kept_reason": kept.reason, "kept_until": kept.until}
        )
        if values:
            await connection.execute(update(ERASURE).where(ERASURE.c.id == erasure.id).values(**values))
        return True


async def _stop(connection: Connection, identity_ids: Sequence[int], *, now: datetime) -> None:
    """End what is under way for the identities: leases, work, replies, messages in the outbox."""
    # The row stays: whoever holds the conversation or a message to it finds that the lease is gone, and gives up.
    ended = {"holder": None, "lease_until": None, "epoch": REACH.c.epoch + 1, "quota_left": 0, "quota_until": None}
    forgotten = {"followed": None, "followed_at": None, "unreachable": REASON, "callback_id": None}
    await connection.execute(update(REACH).where(REACH.c.identity_id.in_(identity_ids)).values(**ended, **forgotten))
    await end_erased(connection, identity_ids, now=now)
    mine = exists().where(
        WORK.c.account_id == REPLY.c.account_id, WORK.c.seq == REPLY.c.in_seq, WORK.c.identity_id.in_(identity_ids)
    )
    await connection.execute(update(REPLY).where(REPLY.c.state.in_(OPEN_REPLIES), mine).values(state=ReplyState.LOST))
    await connection.execute(
        update(WORK)
        .where(WORK.c.state == READY, WORK.c.identity_id.in_(identity_ids))
        .values(state=WorkState.DONE, handled_at=now)
    )
    await connection.execute(
        update(DELIVERY)
        .where(DELIVERY.c.identity_id.in_(identity_ids), DELIVERY.c.state.in_(OPEN))
        .values(state=DeliveryState.REFUSED, reason=REASON, holder=None, lease_until=None, settled_at=now)
    )


async def _locked(connection: Connection, erasure: ErasureRow, *, now: datetime) -> None:
    asked = (ERASURE.c.id == erasure.id, ERASURE.c.state == ErasureState.REQUESTED)
    await connection.execute(update(ERASURE).where(*asked).values(state=ErasureState.LOCKED, locked_at=now))


async def _identities(connection: Connection, customers: Sequence[int]) -> list[_Named]:
    query = select(IDENTITY).where(IDENTITY.c.customer_id.in_(customers), IDENTITY.c.realm != ERASED_REALM)
    return [
        _Named(id=row.id, realm=row.realm, external_id=row.external_id, union_id=row.union_id)
        for row in await connection.execute(query.order_by(IDENTITY.c.id))
    ]


def _still_asked(erasure: ErasureRow) -> Any:
    mine = (ERASURE.c.id == erasure.id, ERASURE.c.customer_id == erasure.customer_id)
    return select(ERASURE.c.id).where(*mine, ERASURE.c.state == ErasureState.REQUESTED).with_for_update()


def _contents_of(erasure_id: int) -> Any:
    """Return the query of the places of contents in the erased identities' conversations."""
    return (
        select(MESSAGE.c.account_id, MESSAGE.c.seq)
        .join(CONTENT, and_(CONTENT.c.account_id == MESSAGE.c.account_id, CONTENT.c.seq == MESSAGE.c.seq))
        .where(said_or_repeated(erasure_id))
        .order_by(MESSAGE.c.account_id, MESSAGE.c.seq)
    )


def said_or_repeated(erasure_id: int) -> ColumnElement[bool]:
    """Return the condition that a MESSAGE is of an erased conversation, or repeats to staff what was said in one."""
    mine = select(ERASED_IDENTITY.c.identity_id).where(ERASED_IDENTITY.c.erasure_id == erasure_id)
    repeats = exists().where(
        HANDOVER_COPY.c.account_id == MESSAGE.c.account_id,
        HANDOVER_COPY.c.seq == MESSAGE.c.seq,
        HANDOVER_COPY.c.handover_id == HANDOVER.c.id,
        HANDOVER.c.identity_id.in_(mine),
    )
    copied = and_(HANDOVER_COPY.c.account_id == REPLY.c.account_id, HANDOVER_COPY.c.seq == REPLY.c.in_seq)
    # What staff were answered to a message about the customer: who they serve, with the last words of each.
    answers = (
        select(REPLY.c.account_id, REPLY.c.out_seq)
        .join(HANDOVER_COPY, copied)
        .join(HANDOVER, HANDOVER.c.id == HANDOVER_COPY.c.handover_id)
        .where(HANDOVER.c.identity_id.in_(mine))
    )
    answered = tuple_(MESSAGE.c.account_id, MESSAGE.c.seq).in_(answers)
    return or_(MESSAGE.c.conversation_id.in_(conversations_of(erasure_id)), repeats, answered)


def conversations_of(erasure_id: int) -> Any:
    """Return the query of the conversations of an erasure's identities."""
    mine = select(ERASED_IDENTITY.c.identity_id).where(ERASED_IDENTITY.c.erasure_id == erasure_id)
    return select(CONVERSATION.c.id).where(CONVERSATION.c.identity_id.in_(mine))
