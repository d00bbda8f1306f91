"""One claimed row's attempt: what must not be tried, the governor's word, the channel's call, what the row becomes.

A picture that another account keeps is brought over between the claim and the attempt (`handlers.delivery.carrying`).

The governor is asked at the claim and again inside the transaction that commits `attempting`. A row that a dead process
left in `attempting` is sent again only under a platform key that is still valid; otherwise it is `unknown`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog

from content.messages import Outgoing
from handlers.clock import Clock
from handlers.delivery.apis import KeyKind
from handlers.delivery.carrying import bring_over, is_carried
from handlers.delivery.decision import Allow, Defer, OutgoingFacts, Refuse, Ruling, standing_of
from handlers.delivery.errors import (
    ChannelError,
    MediaGone,
    NotCarried,
    OutcomeUnknown,
    QuotaExhausted,
    Unreachable,
    WindowClosed,
)
from handlers.delivery.governor import Governor
from handlers.delivery.outlets import Outlet
from handlers.delivery.pauses import Pauses
from handlers.delivery.ports import Receipt
from handlers.delivery.retry import Cause, RetryPolicy
from storage.attempts import Begun, Charge, Settlement
from storage.claims import Claimed
from storage.outbox import Outbox
from storage.records import DeliveryState, Person

log = structlog.get_logger()


class Attempts:
    """Makes one attempt at a claimed row, through its account's outlet."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        governor: Governor,
        policy: RetryPolicy,
        pauses: Pauses,
        clock: Clock,
        holder: str,
        on_held: Callable[[str], None],
    ) -> None:
        """Take the parts; `on_held` hears the state of a row that the governor held back just before its attempt."""
        self._outbox = outbox
        self._governor = governor
        self._table = governor.table
        self._policy = policy
        self._pauses = pauses
        self._clock = clock
        self._holder = holder
        self._on_held = on_held

    async def make(self, row: Claimed, outlet: Outlet) -> Settlement | None:
        """Try to send a row; return what it becomes, None when that is written already. Raises StorageError."""
        settlement = self._without_attempt(row)
        if settlement is not None:
            return settlement
        try:
            facts = outlet.facts(row)
        except ValueError as error:
            return _unreadable(row, str(error))
        ruled = self._rule(row, outlet, facts, row.person, ())  # at the claim; again below, under the account's lock
        if isinstance(ruled, Settlement):
            return ruled
        assert row.content is not None  # else it would be settled by now
        try:
            content = await bring_over(row.content, outlet.carrier)
        except NotCarried as error:
            decision = self._policy.decide(error, attempt=row.counted + 1, now=self._clock.now())
            return _held(row, decision.state, str(decision.reason))
        begun = await self._outbox.begin(
            row,
            holder=self._holder,
            now=self._clock.now(),
            decide=lambda person, recent: self._rule(row, outlet, facts, person, recent),
            costs=lambda name: self._table.find(name).cost,
            look_back=outlet.look_back,
        )
        if isinstance(begun, Settlement):
            self._on_held(begun.state)
            log.info("A message was not sent.", action="delivery_held", state=begun.state, reason=begun.reason)
            return None
        return await self._send(row, content, outlet, begun)

    def _without_attempt(self, row: Claimed) -> Settlement | None:
        """Settle what must not be attempted: words that are not there, a dead process's attempt, a paused account."""
        if row.unreadable is not None:
            return _unreadable(row, row.unreadable)
        if row.content is None:
            return _held(row, DeliveryState.REFUSED, "content_destroyed")
        now = self._clock.now()
        if row.doubtful_since is not None and now >= row.doubtful_since + self._key_valid(row, row.api):
            return Settlement(claimed=row, state=DeliveryState.UNKNOWN, reason=Cause.OUTCOME_UNKNOWN)
        until = self._pauses.until(row.account_id, now=now)  # set by another row since the claim
        if until is None:
            return None
        reason = self._pauses.cause(row.account_id)
        return Settlement(claimed=row, state=DeliveryState.RETRY, reason=reason, due_at=until, attempted=False)

    def _rule(
        self, row: Claimed, outlet: Outlet, facts: OutgoingFacts, person: Person, recent: Sequence[datetime]
    ) -> str | Settlement:
        """Ask the governor: an API's name, or the settlement that its refusal means."""
        now = self._clock.now()
        standing = standing_of(person, paced_until=outlet.paced_until(recent, now=now))
        ruling: Ruling = self._governor.decide(facts, standing, now=now)
        match ruling:
            case Allow(api=api):
                return api.name
            case Defer(until=until, reason=reason):
                return Settlement(claimed=row, state=DeliveryState.RETRY, reason=reason, due_at=until, attempted=False)
            case Refuse(reason=reason, detail=detail):
                return _held(row, DeliveryState.REFUSED, f"{reason}: {detail}" if detail else str(reason))

    async def _send(self, row: Claimed, content: Outgoing, outlet: Outlet, begun: Begun) -> Settlement:
        try:
            receipt = await self._call(row, content, outlet, begun)
        except ChannelError as error:
            return self._refused(row, begun, error)
        except Exception as error:
            log.exception("A channel failed in an unforeseen way.", action="channel_failed", delivery=row.id)
            return self._refused(row, begun, error)
        self._pauses.note(row.account_id, None, cause="", now=self._clock.now())
        return Settlement(claimed=row, state=DeliveryState.SENT, platform_id=receipt.platform_id, begun=begun)

    async def _call(self, row: Claimed, content: Outgoing, outlet: Outlet, begun: Begun) -> Receipt:
        """Hand the row to the channel; a picture that the platform does not know after all is brought over once more.

        Raises ChannelError.
        """

        async def send(content: Outgoing) -> Receipt:
            return await outlet.channel.send(
                api=begun.api,
                recipient=row.person.external_id,
                content=content,
                idempotency_key=row.idempotency_key,
            )

        try:
            return await send(content)
        except MediaGone:  # refused, so nothing was sent
            if row.content is None or not is_carried(row.content):
                raise
            return await send(await bring_over(row.content, outlet.carrier))

    def _refused(self, row: Claimed, begun: Begun, error: Exception) -> Settlement:
        now = self._clock.now()
        valid = self._key_valid(row, begun.api)
        decision = self._policy.decide(
            error,
            attempt=row.counted + 1,
            now=now,
            key_valid_until=(row.doubtful_since or begun.at) + valid if valid else None,
            doubtful=row.doubtful_since is not None,
        )
        self._pauses.note(row.account_id, error, cause=str(decision.reason), now=now)
        log.warning(
            "A message was not accepted.",
            action="delivery_attempt_failed",
            delivery=row.id,
            state=decision.state,
            reason=decision.reason,
            detail=str(error),
        )
        return Settlement(
            claimed=row,
            state=decision.state,
            reason=decision.reason,
            due_at=decision.at,
            code=getattr(error, "code", None),
            unreachable=str(error) if isinstance(error, Unreachable) else None,
            begun=begun,
            charge=_charge(error),
        )

    def _key_valid(self, row: Claimed, api: str | None) -> timedelta:
        """Return how long the platform recognises a repeat of a row's attempt through `api`; an unknown one's never."""
        try:
            key = self._table.find(api or "").key
        except LookupError:
            return timedelta(0)
        if key.kind is KeyKind.WHOLE_REQUEST and is_carried(row.content):
            return timedelta(0)  # each upload has another id: no repeat is the same request
        return key.valid


def _charge(error: Exception) -> Charge:
    """Return what becomes of the quota: a platform that refuses has sent nothing, so nothing is used up."""
    match error:
        case WindowClosed() | QuotaExhausted(until=None):
            return Charge.EMPTIED
        case ChannelError() if not isinstance(error, OutcomeUnknown):
            return Charge.RETURNED
        case _:
            return Charge.KEPT


def _held(row: Claimed, state: DeliveryState, reason: str) -> Settlement:
    """End a row without an attempt; after a doubtful one its end says nothing of whether that arrived."""
    end = state if row.doubtful_since is None else DeliveryState.UNKNOWN
    return Settlement(claimed=row, state=end, reason=reason, attempted=False)


def _unreadable(row: Claimed, why: str) -> Settlement:
    log.error(
        "A row cannot be read and is not sent; was it written by a newer version?",
        action="delivery_unreadable",
        delivery=row.id,
        detail=why,
    )
    return _held(row, DeliveryState.FAILED, "unreadable")
