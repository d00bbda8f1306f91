"""What knowing a customer needs from outside."""

from __future__ import annotations

from typing import Protocol


class Directory(Protocol):
    """A platform's register of the people of one account."""

    async def user_info(self, openid: str) -> str | None:
        """Return the person's id across the accounts of one subject, None when there is none. Raises ChannelError."""
        ...
