"""What brings pictures over, as a test tells it to; it counts, as a platform would count uploads."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable

from content.messages import ImageReply


class ScriptedCarrier:
    """Gives each picture a new id; fails, or does something first, as `will` says."""

    def __init__(self) -> None:
        #: The ids that were given, in order.
        self.uploads: list[str] = []
        self._answers: deque[Exception | Callable[[], Awaitable[None]] | None] = deque()

    def will(self, *answers: Exception | Callable[[], Awaitable[None]] | None) -> None:
        """Queue what becomes of the next pictures: an error, something that happens once it is there, or nothing."""
        self._answers.extend(answers)

    async def carry(self, picture: ImageReply) -> ImageReply:
        answer = self._answers.popleft() if self._answers else None
        if isinstance(answer, Exception):
            raise answer
        self.uploads.append(f"{picture.media_id}-{len(self.uploads) + 1}")
        if answer is not None:
            await answer()
        return ImageReply(media_id=self.uploads[-1], by=picture.by)
