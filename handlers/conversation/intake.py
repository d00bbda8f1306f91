"""What becomes of one fetched message: answered, or only logged, or a fact about how a customer can be reached."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import structlog

from content.customer_service import LONGEST_SESSION, Rejecting, Served, Undelivered
from content.messages import Event
from handlers.clock import Clock
from handlers.conversation.inbox import Inbox
from handlers.conversation.ports import Heard, SessionEvents
from storage.receipts import Receipts
from storage.records import Recorded

log = structlog.get_logger()

#: Failures after which nothing arrives until the customer acts: because they want nothing, or nothing is left.
_UNWANTED: Final = frozenset({"rejected_by_customer"})
_USED_UP: Final = frozenset({"window_closed", "quota_exhausted"})


class Intake:
    """Takes one account's fetched messages in, a person's one after another. Taking one in twice changes nothing."""

    def __init__(
        self,
        inbox: Inbox,
        receipts: Receipts,
        *,
        clock: Clock,
        since: datetime | None,
        sessions: SessionEvents | None = None,
    ) -> None:
        """`since`: what was said before is never answered; None: before the account stood in our books.

        `sessions` hears who serves.
        """
        self._inbox = inbox
        self._receipts = receipts
        self._clock = clock
        self._since = since
        self._sessions = sessions

    async def take(self, heard: Heard, *, began_at: datetime) -> None:
        """Record a message and do what follows of it; returns when that is durable. Raises StorageError."""
        inbound, body = heard.inbound, heard.inbound.body
        is_history = inbound.sent_at < (self._since or began_at)
        if heard.staff is None and not is_history and not isinstance(body, Served | Rejecting | Undelivered | Event):
            await self._inbox.receive(inbound)
            return
        recorded = await self._inbox.log_only(inbound, staff=heard.staff)
        await self._note(heard, recorded)

    async def _note(self, heard: Heard, recorded: Recorded) -> None:
        who, sent_at = (recorded.account_id, recorded.person.identity_id), heard.inbound.sent_at
        match heard.inbound.body:
            case Served(by=by, code=code):
                await self._serve(who, by, sent_at)
                await self._tell(who, by, code, sent_at)
            case Rejecting(on=on):
                reason = "the customer does not want the account's messages" if on else None
                await self._receipts.unreachable(*who, reason=reason, said_at=sent_at)
            case Undelivered() as failed:
                await self._fail(who, failed, sent_at)
            case _ if heard.staff is not None:
                # Whoever speaks serves, also when we were not told how it began.
                await self._serve(who, heard.staff, sent_at)
                if self._sessions is not None:
                    await self._sessions.spoken(*who, by=heard.staff, at=sent_at)

    async def _tell(self, who: tuple[int, int], by: str | None, code: str | None, at: datetime) -> None:
        """Let handovers follow what happened at the platform."""
        if self._sessions is None:
            return
        if by is None:
            await self._sessions.ended(*who, code=code, at=at)
        else:
            await self._sessions.taken(*who, by=by, at=at)

    async def _serve(self, who: tuple[int, int], by: str | None, since: datetime) -> None:
        until = since + LONGEST_SESSION
        served = by is not None and until > self._clock.now()
        await self._receipts.served(*who, by=by if served else None, until=until if served else None, said_at=since)

    async def _fail(self, who: tuple[int, int], failed: Undelivered, sent_at: datetime) -> None:
        moved = await self._receipts.undelivered(
            *who, message=failed.message, reason=failed.reason, now=self._clock.now()
        )
        if moved:
            log.warning(
                "The platform did not deliver a message that it had accepted.",
                action="message_undelivered",
                account_id=who[0],
                reason=failed.reason,
            )
        if failed.reason in _UNWANTED:
            await self._receipts.unreachable(*who, reason=failed.reason, said_at=sent_at)
        elif failed.reason in _USED_UP:
            await self._receipts.emptied(*who, said_at=sent_at)
