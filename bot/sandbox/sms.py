"""The gateway for text messages, simulated: what a phone gets is put on the record; nothing is sent anywhere."""

from __future__ import annotations

from aiohttp import web

from bot.sandbox.control_json import Input, read_input, reply
from bot.sandbox.record import Record

#: How many messages can be asked for.
_MOST = 1000


class TextMessage(Input):
    """One text message."""

    phone: str
    text: str


class SmsGateway:
    """Takes text messages; a repeat under the same `Idempotency-Key` is the same message."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._messages: list[dict[str, str]] = []
        self._keys: set[str] = set()

    def routes(self) -> list[web.RouteDef]:
        """Return its door, and the one through which tests and the demonstration look at a phone."""
        return [web.post("/sms", self._send), web.get("/sandbox/sms", self._list)]

    async def _send(self, request: web.Request) -> web.Response:
        message = await read_input(request, TextMessage)
        key = request.headers.get("Idempotency-Key", "")
        if not key or key not in self._keys:
            self._keys.add(key)
            self._messages.append({"phone": message.phone, "text": message.text})
            del self._messages[:-_MOST]
            await self._record.write({"what": "sms", "phone": message.phone, "text": message.text})
        return reply({"ok": True})

    async def _list(self, request: web.Request) -> web.Response:
        phone = request.query.get("phone")
        return reply({"messages": [each for each in self._messages if phone in (None, each["phone"])]})
