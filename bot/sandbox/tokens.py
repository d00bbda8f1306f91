"""Access tokens of both platforms: issue, overlap, end and check.

WeChat doc: get access token, get stable access token. WeCom doc: get access token. All times are epoch seconds.
"""

from __future__ import annotations

import secrets
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from bot.sandbox.errors import ApiError

H = TypeVar("H")

LIFE_SECONDS = 7200
OVERLAP_SECONDS = 300
_DAY_SECONDS = 86400


class Family(StrEnum):
    """Official accounts have two isolated families of tokens; WeCom has one."""

    ORDINARY = "ordinary"
    STABLE = "stable"
    WECOM = "wecom"


@dataclass(slots=True)
class _Token(Generic[H]):
    value: str
    holder: H
    family: Family
    issued: float
    ends: float
    #: The errcode once it no longer counts: 42001 when its time is over, 40001 when another took its place.
    verdict: int = 42001


class TokenBook(Generic[H]):
    """All tokens ever issued to the accounts `H` of one platform, so that each wrong one gets its own error code."""

    def __init__(self, *, mark: str, superseded: int) -> None:
        """`mark` begins every token of this platform; `superseded` is the errcode for one that is not the latest."""
        self._mark = mark
        self._superseded = superseded
        self._tokens: dict[str, _Token[H]] = {}
        self._current: dict[tuple[int, Family], _Token[H]] = {}

    def current(self, holder: H, family: Family, *, now: float) -> tuple[str, float] | None:
        """Return the valid token of `holder` and the seconds it still lives, or None."""
        token = self._current.get((id(holder), family))
        if token is None or now >= token.ends:
            return None
        return token.value, token.ends - now

    def issue(self, holder: H, family: Family, *, now: float, overlap_seconds: float) -> tuple[str, float]:
        """Return a new token and its life; the one before lives on for at most `overlap_seconds`."""
        value = f"{self._mark}_{secrets.token_urlsafe(96)}"
        self.restore(value, holder, family, now=now, overlap_seconds=overlap_seconds)
        return value, float(LIFE_SECONDS)

    def restore(self, value: str, holder: H, family: Family, *, now: float, overlap_seconds: float) -> None:
        """Take the token `value`, issued at `now`, for the newest of `holder`."""
        before = self._current.get((id(holder), family))
        if before is not None and before.ends > now + overlap_seconds:
            before.ends, before.verdict = now + overlap_seconds, self._superseded
        token = _Token(value, holder, family, now, now + LIFE_SECONDS)
        self._tokens[value] = self._current[(id(holder), family)] = token

    def holder(self, value: str | None) -> H | None:
        """Return whose token `value` is or was."""
        token = self._tokens.get(value or "")
        return token.holder if token else None

    def check(self, value: str | None, *, now: float) -> H:
        """Return the account that the valid token `value` belongs to.

        Raises:
            ApiError: 41001 missing, 40014 not a token, 40001 unknown or replaced, 42001 its time is over.
        """
        if not value:
            raise ApiError(41001)
        token = self._tokens.get(value)
        if token is None:
            raise ApiError(self._superseded if value.startswith(self._mark + "_") else 40014)
        if now >= token.ends:
            raise ApiError(token.verdict)
        return token.holder

    def end(self, value: str | None, *, now: float, superseded: bool) -> None:
        """Make `value` useless from now on; its holder gets another at the next request."""
        token = self._tokens.get(value or "")
        if token is not None:
            token.ends = now
            token.verdict = self._superseded if superseded else 42001


def kept(value: str, family: Family, *, overlap_seconds: float) -> dict[str, Any]:
    """Return what the record says of a token that was issued."""
    return {"token": {"value": value, "family": family.value, "overlap": round(overlap_seconds, 3)}}


class WrongSecrets:
    """Addresses that asked for tokens with wrong secrets: so many within an hour, and they are barred for an hour."""

    _HOUR_SECONDS = 3600

    def __init__(self, *, allowed: int) -> None:
        self._allowed = allowed
        self._wrong: dict[str, deque[float]] = {}
        self._barred_until: dict[str, float] = {}

    def check(self, address: str, *, now: float) -> None:
        """Raises ApiError 45009 for an address that is barred."""
        until = self._barred_until.get(address, now)
        if now < until:
            raise ApiError(45009, f"too many wrong secrets from {address}, again in {until - now:.0f} s")

    def count(self, address: str, *, now: float) -> None:
        """Count one wrong secret."""
        wrong = self._wrong.setdefault(address, deque())
        while wrong and wrong[0] <= now - self._HOUR_SECONDS:
            wrong.popleft()
        wrong.append(now)
        if len(wrong) >= self._allowed:
            self._barred_until[address] = now + self._HOUR_SECONDS
            wrong.clear()


class ForcedRefreshes(Generic[H]):
    """How often an account may force a new stable token: so many a day, so far apart."""

    def __init__(self, *, a_day: int, gap_seconds: float) -> None:
        self._a_day = a_day
        self._gap = gap_seconds
        self._taken: dict[int, deque[float]] = {}

    def take(self, holder: H, *, now: float) -> None:
        """Count one forced refresh. Raises ApiError: 45011 too soon after the last, 45009 too many in 24 hours."""
        taken = self._taken.setdefault(id(holder), deque())
        while taken and taken[0] <= now - _DAY_SECONDS:
            taken.popleft()
        if taken and now < taken[-1] + self._gap:
            raise ApiError(45011, f"force_refresh again in {taken[-1] + self._gap - now:.0f} s")
        if len(taken) >= self._a_day:
            raise ApiError(45009, f"force_refresh is allowed {self._a_day} times a day")
        taken.append(now)
