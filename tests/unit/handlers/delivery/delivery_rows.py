"""What became of the deliveries, read past the repositories."""

from __future__ import annotations

from tests.fakes.stores import OpenStores


async def states(stores: OpenStores) -> list[tuple[str, str | None]]:
    """Return state and reason of each delivery, in the order of planning."""
    rows = await stores.rows("SELECT state, reason FROM delivery ORDER BY id")
    return [(row["state"], row["reason"]) for row in rows]
