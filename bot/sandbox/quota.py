"""How many customer-service messages an official account may still send to a person, and until when.

WeChat doc: customer-service messages. A message of the person grants 5 within 48 hours; a menu tap, a follow and a
scan grant 3 within one minute.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What one trigger allows: `messages` within `seconds`."""

    messages: int
    seconds: float


MESSAGE = Grant(messages=5, seconds=48 * 3600)
TAP = Grant(messages=3, seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What is left: `messages` until `until` (epoch seconds)."""

    messages: int = 0
    until: float = 0.0

    def left(self, now: float) -> int:
        """Return how many messages may go at `now`."""
        return self.messages if now < self.until else 0

    def granted(self, grant: Grant, now: float, *, adds_up: bool = False) -> Window:
        """Return the window after a trigger: the higher of what is left and what it grants, until the later end."""
        left = self.left(now)
        messages = left + grant.messages if adds_up else max(left, grant.messages)
        return Window(messages=messages, until=max(self.until, now + grant.seconds))


class Verdict(StrEnum):
    """What the ledger says to one more message."""

    SENT = "sent"
    #: The person has not acted within the window (45015).
    CLOSED = "closed"
    #: The window is open and everything in it is used up (45047).
    EXHAUSTED = "exhausted"


class QuotaLedger:
    """The windows of all people of one account, by openid."""

    def __init__(self, *, adds_up: bool = False) -> None:
        self._adds_up = adds_up
        self._windows: dict[str, Window] = {}

    def trigger(self, openid: str, grant: Grant, *, now: float) -> None:
        """Open or refresh the window of `openid` because the person did something."""
        self._windows[openid] = self.window(openid).granted(grant, now, adds_up=self._adds_up)

    def close(self, openid: str) -> None:
        """Close the window of `openid`; the person has unfollowed."""
        self._windows.pop(openid, None)

    def window(self, openid: str) -> Window:
        """Return the window of `openid`; an empty one for somebody who never did anything."""
        return self._windows.get(openid, Window())

    def take(self, openid: str, *, now: float) -> Verdict:
        """Use up one message to `openid`, when that is allowed at `now`."""
        window = self.window(openid)
        if now >= window.until:
            return Verdict.CLOSED
        if window.messages < 1:
            return Verdict.EXHAUSTED
        self._windows[openid] = Window(messages=window.messages - 1, until=window.until)
        return Verdict.SENT
