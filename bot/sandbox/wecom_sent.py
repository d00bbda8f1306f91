"""What WeCom remembers of application messages: repeated requests, what each member got, what can be taken back.

WeCom doc: send application messages, recall application messages. All of it comes back after a restart, from what
`SentBook.kept` leaves on record. All times are epoch seconds.
"""

from __future__ import annotations

import json
import secrets
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from bot.sandbox.config import Rules
from bot.sandbox.errors import ApiError

_DUPLICATE_SECONDS = 1800
_MAX_DUPLICATE_SECONDS = 4 * 3600
_HOUR_SECONDS = 3600
_MINUTE_SECONDS = 60


class DuplicateCheck:
    """Remembers whole requests that asked for it; an identical one within its interval is not delivered."""

    def __init__(self) -> None:
        #: By application and digest of the request.
        self._until: dict[tuple[str, str], float] = {}

    def is_repeat(self, app: str, body: Mapping[str, Any], *, now: float) -> bool:
        """Return whether `app` sent the same request before and its interval is not over; remember it otherwise."""
        if body.get("enable_duplicate_check") != 1:
            return False
        interval = body.get("duplicate_check_interval", _DUPLICATE_SECONDS)
        if not isinstance(interval, int) or interval < 0:
            raise ApiError(40058, "duplicate_check_interval")
        digest = _digest(body)
        if now < self._until.get((app, digest), float("-inf")):
            return True
        self._until = {known: until for known, until in self._until.items() if now < until}
        self.restore(app, digest, until=now + min(interval, _MAX_DUPLICATE_SECONDS))
        return False

    def kept(self, app: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the record must say of a request that is remembered; nothing for one that did not ask."""
        if body.get("enable_duplicate_check") != 1:
            return {}
        digest = _digest(body)
        return {"request": digest, "until": self._until[app, digest]}

    def restore(self, app: str, digest: str, *, until: float) -> None:
        """Remember a request."""
        self._until[app, digest] = until


def _digest(body: Mapping[str, Any]) -> str:
    return sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode("utf-8", "replace")).hexdigest()


class MemberLimits:
    """What one member can get from one application in a minute and an hour; the rest is dropped without a word."""

    def __init__(self, *, a_minute: int, an_hour: int) -> None:
        self._a_minute = a_minute
        self._an_hour = an_hour
        self._taken: defaultdict[tuple[str, str], deque[float]] = defaultdict(deque)

    def take(self, app: str, userid: str, *, now: float) -> bool:
        """Count one message to the member; False when it must be dropped."""
        taken = self._of_the_hour(app, userid, now=now)
        in_minute = 0
        for moment in reversed(taken):
            if moment <= now - _MINUTE_SECONDS:
                break
            in_minute += 1
        if in_minute >= self._a_minute or len(taken) >= self._an_hour:
            return False
        taken.append(now)
        return True

    def restore(self, app: str, userid: str, *, at: float) -> None:
        """Count one message that was taken at `at`."""
        self._of_the_hour(app, userid, now=at).append(at)

    def _of_the_hour(self, app: str, userid: str, *, now: float) -> deque[float]:
        taken = self._taken[app, userid.lower()]
        while taken and taken[0] <= now - _HOUR_SECONDS:
            taken.popleft()
        return taken


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMessage:
    """A message that can be taken back: by which application and when."""

    app: str
    sent_at: float


class SentMessages:
    """Messages by msgid. WeCom doc: recall application messages (within 24 hours)."""

    _RECALL_SECONDS = 86400

    def __init__(self) -> None:
        self._sent: dict[str, SentMessage] = {}

    def add(self, app: str, *, now: float) -> str:
        """Return a new msgid."""
        msgid = secrets.token_urlsafe(48)
        self.restore(app, msgid, at=now)
        return msgid

    def recall(self, app: str, msgid: str, *, now: float) -> None:
        """Forget a message. Raises ApiError: 40058 no such message of this application, 42052 too late."""
        sent = self._sent.get(msgid)
        if sent is None or sent.app != app:
            raise ApiError(40058, "msgid")
        if now > sent.sent_at + self._RECALL_SECONDS:
            raise ApiError(42052)
        self.forget(msgid)

    def restore(self, app: str, msgid: str, *, at: float) -> None:
        """Know a message that was sent at `at`."""
        self._sent[msgid] = SentMessage(app=app, sent_at=at)

    def forget(self, msgid: str) -> None:
        """Know a message no longer: it was taken back."""
        self._sent.pop(msgid, None)


class SentBook:
    """The three of them, and how they stand on record."""

    def __init__(self, rules: Rules) -> None:
        self.duplicates = DuplicateCheck()
        self.limits = MemberLimits(a_minute=rules.wecom_messages_a_minute, an_hour=rules.wecom_messages_an_hour)
        self.messages = SentMessages()

    def kept(self, app: str, body: Mapping[str, Any], *, msgid: str, counted: Iterable[str]) -> dict[str, Any]:
        """Return what the record must say of an accepted request; `counted` are whom the limits counted."""
        return {"sent": {"msgid": msgid, "counted": list(counted), **self.duplicates.kept(app, body)}}

    def restore(self, app: str, sent: Mapping[str, Any], *, at: float) -> None:
        """Know again what `kept` left on record at `at`."""
        self.messages.restore(app, sent["msgid"], at=at)
        for userid in sent["counted"]:
            self.limits.restore(app, userid, at=at)
        if "request" in sent:
            self.duplicates.restore(app, sent["request"], until=sent["until"])
