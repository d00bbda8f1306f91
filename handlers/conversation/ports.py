"""What the conversation needs from a platform that keeps its messages, and its sessions with people, to itself."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum
from typing import Protocol

from content.messages import Inbound
from content.value import value
from handlers.delivery.errors import Rejected


@value
class Heard:
    """One message or event that was fetched."""

    inbound: Inbound
    #: Who of the insurer's people said it to the sender; None: the sender did, or it is an event.
    staff: str | None = None


@value
class Page:
    """What one fetch brought, in the platform's order, and where the next one begins."""

    heard: tuple[Heard, ...]
    cursor: str
    #: There is more, even when this page is empty.
    more: bool


class TokenExpired(Rejected):
    """What the ring brought to fetch with counts no longer; it can be fetched without, seldom."""


class ServicerRefused(Rejected):
    """Whom a session is to be given to serves nobody there: no servicer of the account's, or one who pauses."""


class Feed(Protocol):
    """One account's messages, as far back as the platform keeps them."""

    async def page(self, *, cursor: str | None, token: str | None) -> Page:
        """Return what comes after `cursor` (None: all that is kept). Raises TokenExpired, ChannelError."""
        ...


class SessionState(IntEnum):
    """Whose turn it is with a customer, in the numbers of WeChat customer service."""

    NEW = 0
    BOT = 1
    POOL = 2
    PERSON = 3
    ENDED = 4


@value
class Session:
    """A customer's session at the platform; `staff` is the userid of who serves."""

    state: SessionState
    staff: str | None = None


class Sessions(Protocol):
    """The platform's own sessions: who serves a customer there, and handing one over. Raises ChannelError.

    From NEW to BOT, POOL or PERSON; from BOT to POOL or PERSON; from POOL to PERSON; from PERSON to another person or
    ENDED, which lasts until the customer speaks again.
    """

    async def state(self, person: str) -> Session:
        """Return how it stands with a customer."""
        ...

    async def move(self, person: str, to: SessionState, *, staff: str | None = None) -> str | None:
        """Move it; return the code for one message at this moment, if there is one (`TextReply.code`)."""
        ...


class SessionEvents(Protocol):
    """Who hears what was fetched about an account's sessions, in order, maybe twice. Raises StorageError."""

    async def taken(self, account_id: int, identity_id: int, *, by: str, at: datetime) -> None:
        """Somebody serves a customer at the platform now."""
        ...

    async def spoken(self, account_id: int, identity_id: int, *, by: str, at: datetime) -> None:
        """Whoever serves said something."""
        ...

    async def ended(self, account_id: int, identity_id: int, *, code: str | None, at: datetime) -> None:
        """The session has ended; `code` lets one message go within seconds."""
        ...
