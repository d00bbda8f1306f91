"""Pictures from one account's platform to another's: fetched there, uploaded here.

`Pictures` is a `handlers.delivery.ports.Carrier`. Whatever fails says nothing of the account that sends: words can
still leave by it, so no error of this way stops it, and who waits is told soon.
"""

from __future__ import annotations

from asyncio import Semaphore
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeVar

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_fixed

from bot.channels.media import Media
from content.messages import ImageReply
from handlers.clock import Clock
from handlers.delivery.errors import ChannelError, NotCarried, OutcomeUnknown, RetryLater

A = TypeVar("A")
T = TypeVar("T")
#: Pictures under way at once in one process, each of at most `media.MOST_BYTES` in memory.
AT_ONCE: Final = 4
#: Either call is made again once after this many seconds: later messages to the same person wait meanwhile.
_TRIES, _WAIT_SECONDS = 2, 1.0


class Pictures:
    """Brings pictures to one account's platform."""

    def __init__(self, own: Media, *, others: Mapping[str, Media], room: Semaphore, clock: Clock) -> None:
        """`others`: where pictures can lie, by the account's name. `room`: of `AT_ONCE`, the whole process's."""
        self._own = own
        self._others = others
        self._room = room
        self._clock = clock

    async def carry(self, picture: ImageReply) -> ImageReply:
        """Return the picture as the own platform keeps it. Raises NotCarried."""
        keeper = self._others.get(picture.kept_by or "")
        if keeper is None:
            raise NotCarried(f"no account {picture.kept_by!r} is served here whose platform keeps pictures")
        async with self._room:
            data = await self._patiently(keeper.get, picture.media_id)
            media_id = await self._patiently(self._own.put, data)
        return ImageReply(media_id=media_id, by=picture.by)

    async def _patiently(self, call: Callable[[A], Awaitable[T]], argument: A) -> T:
        attempts = AsyncRetrying(
            sleep=self._clock.sleep,
            stop=stop_after_attempt(_TRIES),
            wait=wait_fixed(_WAIT_SECONDS),
            retry=retry_if_exception_type((RetryLater, OutcomeUnknown)),
            reraise=True,
        )
        try:
            return await attempts(call, argument)
        except NotCarried:
            raise
        except ChannelError as error:
            raise NotCarried(f"a picture cannot be brought over now: {error}", code=error.code) from error
