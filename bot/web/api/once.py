"""A write is done once under an idempotency key, and its first answer is given to whoever asks again."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from aiohttp import hdrs
from pydantic import BaseModel

from bot.web.api.problem import IN_PROGRESS, KEY_REUSED, Refused
from bot.web.api.route import AnyRoute, Call
from content.value import value
from handlers.clock import Clock
from storage.errors import StorageError
from storage.idempotency import Ask, Claim, Idempotency, Kept, Unclaimed


@value
class Sent:
    """An answer, and whether it had been given before."""

    status: int
    body: bytes
    is_repeated: bool = False


class Once:
    """Claims before the work and keeps the answer after it (draft-ietf-httpapi-idempotency-key-header-06)."""

    def __init__(self, idempotency: Idempotency, *, clock: Clock) -> None:
        self._idempotency = idempotency
        self._clock = clock

    async def answer(self, ask: Ask, work: Callable[[], Awaitable[BaseModel]]) -> Sent:
        """Return the first answer to `ask`. Raises Refused while it is worked on and for a key of something else.

        What `work` refuses is an answer, too, and kept. Where it fails otherwise the key is given back, so that the
        client can try again; work must bear being done twice (`storage.idempotency`).
        """
        claim = await self._idempotency.claim(ask, now=self._clock.now())
        match claim:
            case Kept():
                return Sent(status=claim.status, body=claim.body, is_repeated=True)
            case Unclaimed.REUSED:
                raise Refused(KEY_REUSED, "this key stood for another write in the last 24 hours; use a new one")
            case Unclaimed.IN_PROGRESS:
                raise Refused(IN_PROGRESS, "ask again in a second, with the same key", headers={hdrs.RETRY_AFTER: "1"})
            case Claim():
                return await self._work(claim, work)

    async def _work(self, claim: Claim, work: Callable[[], Awaitable[BaseModel]]) -> Sent:
        try:
            sent = Sent(status=200, body=(await work()).model_dump_json().encode())
        except Refused as refused:
            sent = Sent(status=refused.kind.status, body=refused.body)
        except Exception:
            # A claim that cannot be given back is taken over later.
            with suppress(StorageError):
                await self._idempotency.release(claim)
            raise
        await self._idempotency.keep(claim, Kept(status=sent.status, body=sent.body))
        return sent


def fingerprint(route: AnyRoute, call: Call[Any, Any]) -> bytes:
    """Return the digest of what a write asks for: two spellings of one JSON text are the same."""
    said = [route.name, call.parameters.model_dump_json(), call.body.model_dump_json()]
    return hashlib.sha256("\n".join(said).encode()).digest()
