"""A token store in memory with the real one's rules, which can be away, and an endpoint with a queue of answers."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.channels.tokens import FreshToken
from storage.errors import StorageError
from storage.tokens import Token


@dataclass
class TokenShelf:
    """Keeps tokens; `holder` and `until` are the lease of a running refresh."""

    tokens: dict[str, Token] = field(default_factory=dict)
    leases: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    reads: int = 0
    #: The methods that fail as they do when the database does not answer.
    away: set[str] = field(default_factory=set)

    def put(self, key: str, value: str, expires_at: datetime) -> None:
        version = self.tokens[key].version + 1 if key in self.tokens else 1
        self.tokens[key] = Token(value=value, expires_at=expires_at, version=version)

    async def read(self, key: str) -> Token | None:
        self.reads += 1
        self._reach("read")
        return self.tokens.get(key)

    async def begin_refresh(
        self, key: str, *, holder: str, failed: str | None, now: datetime, lease: timedelta
    ) -> bool:
        self._reach("begin_refresh")
        stored = self.tokens.get(key)
        held = key in self.leases and self.leases[key][1] > now
        if held or (stored.value if stored else None) != failed:
            return False
        self.leases[key] = (holder, now + lease)
        return True

    async def finish_refresh(self, key: str, *, holder: str, value: str, expires_at: datetime, now: datetime) -> None:
        self._reach("finish_refresh")
        if self.leases.get(key, ("", now))[0] == holder:
            del self.leases[key]
            self.put(key, value, expires_at)

    async def abandon_refresh(self, key: str, *, holder: str) -> None:
        self._reach("abandon_refresh")
        if self.leases.get(key, ("", None))[0] == holder:
            del self.leases[key]

    def _reach(self, method: str) -> None:
        if method in self.away:
            raise StorageError("the database did not do it: it is away")


class TokenEndpoint:
    """Gives tokens t1, t2, …; `answers` go first: an exception is raised, a text is the token's value."""

    def __init__(self, *answers: str | Exception, expires_in_seconds: int = 7200) -> None:
        self.answers = deque(answers)
        self.calls = 0
        self.expires_in_seconds = expires_in_seconds

    async def fetch(self) -> FreshToken:
        self.calls += 1
        answer = self.answers.popleft() if self.answers else f"t{self.calls}"
        if isinstance(answer, Exception):
            raise answer
        return FreshToken(value=answer, expires_in_seconds=self.expires_in_seconds)
