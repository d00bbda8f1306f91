"""What this room needs from outside."""

from __future__ import annotations

from typing import Protocol


class PasswordHasher(Protocol):
    """Turns passwords into hashes that cannot be turned back. Slow by purpose: run it off the event loop."""

    def hash(self, password: str) -> str:
        """Return a salted hash with its parameters."""
        ...

    def verify(self, password_hash: str, password: str) -> bool:
        """Tell whether the password is the one of the hash."""
        ...

    def is_outdated(self, password_hash: str) -> bool:
        """Tell whether the hash was made with weaker parameters than today's."""
        ...
