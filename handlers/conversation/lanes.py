"""The holder of conversations: each held one is a lane in which turns are handled one after another, in `seq` order.

A lane begins with a lease and ends when nothing waits any more. Fragments that arrive before the answer has left join
it: the storage tells, in the very transaction that would write the answer, what has arrived meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from enum import Enum
from typing import Final

import structlog

from content.messages import InboundBody, Outgoing
from handlers.clock import Clock
from handlers.conversation.accounts import ConversationConfig
from handlers.conversation.renewal import Renewal
from handlers.conversation.turn import Outcome, never_joins
from handlers.conversation.turns import Turns
from storage.errors import LeaseLost, StorageError
from storage.handling import Handling
from storage.records import (
    Lease,
    Pending,
    Person,
    Written,
)

log = structlog.get_logger()


class Told(Enum):
    """The class of the one value that tells a waiting attempt to look for itself."""

    LOOK = "look"


#: What an attempt that waits is told: the reply it carries; None: nothing for this attempt; LOOK: a reply is stored and
#: nobody was chosen to carry it, so whoever settles the message first does.
Waiting = asyncio.Future["Outgoing | Told | None"]


class Lanes:
    """Handles what is waiting in conversations that this process holds."""

    def __init__(
        self,
        *,
        handling: Handling,
        turns: Turns,
        accounts: Collection[int],
        clock: Clock,
        holder: str,
        config: ConversationConfig,
        on_outbox: Callable[[], None],
    ) -> None:
        self._handling = handling
        self._turns = turns
        self._accounts = accounts
        self._clock = clock
        self.holder: Final = holder
        self._config = config
        self._on_outbox = on_outbox
        self._running = Renewal(handling, clock=clock, lease=timedelta(seconds=config.lease))
        self._waiting: dict[tuple[int, int], list[Waiting]] = {}

    def begin(self, lease: Lease, person: Person | None, items: Sequence[Pending]) -> None:
        """Handle `items` and what waits before them, joins or follows them; the lease is this process's.

        Without `person` the person is read first.
        """
        task = asyncio.create_task(self._run(lease, person, list(items)), name=f"lane-{lease.identity_id}")
        self._running.hold(task, lease)

    def wait(self, account_id: int, seq: int) -> Waiting:
        """Return a future that gets what the attempt at this message is to carry, if this process handles it."""
        future: Waiting = asyncio.get_running_loop().create_future()
        self._waiting.setdefault((account_id, seq), []).append(future)
        return future

    def forget(self, account_id: int, seq: int, future: Waiting) -> None:
        """Stop waiting: the attempt is over."""
        waiting = self._waiting.get((account_id, seq), [])
        if future in waiting:
            waiting.remove(future)
        if not waiting:
            self._waiting.pop((account_id, seq), None)

    @property
    def held(self) -> int:
        """How many conversations this process holds now."""
        return len(self._running)

    async def take_over(self, *, limit: int) -> int:
        """Lease and begin conversations whose work nobody handles; return how many.

        One that cannot be begun does not hold the others: its lease ends, and it is tried again then.
        """
        now = self._clock.now()
        abandoned = await self._handling.claim_abandoned(
            accounts=self._accounts, holder=self.holder, now=now, until=now + self._lease, limit=limit
        )
        begun = 0
        for lease, items in abandoned:
            try:
                person = await self._handling.person(lease)
            except Exception:
                log.exception("A conversation cannot be taken over.", action="take_over_failed", **_named(lease))
                continue
            self.begin(lease, person, items)
            begun += 1
        return begun

    async def finish(self, *, seconds: float) -> None:
        """Return when no lane runs any more; after `seconds` (real: the process stops) leave the rest to others.

        Call it when nothing is taken up any more, and before the writer is closed.
        """
        if tasks := self._running.tasks:
            await asyncio.wait(tasks, timeout=seconds)
        await self.cut_off()
        try:
            await self._handling.release(self.holder, accounts=self._accounts)
        except StorageError as error:
            log.warning("Leases end by themselves.", action="lease_not_ended", detail=str(error))

    async def cut_off(self) -> None:
        """Cancel every lane that runs; its work is still recorded."""
        tasks = self._running.tasks
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._running.stop()

    @property
    def _lease(self) -> timedelta:
        return timedelta(seconds=self._config.lease)

    async def _run(self, lease: Lease, person: Person | None, items: list[Pending]) -> None:
        try:
            while items:
                items = await self._take_turn(lease, person or await self._handling.person(lease), items)
                person = None  # what the turn changed, a consent say, counts in the next
        except LeaseLost as lost:
            log.warning("A conversation was taken over by another process.", action="lease_lost", detail=str(lost))
        except Exception:
            # The lease ends by itself and another holder tries again; what was recorded is not lost.
            log.exception("A conversation could not be handled.", action="lane_failed", **_named(lease))

    async def _take_turn(self, lease: Lease, person: Person, items: list[Pending]) -> list[Pending]:
        """Handle the first turn of `items`; return what waits after it."""
        may_join = self._turns.joining(lease.account_id)
        turn_items, later = _first_turn(items, may_join)
        for round_ in range(self._config.rejoins + 1):
            outcome = await self._turns.outcome(person, turn_items)
            last_round = round_ == self._config.rejoins
            joins = may_join if not last_round and not later and may_join(turn_items[-1].inbound.body) else never_joins
            awaited = _place(turn_items[-1]) in self._waiting
            written = await self._handling.finish(
                self._turns.drafted(lease, person, turn_items, outcome, joins=joins, awaited=awaited)
            )
            if written.behind:
                return list(written.behind)
            if not written.rejoin:
                self._tell(turn_items, outcome, written)
                return list(written.more)
            turn_items += written.rejoin
        return []

    def _tell(self, items: Sequence[Pending], outcome: Outcome, written: Written) -> None:
        """Give each waiting attempt its answer: the last message's carries the reply, the others carry nothing."""
        carried: Outgoing | Told | None = outcome.replies[0].content if written.handed else None
        if outcome.replies and not written.handed and not written.first_by_outbox:
            carried = Told.LOOK  # it began to wait after the way was chosen
        for item in items:
            for future in self._waiting.pop((item.account_id, item.seq), ()):
                if not future.done():
                    future.set_result(carried if item is items[-1] else None)
        self.note(written, account_id=items[-1].account_id, seq=items[-1].seq)

    def note(self, written: Written, *, account_id: int, seq: int) -> None:
        """Let go out what a turn put into the outbox, and say what it lost."""
        if written.outbox:
            self._on_outbox()
        if written.lost:
            log.warning(
                "Replies had no way to leave: the account may not send actively.",
                action="replies_lost",
                account=account_id,
                seq=seq,
                lost=written.lost,
            )


def _place(item: Pending) -> tuple[int, int]:
    return item.account_id, item.seq


def _named(lease: Lease) -> dict[str, int]:
    """Return which conversation it is, for the log."""
    return {"account": lease.account_id, "identity": lease.identity_id}


def _first_turn(items: list[Pending], may_join: Callable[[InboundBody], bool]) -> tuple[list[Pending], list[Pending]]:
    """Split what waits into the first turn (one message, or the leading fragments that join) and the rest."""
    end = 1
    if may_join(items[0].inbound.body):
        while end < len(items) and may_join(items[end].inbound.body):
            end += 1
    return items[:end], items[end:]
