"""What the policies' room needs from outside: the insurer's policy system, and a way to send a code."""

from __future__ import annotations

from typing import Protocol

from content.policy import Holder, PolicyBook


class SourceDown(Exception):
    """The policy source cannot be asked now, or what it has is too old to be shown: nothing is answered from it."""


class CodeNotSent(Exception):
    """The code could not be handed to whoever sends messages to phones."""


class PolicySource(Protocol):
    """The insurer's system of policies; read only."""

    async def find(self, *, name: str, policy: str, id_tail: str) -> Holder | None:
        """Return the holder whose name, one policy number and last six of the identity number these are.

        None when the three do not belong together. Raises SourceDown.
        """
        ...

    async def holder(self, holder: str) -> Holder | None:
        """Return a holder by number, None when the source has them no longer. Raises SourceDown."""
        ...

    async def book(self, holder: str) -> PolicyBook:
        """Return what the source has of a holder. Raises SourceDown."""
        ...


class CodeSender(Protocol):
    """Sends a one-time code to a phone."""

    async def send(self, phone: str, text: str, *, key: str) -> None:
        """Send `text`; a repeat with the same `key` is the same message. Raises CodeNotSent."""
        ...
