"""A token store in memory with the rules of the real one, and a token endpoint with a queue of answers."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.channels.tokens import FreshToken
from storage.tokens import Token


@dataclass
class TokenShelf:
    """Keeps tokens; `holder` and `until` are the lease of a running refresh."""

    tokens: dict[str, Token] = field(default_factory=dict)
    leases: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    reads: int = 0

    def put(self, key: str, value: str, expires_at: datetime) -> None:
        version = self.tokens[key].version + 1 if key in self.tokens else 1
        self.tokens[key] = Token(value=value, expires_at=expires_at, version=version)

    async def read(self, key: str) -> Token | None:
        self.reads += 1
        return self.tokens.get(key)

    async def begin_refresh(
        self, key: str, *, holder: str, failed: str | None, now: datetime, lease: timedelta
    ) -> bool:
        stored = self.tokens.get(key)
        held = key in self.leases and self.leases[key][1] > now
        if held or (stored.value if stored else None) != failed:
            return False
        self.leases[key] = (holder, now + lease)
        return True

    async def finish_refresh(self, key: str, *, holder: str, value: str, expires_at: datetime, now: datetime) -> None:
        if self.leases.get(key, ("", now))[0] == holder:
            del self.leases[key]
            self.put(key, value, expires_at)

    async def abandon_refresh(self, key: str, *, holder: str) -> None:
        if self.leases.get(key, ("", None))[0] == holder:
            del self.leases[key]


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
