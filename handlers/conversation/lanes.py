"""The holder of conversations: each held one is a lane in which turns are handled one after another, in `seq` order.

A lane begins with a lease and ends when nothing waits any more. Fragments that arrive before the answer has left join
it: the storage tells, in the very transaction that would write the answer, what has arrived meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from enum import Enum
from typing import Final

import structlog

from content.messages import InboundBody, Outgoing, Purpose
from handlers.clock import Clock
from handlers.conversation.accounts import Answers, ConversationConfig, ServedAccount
from handlers.conversation.drafts import attribution_drafts, consent_drafts, reply_drafts
from handlers.conversation.folding import fold
from handlers.conversation.renewal import Renewal
from handlers.conversation.routing import Route, first_match
from handlers.conversation.standing import Standings, as_customer
from handlers.conversation.turn import STAFF_CHANNELS, Outcome, Turn, can_join
from handlers.delivery.apis import PASSIVE, Audience
from handlers.delivery.decision import Allow, Author, OutgoingFacts, standing_of
from handlers.delivery.governor import Governor
from storage.errors import LeaseLost
from storage.handling import Handling
from storage.records import (
    Handled,
    Lease,
    Pending,
    Person,
    Way,
    Written,
)

log = structlog.get_logger()


class Told(Enum):
    """The class of the one value that tells a waiting attempt to look for itself."""

    LOOK = "look"


#: What an attempt that waits is told: the reply it carries; None: nothing for this attempt; LOOK: a reply is stored and
#: nobody was chosen to carry it, so whoever settles the message first does.
Waiting = asyncio.Future["Outgoing | Told | None"]


def _never(_body: InboundBody) -> bool:
    return False


class Lanes:
    """Handles what is waiting in conversations that this process holds."""

    def __init__(
        self,
        *,
        handling: Handling,
        routes: Sequence[Route],
        standings: Standings,
        accounts: Mapping[int, ServedAccount],
        clock: Clock,
        holder: str,
        config: ConversationConfig,
        governor: Governor,
        apology: Callable[[Turn], Outcome],
        on_outbox: Callable[[], None],
    ) -> None:
        self._handling = handling
        self._routes = routes
        self._standings = standings
        self._accounts = accounts
        self._clock = clock
        self.holder: Final = holder
        self._config = config
        self._governor = governor
        self._apology = apology
        self._on_outbox = on_outbox
        self._running = Renewal(handling, clock=clock, lease=timedelta(seconds=config.lease))
        self._waiting: dict[tuple[int, int], list[Waiting]] = {}

    def begin(self, lease: Lease, person: Person, items: Sequence[Pending]) -> None:
        """Handle `items` and what waits before them, joins or follows them; the lease is this process's."""
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
            accounts=self._accounts.keys(), holder=self.holder, now=now, until=now + self._lease, limit=limit
        )
        begun = 0
        for lease, items in abandoned:
            try:
                person = await self._handling.person(lease)
            except Exception:
                log.exception("A conversation cannot be taken over.", action="take_over_failed", **_place(lease))
                continue
            self.begin(lease, person, items)
            begun += 1
        return begun

    async def finish(self, *, seconds: float) -> None:
        """Return when no lane runs any more; after `seconds` (real: the process stops) leave the rest to others."""
        if tasks := self._running.tasks:
            _, late = await asyncio.wait(tasks, timeout=seconds)
            for task in late:
                task.cancel()  # its lease ends by itself, its work is still recorded
            await asyncio.gather(*late, return_exceptions=True)

    @property
    def _lease(self) -> timedelta:
        return timedelta(seconds=self._config.lease)

    async def _run(self, lease: Lease, person: Person, items: list[Pending]) -> None:
        try:
            items = await self._take_turn(lease, person, items)
            while items:  # what the turn before changed, a consent say, counts in the next
                items = await self._take_turn(lease, await self._handling.person(lease), items)
        except LeaseLost as lost:
            log.warning("A conversation was taken over by another process.", action="lease_lost", detail=str(lost))
        except Exception:
            # The lease ends by itself and another holder tries again; what was recorded is not lost.
            log.exception("A conversation could not be handled.", action="lane_failed", **_place(lease))

    async def _take_turn(self, lease: Lease, person: Person, items: list[Pending]) -> list[Pending]:
        """Handle the first turn of `items`; return what waits after it."""
        turn_items, later = _first_turn(items)
        for round_ in range(self._config.rejoins + 1):
            outcome = self._folded(lease, await self._route(lease, person, turn_items))
            last_round = round_ == self._config.rejoins
            joins = can_join if not last_round and not later and can_join(turn_items[-1].inbound.body) else _never
            written = await self._handling.finish(self._handled(lease, person, turn_items, outcome, joins=joins))
            if written.behind:
                return list(written.behind)
            if not written.rejoin:
                self._tell(turn_items, outcome, written)
                return list(written.more)
            turn_items += written.rejoin
        return []

    async def _route(self, lease: Lease, person: Person, items: Sequence[Pending]) -> Outcome:
        """Return what the routes make of a turn; one that fails apologises instead of leaving the person waiting."""
        turn = Turn(
            account=self._accounts[lease.account_id].info,
            who=as_customer(person),
            messages=tuple(item.inbound for item in items),
            now=self._clock.now(),
            standing=await self._standings.of(person, [item.inbound.body for item in items]),
        )
        try:
            answered = await first_match(self._routes, turn)
        except Exception:
            log.exception("A route failed.", action="route_failed", account=turn.account.name)
            return self._apology(turn)
        return answered.outcome

    def _folded(self, lease: Lease, outcome: Outcome) -> Outcome:
        """Put what is to be said into one message where nothing can follow the HTTP answer."""
        if self._accounts[lease.account_id].active_messages or len(outcome.replies) < 2:
            return outcome
        return replace(outcome, replies=fold(outcome.replies))

    def _way(self, person: Person, item: Pending, outcome: Outcome) -> Way:
        """Choose how the first reply leaves; what the governor keeps from the HTTP answer meets it again in the outbox,
        where a refusal is stored with its reason; on an account without active messages it is lost, which is stored."""
        account = self._accounts[item.account_id]
        if account.answers is Answers.ACTIVE:
            return Way.OUTBOX
        if outcome.replies and not self._allows_passive(person, account.info.channel, outcome.replies[0].purpose):
            return Way.OUTBOX
        return Way.HTTP if (item.account_id, item.seq) in self._waiting else Way.OPEN

    def _allows_passive(self, person: Person, channel: str, purpose: Purpose) -> bool:
        facts = OutgoingFacts(
            purpose=purpose,
            by=Author.BOT,
            channel=channel,
            audience=Audience.STAFF if channel in STAFF_CHANNELS else Audience.CUSTOMER,
            apis=(PASSIVE.name,),
            callback_open=True,
        )
        return isinstance(self._governor.decide(facts, standing_of(person), now=self._clock.now()), Allow)

    def _handled(
        self,
        lease: Lease,
        person: Person,
        items: Sequence[Pending],
        outcome: Outcome,
        *,
        joins: Callable[[InboundBody], bool],
    ) -> Handled:
        now = self._clock.now()
        return Handled(
            lease=lease,
            seqs=tuple(item.seq for item in items),
            replies=reply_drafts(outcome),
            consents=consent_drafts(outcome, items),
            attributions=attribution_drafts(outcome),
            way=self._way(person, items[-1], outcome),
            active_messages=self._accounts[lease.account_id].active_messages,
            joins=joins,
            now=now,
            lease_until=now + self._lease,
        )

    def _tell(self, items: Sequence[Pending], outcome: Outcome, written: Written) -> None:
        """Give each waiting attempt its answer: the last message's carries the reply, the others carry nothing."""
        carried: Outgoing | Told | None = outcome.replies[0].content if written.handed else None
        if outcome.replies and not written.handed and not written.first_by_outbox:
            carried = Told.LOOK  # it began to wait after the way was chosen
        for item in items:
            for future in self._waiting.pop((item.account_id, item.seq), ()):
                if not future.done():
                    future.set_result(carried if item is items[-1] else None)
        if written.outbox:
            self._on_outbox()
        if written.lost:
            log.warning(
                "Replies had no way to leave: the account may not send actively.",
                action="replies_lost",
                account=items[-1].account_id,
                seq=items[-1].seq,
                lost=written.lost,
            )


def _place(lease: Lease) -> dict[str, int]:
    """Return which conversation it is, for the log."""
    return {"account": lease.account_id, "identity": lease.identity_id}


def _first_turn(items: list[Pending]) -> tuple[list[Pending], list[Pending]]:
    """Split what waits into the first turn (one message, or the leading fragments that join) and the rest."""
    end = 1
    if can_join(items[0].inbound.body):
        while end < len(items) and can_join(items[end].inbound.body):
            end += 1
    return items[:end], items[end:]
