"""A platform that keeps an account's messages until they are fetched, in pages of one size."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from content.messages import Inbound, InboundBody, Text
from handlers.conversation.ports import Heard, Page, TokenExpired


class KeptMessages:
    """A `handlers.conversation.ports.Feed`; cursors are places in the list."""

    def __init__(self, *, size: int = 2) -> None:
        self._size = size
        self.heard: list[Heard] = []
        #: What each fetch brought with it.
        self.asked: list[tuple[str | None, str | None]] = []
        #: Raised by the next fetches, one after another; None lets one pass.
        self.errors: list[Exception | None] = []
        self.expired: set[str] = set()
        #: Pages that are empty although there is more, before the next that is not.
        self.empty = 0
        #: Called in the middle of each fetch.
        self.meanwhile: Callable[[], object] = lambda: None

    def add(self, body: InboundBody | str, *, at: datetime, person: str = "wmAlice", staff: str | None = None) -> None:
        """Let something be said or done."""
        body = Text(content=body) if isinstance(body, str) else body
        key = f"kf:wk:{len(self.heard)}"
        self.heard.append(
            Heard(inbound=Inbound(account="counter", sender=person, key=key, sent_at=at, body=body), staff=staff)
        )

    async def page(self, *, cursor: str | None, token: str | None) -> Page:
        self.asked.append((cursor, token))
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error
        if token in self.expired:
            raise TokenExpired("the token has expired", code=95007)
        self.meanwhile()
        start = int(cursor or 0)
        if self.empty:
            self.empty -= 1
            return Page(heard=(), cursor=str(start), more=True)
        found = tuple(self.heard[start : start + self._size])
        end = start + len(found)
        return Page(heard=found, cursor=str(end), more=end < len(self.heard))
