"""The one way a handover changes its state: a conditional update along the table, with `reach` in the same transaction.

Whoever moves one holds the lock of its account, as everybody does who writes `reach`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, case, exists, insert, select, update

from storage.connection import Connection
from storage.tables import HANDOVER, HANDOVER_OFFER, REACH
from storage.tables.handover import OPEN_HANDOVER, HandoverState, SessionStep

_S = HandoverState
#: docs/states.md, Handover, with its notes: what may follow each state.
MAY_FOLLOW: Final[Mapping[HandoverState, frozenset[HandoverState]]] = MappingProxyType(
    {
        _S.LEFT_MESSAGE: frozenset({_S.WAITING, _S.CLOSED}),
        _S.WAITING: frozenset({_S.OFFERED, _S.LEFT_MESSAGE, _S.CLOSED}),
        _S.OFFERED: frozenset({_S.RUNNING, _S.OFFERED, _S.WAITING, _S.CLOSED}),
        _S.RUNNING: frozenset({_S.CLOSED, _S.WAITING, _S.OFFERED}),
        _S.CLOSED: frozenset(),
    }
)


async def move(
    connection: Connection,
    handover: Any,
    before: HandoverState,
    after: HandoverState,
    *guards: ColumnElement[bool],
    **values: Any,
) -> bool:
    """Move a handover (a row with id, account_id and identity_id) if it is still in `before` and the guards hold."""
    if after not in MAY_FOLLOW[before]:
        raise ValueError(f"a handover does not go from {before} to {after}; docs/states.md says what may follow what")
    changed = await connection.execute(
        update(HANDOVER)
        .where(HANDOVER.c.id == handover.id, HANDOVER.c.state == before, *guards)
        .values(state=after, **values)
    )
    if changed.rowcount != 1:
        return False
    await mark_reach(connection, handover, after, closed_at=values.get("closed_at"))
    return True


def no_longer_follows() -> ColumnElement[bool]:
    """Return the condition on HANDOVER that its person has left the account."""
    mine = and_(REACH.c.account_id == HANDOVER.c.account_id, REACH.c.identity_id == HANDOVER.c.identity_id)
    return exists().where(mine, REACH.c.followed.is_(False))


def stepped(step: SessionStep | None, *, now: datetime) -> dict[str, Any]:
    """Return what a handover keeps when its platform's session takes a step; nothing where it has no part in it."""
    if step is None:
        return {}
    return {"session": step.value, "session_at": now, "session_due": now, "session_tries": 0}


async def mark_reach(
    connection: Connection, handover: Any, state: HandoverState, *, closed_at: datetime | None = None
) -> None:
    """Let recording know the handover and its state; nothing of a closed one.

    The silence that ends a conversation counts from the closing: the answer to the closing question belongs to it.
    """
    is_open = state is not HandoverState.CLOSED
    heard = {} if closed_at is None else {"last_at": closed_at}
    await connection.execute(
        update(REACH)
        .where(REACH.c.account_id == handover.account_id, REACH.c.identity_id == handover.identity_id)
        .values(handover_id=handover.id if is_open else None, handover_state=state.value if is_open else None, **heard)
    )


async def begin_offer(connection: Connection, handover_id: int, staff_id: int, *, now: datetime) -> None:
    """Note that somebody is offered a handover."""
    await connection.execute(insert(HANDOVER_OFFER).values(handover_id=handover_id, staff_id=staff_id, offered_at=now))


async def end_offers(connection: Connection, handover_id: int, outcome: str, *, now: datetime) -> None:
    """Note what came of the offer that stands, if one does."""
    await connection.execute(
        update(HANDOVER_OFFER)
        .where(HANDOVER_OFFER.c.handover_id == handover_id, HANDOVER_OFFER.c.ended_at.is_(None))
        .values(ended_at=now, outcome=outcome)
    )


async def end_erased(connection: Connection, identity_ids: Sequence[int], *, now: datetime) -> None:
    """Close what is open with people who are erased; nobody is told, there is nobody left to tell."""
    mine = HANDOVER.c.identity_id.in_(identity_ids)
    closed = {
        "state": HandoverState.CLOSED,
        "closed_at": now,
        "closed_by": "erasure",
        "until": None,
        "session": case((HANDOVER.c.session.is_not(None), SessionStep.OVER.value)),
    }
    opened = update(HANDOVER).where(mine, HANDOVER.c.state.in_(OPEN_HANDOVER))
    await connection.execute(opened.values(**closed))
    offers = HANDOVER_OFFER.c.handover_id.in_(select(HANDOVER.c.id).where(mine))
    await connection.execute(
        update(HANDOVER_OFFER).where(offers, HANDOVER_OFFER.c.ended_at.is_(None)).values(ended_at=now, outcome="closed")
    )
    await connection.execute(
        update(REACH).where(REACH.c.identity_id.in_(identity_ids)).values(handover_id=None, handover_state=None)
    )
