"""What the conversation needs from a platform that keeps its messages, and its sessions with people, to itself."""

from __future__ import annotations

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
