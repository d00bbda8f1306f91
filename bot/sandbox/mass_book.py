"""Mass sends of one official account: which were asked for, under which key, who got how many this month.

WeChat doc: mass send. A follower gets at most four of a service account in a calendar month of Beijing, by site and API
together; more of them fail for that follower alone. The same `clientmsgid`, or without one the same content to the same
people, within 24 hours is the same send.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any

from bot.sandbox.shown import Shown

SEND, SENDALL, PREVIEW = "/cgi-bin/message/mass/send", "/cgi-bin/message/mass/sendall", "/cgi-bin/message/mass/preview"
#: Calls a minute of sending, and a day of previews. WeChat doc: mass send.
A_MINUTE = {SEND: 60, SENDALL: 60}
A_DAY = {PREVIEW: 100}
#: Sends to all a month; and no more than one a day.
_TO_ALL_A_MONTH = 4
_KEY_SECONDS = 24 * 3600
_BEIJING = timedelta(hours=8)
#: Of the ids of mass sends, which count up on each account by themselves.
_FIRST_ID = 1_000_000_000


class MassState(StrEnum):
    """What mass/get says of a send."""

    SENDING = "SENDING"
    SUCCESS = "SEND_SUCCESS"
    DELETED = "DELETE"


@dataclass(slots=True, kw_only=True)
class Mass:
    """One mass send."""

    id: int
    message: Shown
    #: Whoever it was asked for: persons' ids, in the order of the list.
    people: Sequence[str]
    at: float
    state: MassState = MassState.SENDING
    #: Whether it reached the chats, and whether the account was told of its end.
    is_shown: bool = False
    is_told: bool = False
    total: int = 0
    sent: int = 0
    failed: int = 0
    tries: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Repeated:
    """A key that was used before: by which send, and when it was tried last."""

    mass: Mass
    tried_at: float


class MassBook:
    """The mass sends of one account."""

    def __init__(self, *, a_month: int) -> None:
        self._a_month = a_month
        self._sends: dict[int, Mass] = {}
        self._keys: dict[str, tuple[float, int]] = {}
        self._received: Counter[tuple[int, str]] = Counter()
        self._to_all: list[float] = []
        self._last_id = _FIRST_ID

    def next_id(self) -> int:
        """Return an id that no send and no preview had."""
        self._last_id += 1
        return self._last_id

    def add(self, message: Shown, people: Sequence[str], *, key: str, now: float) -> Mass:
        """Take a send; `key` is the caller's or `key_of`."""
        mass = Mass(id=self.next_id(), message=message, people=people, at=now)
        self._sends[mass.id] = mass
        self._keys[key] = (now, mass.id)
        return mass

    def may_go_to_all(self, *, now: float) -> bool:
        """Tell whether one more may go to all followers."""
        of_month = [at for at in self._to_all if month_of(at) == month_of(now)]
        return len(of_month) < _TO_ALL_A_MONTH and all(_day_of(at) != _day_of(now) for at in of_month)

    def note_to_all(self, *, now: float) -> None:
        """Note that one went to all."""
        self._to_all.append(now)

    def get(self, mass_id: int) -> Mass | None:
        """Return a send, None when there is none of that id."""
        return self._sends.get(mass_id)

    def repeated(self, key: str, *, now: float) -> Repeated | None:
        """Return the send that a key stands for, None when it is new or its day is over; the attempt is noted."""
        at, mass_id = self._keys.get(key, (0.0, 0))
        if not mass_id or now >= at + _KEY_SECONDS:
            return None
        mass = self._sends[mass_id]
        tried_at = mass.tries[-1] if mass.tries else mass.at
        mass.tries.append(now)
        return Repeated(mass, tried_at)

    def unfinished(self) -> list[Mass]:
        """Return the sends whose end the account was not told, the oldest first."""
        return [mass for mass in self._sends.values() if not mass.is_told]

    def may_receive(self, person: str, *, now: float) -> bool:
        """Tell whether a follower may get one more this month."""
        return self._received[month_of(now), person] < self._a_month

    def receive(self, person: str, *, now: float) -> None:
        """Note that a follower got one."""
        self._received[month_of(now), person] += 1


def month_of(now: float) -> int:
    """Return the month of a moment in Beijing, as 202605."""
    day = _day_of(now)
    return day.year * 100 + day.month


def _day_of(now: float) -> date:
    return (datetime.fromtimestamp(now, UTC) + _BEIJING).date()


def key_of(body: dict[str, Any]) -> str:
    """Return what stands for a send without `clientmsgid`: target and content."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
