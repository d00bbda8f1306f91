"""Accounts that the platform has refused as a whole: nothing of theirs is sent before a time, then one message first.

Kept in memory, a process for itself: after a restart, or in another process, one refused call tells it again.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import structlog

from content.value import value
from handlers.delivery.errors import AccountBlocked, QuotaExhausted

log = structlog.get_logger()

#: How long a blocked account is left alone: what an operator mends at the platform (an IP allow-list) takes effect
#: after a minute, and until somebody has acted each call is refused, and may be counted against us.
BLOCKED_FOR: Final = timedelta(minutes=5)
#: A quota that opens at once, or has opened while the answer was on its way.
_SHORTEST: Final = timedelta(seconds=1)


def pause_until(error: BaseException, *, now: datetime) -> datetime | None:
    """Return until when `error` asks to leave the whole account alone, None when it speaks of one message only."""
    match error:
        case AccountBlocked():
            return now + BLOCKED_FOR
        case QuotaExhausted(until=datetime() as until):
            return max(until, now + _SHORTEST)
        case _:
            return None


@value
class _Pause:
    until: datetime
    cause: str


class Pauses:
    """Which accounts wait, and how much may be sent of each."""

    def __init__(self) -> None:
        # A pause that is over stays until an attempt has shown that the account is served again.
        self._pauses: dict[int, _Pause] = {}

    def note(self, account_id: int, error: BaseException | None, *, cause: str, now: datetime) -> None:
        """Note how an attempt of an account ended; `cause` is the stored word for its error."""
        until = pause_until(error, now=now) if error is not None else None
        running = self.until(account_id, now=now)
        if until is None:
            if running is None:
                self._pauses.pop(account_id, None)
            return
        if running is None:
            log.error(
                "An account was refused as a whole; its messages wait.",
                action="account_paused",
                account_id=account_id,
                until=until.isoformat(),
                reason=cause,
                detail=str(error),
            )
        if running is None or until > running:
            self._pauses[account_id] = _Pause(until=until, cause=cause)

    def until(self, account_id: int, *, now: datetime) -> datetime | None:
        """Return until when nothing of an account is sent, None when it may be."""
        pause = self._pauses.get(account_id)
        return pause.until if pause is not None and pause.until > now else None

    def cause(self, account_id: int) -> str | None:
        """Return the word for what the account waits for, or was last refused for."""
        pause = self._pauses.get(account_id)
        return pause.cause if pause is not None else None

    def room(self, account_id: int, *, otherwise: int, now: datetime) -> int:
        """Return how many messages of an account may be under way: none in a pause, one after it, else `otherwise`."""
        if self.until(account_id, now=now) is not None:
            return 0
        return 1 if account_id in self._pauses else otherwise
