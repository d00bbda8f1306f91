"""The mode for the elderly, kept on a customer's identities: where it is read with the rest when a message arrives."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select, update

from storage.connection import Connection
from storage.tables import IDENTITY


async def turn_elder_mode(connection: Connection, customer_id: int, *, on: bool, now: datetime) -> None:
    """Turn it on (since when it was on first, if it is on already) or off, on every identity of a customer."""
    mine = update(IDENTITY).where(IDENTITY.c.customer_id == customer_id)
    if on:
        await connection.execute(mine.where(IDENTITY.c.elder_since.is_(None)).values(elder_since=now))
    else:
        await connection.execute(mine.where(IDENTITY.c.elder_since.is_not(None)).values(elder_since=None))


async def share_elder_mode(connection: Connection, customer_id: int) -> None:
    """After a merge: whoever wanted it on one of the identities has it on all."""
    mine = IDENTITY.c.customer_id == customer_id
    first = select(func.min(IDENTITY.c.elder_since)).where(mine)
    since = (await connection.execute(first)).scalar()
    if since is not None:
        lacking = update(IDENTITY).where(mine, IDENTITY.c.elder_since.is_(None))
        await connection.execute(lacking.values(elder_since=since))
