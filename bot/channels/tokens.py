"""Access tokens: kept in storage, refreshed by one holder at a time across processes, replaced by compare-and-swap.

A token that the platform refuses is replaced only when storage still holds that very token; otherwise another process
has replaced it already and the stored one is used. The holder of a refresh has a lease, so a killed process blocks
nobody for longer, and every refresh has a name of its own, so an answer that comes after its lease cannot overwrite a
newer token (storage checks the holder, and the keeper uses what storage holds afterwards). The old token stays until
the new one is stored.

Whatever goes wrong while a token is being had happens before the request itself has left, so it never means that the
request's outcome is unknown: a silent token endpoint and a database that does not answer are `RetryLater`.
"""

from __future__ import annotations

import random
import uuid
from asyncio import Lock
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Protocol, TypeVar

import structlog
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from content.value import value
from handlers.clock import Clock
from handlers.delivery.errors import (
    AccountBlocked,
    ChannelError,
    OutcomeUnknown,
    QuotaExhausted,
    RetryLater,
    TokenRefused,
)
from storage.errors import StorageError
from storage.tokens import Token

_log = structlog.get_logger(__name__)
T = TypeVar("T")

#: A token is replaced this long before its end, less up to `_JITTER` so that processes do not come all at once. Not
#: earlier: until five minutes before the end the platform gives back the same token.
_EARLY = timedelta(minutes=5)
_JITTER = timedelta(minutes=1)
#: How long one refresh may take before another holder may try. A refresh that takes longer does no harm: both platforms
#: give the same token to both holders, and the later answer is not stored.
_LEASE = timedelta(seconds=20)
#: After the token endpoint has said that the account is misconfigured it is left alone for this long.
_HOLD_OFF = timedelta(seconds=60)
#: After it was busy or silent three times: whoever waited for the same token hears the same, instead of asking in turn.
_SHORT_HOLD_OFF = timedelta(seconds=5)
#: A new early refresh is not tried sooner than this after the last.
_PAUSE = timedelta(seconds=30)
#: A token that claims to live longer than a year (seconds) is no token.
_LONGEST_LIFE = 31_536_000
#: Waiting for another holder's refresh: look again this often.
_LOOK_AGAIN_SECONDS = 0.25


@value
class FreshToken:
    """What the platform's token endpoint gave."""

    value: str
    expires_in_seconds: int


def fresh_token(answer: Mapping[str, Any]) -> FreshToken:
    """Return the token in an answer of the token endpoint. Raises OutcomeUnknown when there is none."""
    match answer:
        case {"access_token": str(value), "expires_in": int(seconds)} if value and 0 < seconds <= _LONGEST_LIFE:
            return FreshToken(value=value, expires_in_seconds=seconds)
    raise OutcomeUnknown("the token endpoint answered without a token")


class TokenStore(Protocol):
    """Where tokens are kept, shared by all processes."""

    async def read(self, key: str) -> Token | None:
        """Return the stored token, expired or not."""
        ...

    async def begin_refresh(
        self, key: str, *, holder: str, failed: str | None, now: datetime, lease: timedelta
    ) -> bool:
        """Take the right to refresh for `lease`.

        False when another holder's lease still runs, or the stored token is no longer `failed` (None: there is none).
        """
        ...

    async def finish_refresh(self, key: str, *, holder: str, value: str, expires_at: datetime, now: datetime) -> None:
        """Store the new token and end the lease; do nothing when `holder` no longer holds it."""
        ...

    async def abandon_refresh(self, key: str, *, holder: str) -> None:
        """End the lease without a new token; do nothing when `holder` no longer holds it."""
        ...


def token_key(realm: str, secret: str) -> str:
    """Return the storage key of a token: one a (realm, secret), since WeCom has one secret an application."""
    return f"{realm}:{sha256(secret.encode('utf-8')).hexdigest()[:16]}"


