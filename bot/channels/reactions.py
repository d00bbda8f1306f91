"""From a platform's error code to the error class that says what the caller must do.

Each platform has a table (`wechat/errors.py`, `wecom/errors.py`); this module gives the tables their shape and turns
one entry into one exception. Only the number decides: messages of the platforms are text for people and change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from content.value import value
from handlers.delivery.errors import ChannelError, QuotaExhausted, Rejected, RetryLater

#: Both platforms count their days and months in Chinese time.
PLATFORM_ZONE = ZoneInfo("Asia/Shanghai")


class Opens(StrEnum):
    """When a used-up quota opens again."""

    NEXT_MINUTE = "next minute"
    IN_AN_HOUR = "in an hour"
    NEXT_DAY = "next day"
    PERSON_ACTS = "when the person acts again"


@value
class Reaction:
    """What one error code means and asks for; `error` is None where the code counts as success."""

    meaning: str
    error: type[ChannelError] | None
    #: For RetryLater: how long to wait at least; None leaves it to the caller.
    after: timedelta | None = None
    #: For QuotaExhausted.
    opens: Opens = Opens.PERSON_ACTS


ReactionTable = Mapping[int, Reaction]


def each(codes: Iterable[int], error: type[ChannelError] | None, meaning: str) -> dict[int, Reaction]:
    """Return one reaction for several codes."""
    return {code: Reaction(meaning=meaning, error=error) for code in codes}


def error_for(table: ReactionTable, code: int, *, request: str, now: datetime) -> ChannelError | None:
    """Return the error that `code` stands for, None where it counts as success. Unknown codes are `Rejected`."""
    reaction = table.get(code)
    if reaction is None:
        return Rejected(f"{request} was refused with {code}, a code this version does not know", code=code)
    if reaction.error is None:
        return None
    message = f"{request} was refused with {code}: {reaction.meaning}"
    if reaction.error is RetryLater:
        return RetryLater(message, code=code, after=reaction.after)
    if reaction.error is QuotaExhausted:
        return QuotaExhausted(message, code=code, until=_opening(reaction.opens, now))
    return reaction.error(message, code=code)


def _opening(opens: Opens, now: datetime) -> datetime | None:
    match opens:
        case Opens.NEXT_MINUTE:
            return now.replace(second=0, microsecond=0) + timedelta(minutes=1)
        case Opens.IN_AN_HOUR:
            return now + timedelta(hours=1)
        case Opens.NEXT_DAY:
            local = now.astimezone(PLATFORM_ZONE)
            midnight = local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
            return midnight.astimezone(now.tzinfo)
        case Opens.PERSON_ACTS:
            return None
