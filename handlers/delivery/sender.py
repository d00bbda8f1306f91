"""The one sending loop: claims due rows, asks the governor, hands them to the channel, writes what became of them.

The governor is asked at the claim and again inside the transaction that commits `attempting`. A row that a dead process
left in `attempting` is sent again only under a platform key that is still valid; otherwise it is `unknown`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

import structlog

from content.messages import MenuReply, Outgoing, Purpose, TextReply
from handlers.clock import Clock
from handlers.delivery.apis import Api, Audience, find_api
from handlers.delivery.decision import Allow, Author, Defer, OutgoingFacts, Refuse, Ruling, standing_of
from handlers.delivery.errors import ChannelError, RetryLater, TokenRefused, Unreachable
from handlers.delivery.governor import Governor
from handlers.delivery.ports import Channel, Receipt
from handlers.delivery.retry import Cause, RetryPolicy
from storage.errors import StorageError
from storage.outbox import Claimed, Outbox, Settlement
from storage.records import Person
from storage.tables.delivery import DeliveryState

log = structlog.get_logger()

#: Errors after which the platform has done nothing and the quota that was taken is given back.
_WITHOUT_EFFECT: Final = (RetryLater, TokenRefused)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """One account's way out: its channel, whom it serves, and the APIs that can carry its messages, preferred first."""

    channel: Channel
    channel_name: str
    audience: Audience
    apis: tuple[str, ...]

    @property
    def look_back(self) -> timedelta:
        """How far back attempts count for the platform's rates."""
        return max((rate.per for name in self.apis for rate in find_api(name).rates), default=timedelta(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderConfig:
    """Sizes and times of the loop; seconds."""

    claim_size: int = 20
    lease: float = 30.0
    #: How often due rows are looked for when nobody says that there are some.
    poll: float = 0.5


class Sender:
    """Sends what is due, a claim at a time; the rows of one claim go out side by side, those of one person in order."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        governor: Governor,
        policy: RetryPolicy,
        outlets: Mapping[int, Outlet],
        clock: Clock,
        holder: str,
        config: SenderConfig,
        on_settled: Callable[[str], None],
    ) -> None:
        self._outbox = outbox
        self._governor = governor
        self._policy = policy
        self._outlets = outlets
        self._clock = clock
        self._holder = holder
        self._config = config
        self._on_settled = on_settled
        self._due: asyncio.Event = asyncio.Event()

    def wake(self) -> None:
        """Say that something is due."""
        self._due.set()

    async def run(self, stopping: asyncio.Event) -> None:
        """Send until `stopping` is set; what is claimed by then is finished."""
        ending = asyncio.ensure_future(stopping.wait())
        try:
            while not stopping.is_set():
                self._due.clear()
                try:
                    if await self.send_due():
                        continue
                except StorageError as error:  # what was claimed comes back when its lease ends
                    log.error("The outbox cannot be read or written.", action="sender_waits", detail=str(error))
                await self._wait(ending)
        finally:
            ending.cancel()

    async def _wait(self, ending: asyncio.Future[Literal[True]]) -> None:
        """Return when something may be due, at the next poll, or when the process stops."""
        woken = asyncio.ensure_future(self._due.wait())
        polled = asyncio.ensure_future(self._clock.sleep(self._config.poll))
        try:
            await asyncio.wait((woken, polled, ending), return_when=asyncio.FIRST_COMPLETED)
        finally:
            woken.cancel()
            polled.cancel()

    async def send_due(self) -> int:
        """Claim one group of due rows and send them; return how many were claimed."""
        now = self._clock.now()
        until = now + timedelta(seconds=self._config.lease)
        rows = await self._outbox.claim(holder=self._holder, now=now, until=until, limit=self._config.claim_size)
        settled = await asyncio.gather(*(self._send_guarded(row) for row in rows))
        done = [settlement for settlement in settled if settlement is not None]
        if done:
            await self._outbox.settle(done, holder=self._holder, now=self._clock.now())
        for settlement in done:
            self._on_settled(settlement.state)
        return len(rows)

    async def _send_guarded(self, row: Claimed) -> Settlement | None:
        """Send one row; what goes wrong with it is its own affair: the others of the claim are settled all the same."""
        try:
            return await self._send(row)
        except Exception:
            # Its lease ends by itself; then the row is due again, or in doubt, as its last state says.
            log.exception("A row could not be sent.", action="delivery_stuck", delivery=row.id)
            return None

    async def _send(self, row: Claimed) -> Settlement | None:
        """Send one row; return what it becomes, None when that is written already."""
        settlement = self._before_attempt(row)
        if settlement is not None:
            return settlement
        outlet = self._outlets[row.account_id]
        ruled = self._rule(row, outlet, row.person, ())  # at the claim; again below, under the account's lock
        if isinstance(ruled, Settlement):
            return ruled
        begun = await self._outbox.begin(
            row,
            holder=self._holder,
            now=self._clock.now(),
            decide=lambda person, recent: self._rule(row, outlet, person, recent),
            costs=lambda name: find_api(name).cost,
            look_back=outlet.look_back,
        )
        if isinstance(begun, Settlement):
            self._on_settled(begun.state)
            log.info("A message was not sent.", action="delivery_held", state=begun.state, reason=begun.reason)
            return None
        return await self._attempt(row, outlet, find_api(begun))

    def _before_attempt(self, row: Claimed) -> Settlement | None:
        """Settle what must not be attempted: destroyed content, an unknown account, a dead process's attempt."""
        if row.content is None:
            return Settlement(claimed=row, state=DeliveryState.REFUSED, reason="content_destroyed", attempted=False)
        if row.account_id not in self._outlets:
            return Settlement(claimed=row, state=DeliveryState.FAILED, reason="account_gone", attempted=False)
        if row.doubtful_since is None:
            return None
        valid = find_api(row.api or "").key.valid
        if self._clock.now() < row.doubtful_since + valid:
            return None  # the platform still recognises the same request with the same key
        return Settlement(claimed=row, state=DeliveryState.UNKNOWN, reason=Cause.OUTCOME_UNKNOWN)

    def _rule(self, row: Claimed, outlet: Outlet, person: Person, recent: Sequence[datetime]) -> str | Settlement:
        """Ask the governor: an API's name, or the settlement that its refusal means."""
        now = self._clock.now()
        standing = standing_of(person, paced_until=_paced_until(outlet, recent, now=now))
        ruling: Ruling = self._governor.decide(_facts(row, outlet), standing, now=now)
        match ruling:
            case Allow(api=api):
                return api.name
            case Defer(until=until, reason=reason):
                return Settlement(claimed=row, state=DeliveryState.RETRY, reason=reason, due_at=until, attempted=False)
            case Refuse(reason=reason, detail=detail):
                words = f"{reason}: {detail}" if detail else str(reason)
                state = DeliveryState.REFUSED if row.doubtful_since is None else DeliveryState.UNKNOWN
                return Settlement(claimed=row, state=state, reason=words, attempted=False)

    async def _attempt(self, row: Claimed, outlet: Outlet, api: Api) -> Settlement:
        assert row.content is not None
        began = self._clock.now()
        try:
            receipt = await outlet.channel.send(
                api=api.name,
                recipient=row.person.external_id,
                content=row.content,
                idempotency_key=row.idempotency_key,
            )
        except ChannelError as error:
            return self._settlement(row, api, error, began=began)
        except Exception as error:
            log.exception("A channel failed in an unforeseen way.", action="channel_failed", delivery=row.id)
            return self._settlement(row, api, error, began=began)
        return _sent(row, receipt)

    def _settlement(self, row: Claimed, api: Api, error: Exception, *, began: datetime) -> Settlement:
        first = row.doubtful_since or began
        decision = self._policy.decide(
            error,
            attempt=row.attempts + 1,
            now=self._clock.now(),
            key_valid_until=first + api.key.valid if api.key.valid else None,
            doubtful=row.doubtful_since is not None,
        )
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
            refund=api.cost if isinstance(error, _WITHOUT_EFFECT) else 0,
            began_at=began,
        )


def _sent(row: Claimed, receipt: Receipt) -> Settlement:
    return Settlement(claimed=row, state=DeliveryState.SENT, platform_id=receipt.platform_id)


def _facts(row: Claimed, outlet: Outlet) -> OutgoingFacts:
    return OutgoingFacts(
        purpose=Purpose(row.purpose),
        by=Author(row.author),
        channel=outlet.channel_name,
        audience=outlet.audience,
        apis=outlet.apis,
        text_bytes=_text_bytes(row.content),
    )


def _text_bytes(content: Outgoing | None) -> int:
    match content:
        case TextReply(content=words):
            return len(words.encode())
        case MenuReply(head=head, tail=tail, options=options):
            return len((head + tail + "".join(option.label for option in options)).encode())
        case _:
            return 0


def _paced_until(outlet: Outlet, recent: Sequence[datetime], *, now: datetime) -> datetime | None:
    """Return when the platform's rates let the person be written to again, None when they do now."""
    ends = [
        recent[rate.messages - 1] + rate.per
        for name in outlet.apis
        for rate in find_api(name).rates
        if len(recent) >= rate.messages
    ]
    later = [end for end in ends if end > now]
    return max(later, default=None)
