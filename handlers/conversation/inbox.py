"""One callback from arrival to answer: recorded, then answered in time, later, or not at all.

Before the deadline the reply goes back in the HTTP answer. At the deadline the reply's way is chosen once: to the
outbox where the account may send actively, otherwise the attempt is left to time out so that the platform comes again,
and its third attempt decides. A repeated callback gets the stored reply again.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from content.messages import Follow, Inbound, InboundBody, MenuView, Outgoing, Unfollow, decode_outgoing
from content.value import value
from handlers.clock import Clock
from handlers.conversation.accounts import Answers, ConversationConfig, ServedAccount
from handlers.conversation.at_once import AtOnce
from handlers.conversation.lanes import Lanes, Told
from handlers.conversation.sent import Sent
from handlers.conversation.turns import Turns
from handlers.conversation.watch import Watch
from handlers.delivery.apis import FETCHED_CHANNELS
from handlers.delivery.grants import trigger_of
from handlers.delivery.table import SendingTable
from storage.log import Log
from storage.records import Arrival, Draft, Recorded, Written
from storage.replies import Attempt, Replies, Verdict

#: An attempt this long after the first is the platform's last (0, 5 and 10 s).
_LAST_ATTEMPT_AFTER: Final = timedelta(seconds=9)
#: The last attempt begins so long after the message at most, with the seconds that `sent_at` and the way there cost.
_ATTEMPTS_REACH: Final = timedelta(seconds=12)


@value
class Answered:
    """What the HTTP answer carries. `time_out`: give none, so that the platform comes again. `handed`: tell
    `Inbox.written` when the reply's bytes have left."""

    reply: Outgoing | None = None
    time_out: bool = False
    handed: tuple[int, int] | None = None


_ACCEPTED: Final = Answered()


