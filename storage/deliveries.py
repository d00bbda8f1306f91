"""Deliveries as people look at them: those that need a person, and a person's word on one that is `unknown`."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import and_, select, update

from storage.benefit_reserving import follow_deliveries
from storage.connection import Connection
from storage.database import Database
from storage.errors import StorageError
from storage.tables import ACCOUNT, CONTENT, DELIVERY, IDENTITY, MESSAGE
from storage.tables.delivery import DeliveryState
from storage.viewer import Viewer, visible

#: What a person can say of an unknown delivery: it arrived, or it did not.
SETTLED_BY_PERSON = (DeliveryState.SENT, DeliveryState.FAILED)


class Deliveries:
    """Reads deliveries by state, settles unknown ones."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def in_state(self, state: DeliveryState, *, limit: int, viewer: Viewer) -> list[dict[str, Any]]:
        """Return the latest deliveries in `state` that `viewer` may see, the newest first, as JSON-able values."""
        query = (
            select(
                DELIVERY.c.id,
                ACCOUNT.c.name.label("account"),
                IDENTITY.c.external_id.label("person"),
                DELIVERY.c.state,
                DELIVERY.c.reason,
                DELIVERY.c.api,
                DELIVERY.c.attempts,
                DELIVERY.c.settled_at,
                MESSAGE.c.kind,
                CONTENT.c.fields,
            )
            .join(ACCOUNT, ACCOUNT.c.id == DELIVERY.c.account_id)
            .join(IDENTITY, IDENTITY.c.id == DELIVERY.c.identity_id)
            .join(MESSAGE, and_(MESSAGE.c.account_id == DELIVERY.c.account_id, MESSAGE.c.seq == DELIVERY.c.out_seq))
            .outerjoin(
                CONTENT, and_(CONTENT.c.account_id == DELIVERY.c.account_id, CONTENT.c.seq == DELIVERY.c.out_seq)
            )
            .where(DELIVERY.c.state == state)
            .order_by(DELIVERY.c.id.desc())
            .limit(limit)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(visible(query, viewer))).mappings().all()
        return [_shown(dict(row)) for row in rows]

    async def settle(self, delivery_id: int, state: DeliveryState, *, by: str, now: datetime) -> None:
        """Write a person's word on an unknown delivery. Raises StorageError when it is not unknown."""
        if state not in SETTLED_BY_PERSON:
            raise StorageError(f"a person settles a delivery as sent or failed, not as {state}")

        async def apply(connection: Connection) -> bool:
            changed = await connection.execute(
                update(DELIVERY)
                .where(DELIVERY.c.id == delivery_id, DELIVERY.c.state == DeliveryState.UNKNOWN)
                .values(state=state, reason=f"settled by {by}", settled_at=now)
            )
            await follow_deliveries(connection, [delivery_id], now=now)
            return bool(changed.rowcount == 1)

        if not await self._database.write(apply):
            raise StorageError(f"delivery {delivery_id} is not unknown; `zhike delivery list` shows those that are")


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    settled_at = row["settled_at"]
    fields = row.pop("fields")
    return row | {
        "settled_at": None if settled_at is None else settled_at.isoformat(),
        "content": None if fields is None else json.loads(fields),
    }
