"""One account's callback address: GET proves the address to the platform, POST takes a push in and answers it."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Protocol

import structlog
from aiohttp import hdrs, web

from bot.channels.callback import BadCallback, CallbackReader
from bot.web.metrics import CallbackMeter
from content.messages import Inbound
from handlers.clock import Clock
from handlers.conversation.inbox import Answered
from storage.errors import StorageError

#: Longer than the platform waits: an attempt that is left to time out is cut by the platform, not by us.
_HOLD_SECONDS = 6.0


#: The platforms cut an attempt after so long.
_PLATFORM_SECONDS = 5.0


class Receiver(Protocol):
    """What takes one account's callbacks in: its inbox, or its doorbell."""

    async def receive(self, inbound: Inbound) -> Answered:
        """Return what to answer, once what was told is durable. Raises StorageError."""
        ...

    def written(self, handed: tuple[int, int]) -> None:
        """Note that a reply's bytes have left."""
        ...


class CallbackPage:
    """The two handlers of one account's address."""

    def __init__(
        self, *, account: str, reader: CallbackReader, inbox: Receiver, clock: Clock, meter: CallbackMeter
    ) -> None:
        self._reader = reader
        self._inbox = inbox
        self._clock = clock
        self._meter = meter
        self._log = structlog.get_logger().bind(account=account)

    async def verify(self, request: web.Request) -> web.Response:
        """Answer the platform's question whether this address is ours."""
        try:
            echo = self._reader.verify_url(request.query, now=self._clock.now())
        except BadCallback as bad:
            return self._refuse(bad)
        self._log.info("The platform verified the callback address.", action="callback_verified")
        return web.Response(text=echo)

    async def receive(self, request: web.Request) -> web.StreamResponse:
        """Take one push in; the answer leaves after the message is durable."""
        began = perf_counter()
        try:
            body = await request.read()
            received = self._reader.read(
                request.query, body, content_type=request.headers.get(hdrs.CONTENT_TYPE, ""), now=self._clock.now()
            )
        except web.HTTPRequestEntityTooLarge:
            return self._refuse(BadCallback("too_large", "the body is larger than a callback can be", status=413))
        except (ConnectionError, web.RequestPayloadError) as error:
            return self._refuse(BadCallback("unreadable", f"the connection ended before the body did: {error}"))
        except BadCallback as bad:
            return self._refuse(bad)
        try:
            answered = await self._inbox.receive(received.inbound)
        except StorageError as error:
            return self._not_recorded(error)
        if answered.time_out:
            self._meter.count("timed_out")
            await self._clock.sleep(_HOLD_SECONDS)
            return web.Response(status=503, text="not answered in time")
        answer = self._reader.answer(received, answered.reply, now=self._clock.now())
        if answer.truncated:
            self._log.warning("A reply did not fit and was cut.", action="message_truncated", api="passive")
        self._meter.observe("replied" if answered.reply is not None else "accepted", perf_counter() - began)
        response = _Noted(body=answer.body, content_type=answer.content_type)
        if answered.handed is not None:
            handed = answered.handed

            def note() -> None:
                # What is written after the platform hung up was not seen by anybody: it stays `handed`, the next
                # attempt gets it again, and without one it becomes `unknown`.
                transport = request.transport
                in_time = perf_counter() - began < _PLATFORM_SECONDS
                if in_time and transport is not None and not transport.is_closing():
                    self._inbox.written(handed)

            response.then = note
        return response

    def _not_recorded(self, error: StorageError) -> web.Response:
        """Answer nothing the platform could take for an acknowledgement: it comes again."""
        self._meter.count("not_recorded")
        self._log.error("A callback could not be recorded.", action="callback_not_recorded", detail=str(error))
        return web.Response(status=503, text="not recorded")

    def _refuse(self, bad: BadCallback) -> web.Response:
        self._meter.count(bad.reason)
        self._log.warning("A callback was refused.", action="callback_refused", reason=bad.reason, detail=str(bad))
        return web.Response(status=bad.status, text=bad.reason)


class _Noted(web.Response):
    """A response that says when its last byte was given to the connection."""

    then: Callable[[], None] | None = None

    async def write_eof(self, data: bytes = b"") -> None:
        await super().write_eof(data)
        if self.then is not None:
            then, self.then = self.then, None
            then()