class Inbox:
    """Takes one account's callbacks in."""

    def __init__(
        self,
        account: ServedAccount,
        *,
        table: SendingTable,
        log: Log,
        replies: Replies,
        lanes: Lanes,
        turns: Turns,
        watch: Watch,
        sent: Sent,
        clock: Clock,
        config: ConversationConfig,
    ) -> None:
        self._account = account
        self._table = table
        self._log = log
        self._replies = replies
        self._lanes = lanes
        self._turns = turns
        self._watch = watch
        self._sent = sent
        self._clock = clock
        self._config = config

    async def receive(self, inbound: Inbound) -> Answered:
        """Record a callback and return what to answer. Nothing is answered before the message is durable."""
        now = self._clock.now()
        if self._account.answers is Answers.NONE:
            await self._log.record(self._arrival(inbound, now, at_once=None))
            return _ACCEPTED
        deadline = now + timedelta(seconds=self._config.deadline)
        asked = AtOnce(self._turns, inbound, holder=self._lanes.holder, now=now, until=deadline)
        recorded = await self._log.record(self._arrival(inbound, now, at_once=asked.draft))
        if recorded.written is not None:
            return self._answered_at_once(asked, recorded, recorded.written)
        begun = recorded.epoch is not None
        if begun:
            lease, item = asked.taken(recorded)
            self._lanes.begin(lease, recorded.person, [item])
        if self._account.answers is Answers.ACTIVE:
            return _ACCEPTED
        if begun:
            return await self._await_lane(recorded, inbound, deadline)
        return await self._await_other(recorded, inbound, deadline)

    async def log_only(self, inbound: Inbound, *, staff: str | None = None) -> Recorded:
        """Record what nobody is to answer: history, an event, or what `staff` said to the sender."""
        arrival = self._arrival(inbound, self._clock.now(), at_once=None)
        return await self._log.record(replace(arrival, handle=False, grant=None, followed=None, staff=staff))

    def written(self, handed: tuple[int, int]) -> None:
        """Note that a reply's bytes have left."""
        self._sent.note(*handed)

    def _arrival(self, inbound: Inbound, now: datetime, *, at_once: Draft | None) -> Arrival:
        channel = self._account.row.channel
        return Arrival(
            account=self._account.row,
            inbound=inbound,
            grant=self._table.grant_of(inbound.body, channel=channel, age=now - inbound.sent_at),
            followed=None if channel in FETCHED_CHANNELS else _followed(inbound.body),
            handle=self._account.answers is not Answers.NONE,
            holder=self._lanes.holder,
            now=now,
            lease_until=now + timedelta(seconds=self._config.lease),
            idle_close=timedelta(seconds=self._config.idle_close),
            at_once=at_once,
        )

    def _answered_at_once(self, asked: AtOnce, recorded: Recorded, written: Written) -> Answered:
        """Go on where the transaction that recorded the message has answered it too."""
        self._lanes.note(written, account_id=recorded.account_id, seq=recorded.seq)
        if written.more:
            lease, _ = asked.taken(recorded)
            self._lanes.begin(lease, None, written.more)
        reply = asked.carried(recorded)
        return _ACCEPTED if reply is None else Answered(reply=reply, handed=(recorded.account_id, recorded.seq))

    async def _await_lane(self, recorded: Recorded, inbound: Inbound, deadline: datetime) -> Answered:
        """Wait for this process's own lane until the deadline."""
        key = (recorded.account_id, recorded.seq)
        if self._left(deadline) <= 0:  # the database took too long: what an HTTP answer carried now would reach nobody
            return await self._at_deadline(key, inbound, deadline)
        future = self._lanes.wait(*key)
        try:
            reply = await self._clock.wait_for(future, seconds=self._left(deadline))
        except TimeoutError:
            return await self._at_deadline(key, inbound, deadline)
        finally:
            self._lanes.forget(*key, future)
        return await self._told(key, reply)

    async def _await_other(self, recorded: Recorded, inbound: Inbound, deadline: datetime) -> Answered:
        """A repeated callback, or one whose conversation another holds: wait until it is handled or time is up."""
        key = (recorded.account_id, recorded.seq)
        verdict = await self._settle(key, last_word=False)
        if not verdict.wait:
            return _answered(key, verdict)
        lane, elsewhere = self._lanes.wait(*key), self._watch.add(*key)
        first = asyncio.ensure_future(asyncio.wait((lane, elsewhere), return_when=asyncio.FIRST_COMPLETED))
        try:
            await self._clock.wait_for(first, seconds=max(0.0, self._left(deadline)))
        except TimeoutError:
            first.cancel()
            return await self._at_deadline(key, inbound, deadline)
        finally:
            self._lanes.forget(*key, lane)
            self._watch.forget(*key, elsewhere)
        return await self._told(key, lane.result() if lane.done() else Told.LOOK)

    async def _told(self, key: tuple[int, int], told: Outgoing | Told | None) -> Answered:
        """Return the answer that a lane's word means for an attempt."""
        if told is Told.LOOK:
            return _answered(key, await self._settle(key, last_word=False))
        return Answered(reply=told, handed=key if told is not None else None)

    async def _at_deadline(self, key: tuple[int, int], inbound: Inbound, deadline: datetime) -> Answered:
        verdict = await self._settle(key, last_word=True)
        if not verdict.wait:
            return _answered(key, verdict)
        arrived = deadline - timedelta(seconds=self._config.deadline)
        last = arrived - _first_attempt(inbound.sent_at, verdict.recorded_at) >= _LAST_ATTEMPT_AFTER
        return _ACCEPTED if last else Answered(time_out=True)

    async def _settle(self, key: tuple[int, int], *, last_word: bool) -> Verdict:
        account_id, seq = key
        active = self._account.active_messages
        return await self._replies.settle(
            Attempt(account_id=account_id, seq=seq, last_word=last_word and active, may_use_outbox=active)
        )

    def _left(self, deadline: datetime) -> float:
        return (deadline - self._clock.now()).total_seconds()


def _answered(key: tuple[int, int], verdict: Verdict) -> Answered:
    if verdict.reply is None:
        return _ACCEPTED
    return Answered(reply=decode_outgoing(verdict.reply.kind, verdict.reply.fields), handed=key)


def _first_attempt(sent_at: datetime, recorded_at: datetime) -> datetime:
    """Return when the platform tried first: an attempt that met a restart was not recorded.

    `sent_at` has whole seconds, so it can be up to one too early; the margin of `_LAST_ATTEMPT_AFTER` holds that. One
    further before the recording than the attempts reach says only that the clocks differ.
    """
    return sent_at if timedelta() <= recorded_at - sent_at <= _ATTEMPTS_REACH else recorded_at


def _followed(body: InboundBody) -> bool | None:
    """Return what an act says of following: who writes, taps or scans follows; other events say nothing."""
    if isinstance(body, Unfollow):
        return False
    return True if isinstance(body, (Follow, MenuView)) or trigger_of(body) is not None else None
