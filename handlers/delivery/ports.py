"""What delivery needs from outside: a channel that carries one message to one person; what brings pictures to it."""

from __future__ import annotations

from typing import Protocol

from content.messages import ImageReply, Outgoing
from content.value import value


@value
class Receipt:
    """The platform's acceptance of a message; `platform_id` is its id there, when it gives one."""

    platform_id: str | None = None


class Channel(Protocol):
    """One account's way to its people. Errors are those of `handlers.delivery.errors`."""

    async def send(self, *, api: str, recipient: str, content: Outgoing, idempotency_key: str) -> Receipt:
        """Carry `content` to `recipient` through `api` (a name of `handlers.delivery.apis`).

        `idempotency_key` makes a repeat of the same request recognisable where the platform can do that.
        """
        ...


class Carrier(Protocol):
    """Brings pictures of other accounts to the platform of the account that sends them."""

    async def carry(self, picture: ImageReply) -> ImageReply:
        """Return the picture as this account's platform keeps it. Raises NotCarried.

        Nothing is sent by it. Done twice, the first upload is never used, and is gone after three days.
        """
        ...
