"""Asking a platform for a page: again when it is busy, waiting for a quota, giving up with a sentence."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final, TypeVar

from handlers.clock import Clock
from handlers.delivery.errors import ChannelError, OutcomeUnknown, QuotaExhausted, Rejected, RetryLater, Unreachable

T = TypeVar("T")
#: Seconds before the second, third and fourth attempt. Source: WeCom doc 90313 (-1: at most three repetitions).
_PAUSES: Final = (1.0, 2.0, 4.0)


class SyncWaits(Exception):
    """A quota of the platform is used up; the run goes on at `until`."""

    def __init__(self, sentence: str, *, until: datetime) -> None:
        super().__init__(sentence)
        self.until = until


class SyncFailed(Exception):
    """The platform does not answer as it must; the sentence is the run's detail."""


class SyncStopped(Exception):
    """The run would remove more than the settings allow, or the list is not whole; the sentence says what to do."""


async def ask(request: Callable[[], Awaitable[T]], *, clock: Clock) -> T:
    """Return what a request that only reads brings: repeated while the platform is busy or its answer got lost.

    Raises SyncWaits, SyncFailed; Unreachable and Rejected, which speak of what was asked for, pass through.
    """
    for pause in (*_PAUSES, None):
        try:
            return await request()
        except (RetryLater, OutcomeUnknown) as error:
            if pause is None:
                raise SyncFailed(str(error)) from error
            await clock.sleep(pause)
        except QuotaExhausted as error:
            if error.until is None:
                raise SyncFailed(str(error)) from error
            raise SyncWaits(str(error), until=error.until) from error
        except (Unreachable, Rejected):
            raise
        except ChannelError as error:
            raise SyncFailed(str(error)) from error
    raise AssertionError("the last attempt returns or raises")
