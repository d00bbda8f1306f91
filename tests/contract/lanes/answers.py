"""What an attempt of the platform may be answered without words, and what went to the outbox instead."""

from __future__ import annotations

from handlers.conversation.inbox import Answered
from tests.fakes.stores import OpenStores

#: Taken, and the answer carries nothing.
ACCEPTED = Answered()
#: The attempt is left to time out, so that the platform asks again.
TIMED_OUT = Answered(time_out=True)


async def deliveries(stores: OpenStores) -> list[str]:
    """Return the fields of each message in the outbox, in the order of planning."""
    rows = await stores.rows(
        "SELECT c.fields FROM delivery d JOIN content c ON c.account_id = d.account_id AND c.seq = d.out_seq"
        " ORDER BY d.id"
    )
    return [row["fields"] for row in rows]
