"""What becomes of a message after an attempt: the error's class decides, tenacity's strategies say when again.

Pure: nothing sleeps here. The decision is a value that the sending loop writes into the outbox row.

| outcome              | becomes                                                                             |
| -------------------- | ----------------------------------------------------------------------------------- |
| no error             | sent                                                                                |
| RetryLater           | retry, not before `after`; failed when the attempts are used up                     |
| TokenRefused         | retry; failed when the attempts are used up                                         |
| QuotaExhausted       | retry at `until`, however often; refused when only the person can open it           |
| WindowClosed         | refused                                                                             |
| Unreachable          | refused                                                                             |
| Rejected             | failed                                                                              |
| Misconfigured        | failed                                                                              |
| AccountBlocked       | retry when the account's pause ends, however often                                  |
| OutcomeUnknown       | retry with the same key while the platform's key is valid; otherwise unknown        |
| any other exception  | as OutcomeUnknown without a key: a mistake of ours after which nothing is known     |

After an attempt whose outcome is unknown nothing later says that the message did not arrive: whatever ends it then,
short of `sent`, is `unknown`, and it is repeated only under a valid key. What stops the account as a whole
(`handlers.delivery.pauses`) says nothing of the message: it waits, and such an attempt does not count.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from random import Random

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_base, wait_exponential

from content.value import value
from handlers.delivery.errors import (
    MediaGone,
    MediaTooLarge,
    Misconfigured,
    NotAPicture,
    NotCarried,
    OutcomeUnknown,
    QuotaExhausted,
    Rejected,
    RetryLater,
    TokenRefused,
    Unreachable,
    WindowClosed,
)
from handlers.delivery.pauses import pause_until
from storage.records import DeliveryState


class Cause(StrEnum):
    """Why a message waits, was refused, failed or is unknown after an attempt. The words are stored."""

    BUSY = "busy"
    TOKEN_REFUSED = "token_refused"  # noqa: S105 - a word, not a secret
    QUOTA_EXHAUSTED = "quota_exhausted"
    WINDOW_CLOSED = "window_closed"
    UNREACHABLE = "unreachable"
    REJECTED = "rejected"
    MISCONFIGURED = "misconfigured"
    OUTCOME_UNKNOWN = "outcome_unknown"
    UNEXPECTED = "unexpected"
    PICTURE_GONE = "picture_gone"
    PICTURE_TOO_LARGE = "picture_too_large"
    NO_PICTURE = "no_picture"
    PICTURE_NOT_CARRIED = "picture_not_carried"


@value
class Decision:
    """What the message becomes: sent, retry (at `at`), refused, failed or unknown."""

    state: DeliveryState
    at: datetime | None = None
    reason: Cause | None = None


#: Error class -> its cause, and what the message becomes when it is not tried again.
_ENDS: tuple[tuple[type[Exception], Cause, DeliveryState], ...] = (
    (RetryLater, Cause.BUSY, DeliveryState.FAILED),
    (TokenRefused, Cause.TOKEN_REFUSED, DeliveryState.FAILED),
    (QuotaExhausted, Cause.QUOTA_EXHAUSTED, DeliveryState.REFUSED),
    (WindowClosed, Cause.WINDOW_CLOSED, DeliveryState.REFUSED),
    (Unreachable, Cause.UNREACHABLE, DeliveryState.REFUSED),
    (MediaGone, Cause.PICTURE_GONE, DeliveryState.FAILED),
    (MediaTooLarge, Cause.PICTURE_TOO_LARGE, DeliveryState.FAILED),
    (NotAPicture, Cause.NO_PICTURE, DeliveryState.FAILED),
    (NotCarried, Cause.PICTURE_NOT_CARRIED, DeliveryState.FAILED),
    (Rejected, Cause.REJECTED, DeliveryState.FAILED),
    (Misconfigured, Cause.MISCONFIGURED, DeliveryState.FAILED),
    (OutcomeUnknown, Cause.OUTCOME_UNKNOWN, DeliveryState.UNKNOWN),
    (Exception, Cause.UNEXPECTED, DeliveryState.UNKNOWN),
)


class RetryPolicy:
    """How often and how patiently a message is tried.

    Args:
        rng: source of the jitter that keeps messages from coming back all at once.
        max_attempts: attempts in all, the first included.
            Twelve attempts outlast half an hour of a platform that is down.
        first_seconds, longest_seconds: the back-off doubles from the first to the longest; jitter of up to
            `first_seconds` comes on top.
    """

    def __init__(
        self, *, rng: Random, max_attempts: int = 12, first_seconds: float = 1.0, longest_seconds: float = 900.0
    ) -> None:
        back_off = wait_exponential(multiplier=first_seconds, max=longest_seconds)
        self._retrying = Retrying(
            retry=retry_if_exception_type((RetryLater, TokenRefused, OutcomeUnknown)),
            stop=stop_after_attempt(max_attempts),
            wait=_AsTold(otherwise=back_off) + _Jitter(rng, limit_seconds=first_seconds),
        )

    def decide(
        self,
        error: Exception | None,
        *,
        attempt: int,
        now: datetime,
        key_valid_until: datetime | None = None,
        doubtful: bool = False,
    ) -> Decision:
        """Return what follows from attempt number `attempt` (from 1, of those that count) that ended at `now`.

        `key_valid_until`: until when the platform recognises a repeat of the first attempt, None when it cannot.
        `doubtful`: an earlier attempt of this message ended with its outcome unknown.
        A process that died during an attempt is an `OutcomeUnknown` to whoever finds the row.
        """
        if error is None:
            return Decision(state=DeliveryState.SENT)
        cause, end = next((cause, end) for kind, cause, end in _ENDS if isinstance(error, kind))
        doubtful = doubtful or end is DeliveryState.UNKNOWN
        at = self._next_attempt(error, attempt=attempt, now=now)
        if at is not None and doubtful and (key_valid_until is None or at >= key_valid_until):
            at = None
        if at is not None:
            return Decision(state=DeliveryState.RETRY, at=at, reason=cause)
        return Decision(state=DeliveryState.UNKNOWN if doubtful else end, reason=cause)

    def _next_attempt(self, error: Exception, *, attempt: int, now: datetime) -> datetime | None:
        """Return when the account's pause ends or tenacity's strategies would try again, None when not at all."""
        paused = pause_until(error, now=now)
        if paused is not None:
            return paused
        call = RetryCallState(self._retrying, None, (), {})
        call.attempt_number = attempt
        call.set_exception((type(error), error, error.__traceback__))
        if not self._retrying.retry(call) or self._retrying.stop(call):
            return None
        return now + timedelta(seconds=self._retrying.wait(call))


class _AsTold(wait_base):
    """As long as the platform said, otherwise as the back-off says; never shorter than what was said."""

    def __init__(self, *, otherwise: wait_base) -> None:
        self._otherwise = otherwise

    def __call__(self, retry_state: RetryCallState) -> float:
        told = _told(retry_state.outcome.exception() if retry_state.outcome else None)
        return self._otherwise(retry_state) if told is None else told.total_seconds()


class _Jitter(wait_base):
    """Up to `limit_seconds` more; tenacity's own jitter draws from the global generator, this one from ours."""

    def __init__(self, rng: Random, *, limit_seconds: float) -> None:
        self._rng = rng
        self._limit_seconds = limit_seconds

    def __call__(self, retry_state: RetryCallState) -> float:
        return self._rng.uniform(0, self._limit_seconds)


def _told(error: BaseException | None) -> timedelta | None:
    """Return how long the platform told us to wait, None when it did not."""
    match error:
        case RetryLater(after=timedelta() as after) if after > timedelta(0):
            return after
        case _:
            return None
