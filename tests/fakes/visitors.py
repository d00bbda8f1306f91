"""People who write to an account, and a holder who answers them: what web and worker would ask of the storage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from content.messages import Inbound, InboundBody, Text
from handlers.clock import Clock
from storage.log import Log
from storage.records import (
    AccountRow,
    Arrival,
    AttributionDraft,
    ConsentDraft,
    Grant,
    Handled,
    Lease,
    Recorded,
    ReplyDraft,
    Way,
)

LEASE: Final = timedelta(seconds=6)
IDLE_CLOSE: Final = timedelta(hours=6)
FIVE_IN_TWO_DAYS: Final = Grant(messages=5, window=timedelta(hours=48))
THREE_IN_A_MINUTE: Final = Grant(messages=3, window=timedelta(minutes=1))


def always(_body: InboundBody) -> bool:
    """Every later message joins."""
    return True


def never(_body: InboundBody) -> bool:
    """No later message joins."""
    return False


class Visitors:
    """Writes to one account in anybody's name; a new message gets a new platform key unless one is given."""

    def __init__(
        self,
        log: Log,
        account: AccountRow,
        clock: Clock,
        *,
        holder: str = "web-1",
        sent: dict[str, datetime] | None = None,
    ) -> None:
        #: When each message was sent first: the platform repeats that with every attempt, at whichever process.
        self._sent = {} if sent is None else sent
        self._log = log
        self._account = account
        self._clock = clock
        self._holder = holder
        self._count = 0

    def arrival(
        self,
        person: str,
        body: InboundBody,
        *,
        key: str | None = None,
        grant: Grant | None = FIVE_IN_TWO_DAYS,
        followed: bool | None = None,
        handle: bool = True,
    ) -> Arrival:
        """Return the arrival of a message now."""
        self._count += 1
        now = self._clock.now()
        key = key or f"m:{self._account.name}:{person}:{self._holder}-{self._count}"
        return Arrival(
            account=self._account,
            inbound=Inbound(
                account=self._account.name,
                sender=person,
                key=key,
                sent_at=self._sent.setdefault(key, now.replace(microsecond=0)),
                body=body,
            ),
            grant=grant,
            followed=followed,
            handle=handle,
            holder=self._holder,
            now=now,
            lease_until=now + LEASE,
            idle_close=IDLE_CLOSE,
        )

    async def say(
        self,
        person: str,
        words: str,
        *,
        key: str | None = None,
        grant: Grant | None = FIVE_IN_TWO_DAYS,
        handle: bool = True,
    ) -> Recorded:
        """Record that a person wrote `words`."""
        arrival = self.arrival(person, Text(content=words), key=key, grant=grant, handle=handle)
        return await self._log.record(arrival)

    async def do(
        self,
        person: str,
        body: InboundBody,
        *,
        key: str | None = None,
        grant: Grant | None = None,
        followed: bool | None = None,
    ) -> Recorded:
        """Record that a person did something."""
        return await self._log.record(self.arrival(person, body, key=key, grant=grant, followed=followed))


def lease_of(recorded: Recorded, *, holder: str = "web-1") -> Lease:
    """Return the lease that came with a recorded message."""
    assert recorded.epoch is not None, "somebody else holds this conversation"
    return Lease(
        account_id=recorded.account_id,
        identity_id=recorded.person.identity_id,
        holder=holder,
        epoch=recorded.epoch,
    )


def draft(words: str, *, purpose: str = "service") -> ReplyDraft:
    """Return an answer in plain words."""
    return ReplyDraft(kind="text", fields={"content": words}, purpose=purpose, content_version="v1")


def turn(
    lease: Lease,
    seqs: Sequence[int],
    *words: str,
    now: datetime,
    way: Way = Way.HTTP,
    joins: Callable[[InboundBody], bool] = never,
    purpose: str = "service",
    consents: tuple[ConsentDraft, ...] = (),
    attributions: tuple[AttributionDraft, ...] = (),
    active_messages: bool = True,
) -> Handled:
    """Return a turn over `seqs` that answers with `words`, one message each."""
    return Handled(
        lease=lease,
        seqs=tuple(seqs),
        replies=tuple(draft(each, purpose=purpose) for each in words),
        consents=consents,
        attributions=attributions,
        way=way,
        active_messages=active_messages,
        joins=joins,
        now=now,
        lease_until=now + LEASE,
    )
