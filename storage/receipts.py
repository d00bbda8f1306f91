"""What the platform tells later: that an accepted message did not arrive, who serves a customer, who wants nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import exists, select, update

from storage.accounts import lock_accounts
from storage.benefit_reserving import follow_deliveries
from storage.connection import Connection
from storage.database import Database
from storage.tables import DELIVERY, HANDOVER, REACH
from storage.tables.delivery import DeliveryState
from storage.tables.handover import SessionStep

#: From these an accepted message can turn out not to have arrived. One that is still held, or waits for a repeat, was
#: accepted all the same when the platform speaks of it: nothing is sent again.
_OPEN_TO_A_RECEIPT: Final = (
    DeliveryState.CLAIMED,
    DeliveryState.ATTEMPTING,
    DeliveryState.RETRY,
    DeliveryState.SENT,
    DeliveryState.UNKNOWN,
)
#: A receipt comes within moments; of a person's messages so many are looked at, the newest first.
_LOOKED_AT: Final = 200


class Receipts:
    """Writes them to deliveries and to how a person can be reached. Each may be written twice and counts once."""

    def __init__(self, database: Database, *, platform_id: Callable[[str], str]) -> None:
        """`platform_id` makes of a delivery's idempotency key the id under which the platform knows the message.

        So a receipt finds its delivery even when it comes before the answer to the sending was written.
        """
        self._database = database
        self._platform_id = platform_id

    async def undelivered(self, account_id: int, identity_id: int, *, message: str, reason: str, now: datetime) -> bool:
        """Move the delivery that the platform knows as `message` to undelivered; False when there is none to move."""

        async def apply(connection: Connection) -> bool:
            await lock_accounts(connection, [account_id])
            query = (
                select(DELIVERY.c.id, DELIVERY.c.idempotency_key)
                .where(DELIVERY.c.account_id == account_id, DELIVERY.c.identity_id == identity_id)
                .order_by(DELIVERY.c.id.desc())
                .limit(_LOOKED_AT)
            )
            rows = (await connection.execute(query)).all()
            found = [row.id for row in rows if self._platform_id(row.idempotency_key) == message]
            changed = await connection.execute(
                update(DELIVERY)
                .where(DELIVERY.c.id.in_(found), DELIVERY.c.state.in_(_OPEN_TO_A_RECEIPT), DELIVERY.c.attempts > 0)
                .values(
                    state=DeliveryState.UNDELIVERED,
                    reason=reason,
                    platform_id=message,
                    settled_at=now,
                    # Whoever still holds it writes nothing over this: the settlement asks for the holder.
                    holder=None,
                    lease_until=None,
                )
            )
            await follow_deliveries(connection, found, now=now)
            return bool(changed.rowcount)

        return await self._database.write(apply)

    async def served(
        self, account_id: int, identity_id: int, *, by: str | None, until: datetime | None, said_at: datetime
    ) -> None:
        """Note who serves a person at the platform itself, until `until` at most; None: nobody does any more.

        `said_at`: when the platform says that this was so. What lies before the end that we made of a session says
        nothing of who serves now: no event tells that end, and the bot would be silent for nobody.
        """
        ended = exists().where(
            HANDOVER.c.account_id == account_id,
            HANDOVER.c.identity_id == identity_id,
            HANDOVER.c.session.in_((SessionStep.ENDING, SessionStep.OVER)),
            HANDOVER.c.session_at >= said_at,
        )
        conditions = () if by is None else (~ended,)
        await self._on_reach(account_id, identity_id, conditions, served_by=by, served_until=until)

    async def unreachable(self, account_id: int, identity_id: int, *, reason: str | None, said_at: datetime) -> None:
        """Note that a person gets nothing any more, and why; None: they do again. What they did since `said_at` counts
        more."""
        await self._on_reach(account_id, identity_id, (REACH.c.last_at <= said_at,), unreachable=reason)

    async def emptied(self, account_id: int, identity_id: int, *, said_at: datetime) -> None:
        """Note that nothing more may be sent to a person until they act; what they did since `said_at` counts more."""
        await self._on_reach(account_id, identity_id, (REACH.c.last_at <= said_at,), quota_left=0)

    async def _on_reach(
        self, account_id: int, identity_id: int, conditions: tuple[Any, ...] = (), /, **values: Any
    ) -> None:
        mine = (REACH.c.account_id == account_id, REACH.c.identity_id == identity_id, *conditions)

        async def apply(connection: Connection) -> None:
            await lock_accounts(connection, [account_id])
            await connection.execute(update(REACH).where(*mine).values(**values))

        await self._database.write(apply)
