"""Customers of who is not on duty any more go back into the line, at their old place; both sides are told."""

from __future__ import annotations

from collections.abc import Callable

from content.messages import TextReply
from handlers.clock import Clock
from handlers.handover.post import Post, given
from handlers.handover.wording import HandoverWording
from storage.handover_queue import HandoverQueue
from storage.handovers import Handovers
from storage.tables.handover import HandoverState


class Absence:
    """Sends back; doing it twice changes nothing."""

    def __init__(
        self,
        *,
        queue: HandoverQueue,
        handovers: Handovers,
        post: Post,
        wording: HandoverWording,
        clock: Clock,
        on_outbox: Callable[[], None],
    ) -> None:
        self._queue = queue
        self._handovers = handovers
        self._post = post
        self._wording = wording
        self._clock = clock
        self._on_outbox = on_outbox

    async def send_back(self, *, of: int | None = None) -> int:
        """Return what somebody (everybody who is absent, without `of`) leaves to the line; say how many."""
        count = 0
        for row in await self._queue.absent():
            if of is not None and row.staff_id != of:
                continue
            now = self._clock.now()
            stamp = f"{now.timestamp():.6f}"
            # The place among those who wait: who asked earlier was served earlier, and stands in front again.
            place = str(await self._handovers.place(row))
            was_served = row.state is HandoverState.RUNNING
            said = self._wording.customer("returned", title=self._post.title_of(row), elder=row.elder, place=place)
            letters = given(
                self._post.to_customer(row, said, key=f"returned:{row.staff_id}:{stamp}") if was_served else None,
                self._post.to_staff(
                    row.staff_realm or "",
                    row.userid or "",
                    TextReply(content=self._wording.staff("away", row)),
                    key=f"handover:{row.id}:away:{row.staff_id}:{stamp}",
                ),
            )
            if await self._queue.return_absent(row, letters=letters, now=now):
                count += 1
                self._on_outbox()
        return count