class TokenKeeper:
    """Gives out the access token of one (realm, secret)."""

    def __init__(
        self,
        *,
        key: str,
        store: TokenStore,
        fetch: Callable[[], Awaitable[FreshToken]],
        clock: Clock,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Take the storage key, the call of the platform's token endpoint and a source of jitter in [0, 1)."""
        self._key = key
        self._store = store
        self._fetch = fetch
        self._clock = clock
        self._early = _EARLY - _JITTER * jitter()
        self._known: Token | None = None
        self._not_before: datetime | None = None
        self._blocked: tuple[datetime, ChannelError] | None = None
        # Within one process only one task talks to storage about the token.
        self._lock = Lock()

    async def call(self, request: Callable[[str], Awaitable[T]]) -> T:
        """Return what `request` gives with a good token.

        A refused token is swapped for the stored one when that has changed, else refreshed, once. Raises
        AccountBlocked when a fresh token is refused too, and whatever else `request` or the refresh raises.
        """
        token = await self.current()
        refreshed = False
        while True:
            try:
                return await request(token)
            except TokenRefused as error:
                if refreshed:
                    raise AccountBlocked(
                        f"a fresh access token is refused too ({error}); check the account's id and secret",
                        code=error.code,
                    ) from error
                _log.info("token_refused", key=self._key, code=error.code)
                token, refreshed = await self._replace(token)

    async def current(self) -> str:
        """Return a token that has not expired. Raises ChannelError when there is none and none can be had."""
        known = self._known
        if known is not None and self._is_good(known) and (self._is_fresh(known) or self._lock.locked()):
            return known.value
        with _before_the_request():
            async with self._lock:
                known = self._known = await self._store.read(self._key)
                if known is None or not self._is_good(known):
                    return await self._refresh(known.value if known else None)
                if not self._is_fresh(known) and self._may_try():
                    await self._refresh_early(known)
                return self._known.value if self._known else known.value

    async def _replace(self, failed: str) -> tuple[str, bool]:
        """Return a token in place of `failed` and whether it comes from a refresh."""
        with _before_the_request():
            async with self._lock:
                stored = self._known = await self._store.read(self._key)
                if stored is not None and stored.value != failed and self._is_good(stored):
                    return stored.value, False
                return await self._refresh(stored.value if stored else None), True

    async def _refresh(self, failed: str | None) -> str:
        """Return a token in place of `failed`: from an own refresh, or from another holder's that is waited for."""
        give_up = self._clock.now() + 2 * _LEASE
        while True:
            done = await self._refresh_once(failed)
            known = self._known = await self._store.read(self._key)
            if known is not None and self._is_good(known) and (done or known.value != failed):
                return known.value
            if done or self._clock.now() >= give_up:
                raise RetryLater("the access token is being refreshed elsewhere and has not come yet")
            await self._clock.sleep(_LOOK_AGAIN_SECONDS)

    async def _refresh_early(self, known: Token) -> None:
        """Try to replace a token that is still good; failing costs nothing but is not tried again at once."""
        self._not_before = self._clock.now() + _PAUSE
        try:
            await self._refresh_once(known.value)
            self._known = await self._store.read(self._key)
        except (ChannelError, StorageError) as error:
            _log.warning("token_early_refresh_failed", key=self._key, error=str(error))

    async def _refresh_once(self, failed: str | None) -> bool:
        """Refresh if this holder may; False when it may not. What holds afterwards is what storage says."""
        holder = uuid.uuid4().hex
        now = self._clock.now()
        if not await self._store.begin_refresh(self._key, holder=holder, failed=failed, now=now, lease=_LEASE):
            return False
        try:
            fresh = await self._fetch_patiently()
        except BaseException:
            await self._store.abandon_refresh(self._key, holder=holder)
            raise
        now = self._clock.now()
        expires_at = now + timedelta(seconds=fresh.expires_in_seconds)
        await self._store.finish_refresh(self._key, holder=holder, value=fresh.value, expires_at=expires_at, now=now)
        _log.info("token_refreshed", key=self._key, expires_at=expires_at.isoformat())
        return True

    async def _fetch_patiently(self) -> FreshToken:
        """Ask the token endpoint, at most three times while it is busy or silent. Raises ChannelError.

        Asking again is harmless, so an unknown outcome is retried too. After an error nothing is asked for a while, for
        as long as the endpoint said if it did: WeCom bans an address that keeps on coming with a wrong secret.
        """
        if self._blocked is not None and self._clock.now() < self._blocked[0]:
            raise copy(self._blocked[1])
        attempts = AsyncRetrying(
            sleep=self._clock.sleep,
            stop=stop_after_attempt(3),
            wait=wait_exponential(multiplier=0.5, max=4),
            retry=retry_if_exception_type((RetryLater, OutcomeUnknown)),
            reraise=True,
        )
        try:
            return await attempts(self._fetch)
        except ChannelError as error:
            self._blocked = (_opening(error, self._clock.now()), error)
            raise

    def _is_good(self, token: Token) -> bool:
        return self._clock.now() < token.expires_at

    def _is_fresh(self, token: Token) -> bool:
        return self._clock.now() < token.expires_at - self._early

    def _may_try(self) -> bool:
        return self._not_before is None or self._clock.now() >= self._not_before


def _opening(error: ChannelError, now: datetime) -> datetime:
    """Return when the token endpoint may be asked again after `error`."""
    match error:
        case QuotaExhausted(until=datetime() as until):
            return until
        case RetryLater() | OutcomeUnknown():
            return now + _SHORT_HOLD_OFF
        case _:
            return now + _HOLD_OFF


@contextmanager
def _before_the_request() -> Iterator[None]:
    """Say of what goes wrong that nothing was sent: the request that needs the token has not left yet."""
    try:
        yield
    except OutcomeUnknown as error:
        raise RetryLater(f"no access token could be had, nothing was sent: {error}") from error
    except StorageError as error:
        raise RetryLater(f"the access token cannot be read or stored, nothing was sent: {error}") from error
