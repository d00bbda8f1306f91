"""WebSockets: a chat as it goes on, and the virtual time for those who follow it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web

from bot.sandbox.chats import ChatKey, Chats
from bot.sandbox.clock import PlatformClock

_ACK_SECONDS = 2.0


class ClockStream:
    """Tells subscribers the time and waits until each has said that it has seen it."""

    def __init__(self, clock: PlatformClock) -> None:
        self._clock = clock
        self._seen: dict[web.WebSocketResponse, float] = {}
        self._news = asyncio.Event()

    async def announce(self, now: float) -> None:
        """Tell every subscriber `now`; return when all have seen it, at the latest after two real seconds."""
        for socket in list(self._seen):
            await _send(socket, {"now": now})
        try:
            async with asyncio.timeout(_ACK_SECONDS):
                while any(seen < now for seen in self._seen.values()):
                    await self._news.wait()
        except TimeoutError:
            # A subscriber that hangs must not stop time; the test that owns it will notice.
            return

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """WS /sandbox/clock/stream: sends {"now": t}, takes {"seen": t}."""
        socket = web.WebSocketResponse(heartbeat=30)
        await socket.prepare(request)
        self._seen[socket] = float("-inf")
        try:
            await _send(socket, {"now": self._clock.now()})
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._note(socket, message.data)
        finally:
            del self._seen[socket]
            self._wake()
        return socket

    async def close(self) -> None:
        """Close all sockets; the sandbox stops."""
        for socket in list(self._seen):
            await socket.close()

    def _note(self, socket: web.WebSocketResponse, data: str) -> None:
        try:
            seen = float(json.loads(data)["seen"])
        except (ValueError, TypeError, KeyError):
            return
        self._seen[socket] = seen
        self._wake()

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


class LiveChats:
    """WS /sandbox/live?account=&person=: everything new in one chat."""

    def __init__(self, chats: Chats, *, state: Callable[[ChatKey], dict[str, Any]]) -> None:
        self._chats = chats
        self._state = state
        self._open: set[web.WebSocketResponse] = set()

    async def serve(self, request: web.Request, key: ChatKey) -> web.WebSocketResponse:
        """Send {"event": "state"}, then {"event": "message" | "settled" | "typing" | "state"} as they come."""
        socket = web.WebSocketResponse(heartbeat=30)
        await socket.prepare(request)
        self._open.add(socket)
        with self._chats.watch(key) as news:
            await _send(socket, {"event": "state", "state": self._state(key)})
            sender = asyncio.create_task(self._forward(socket, key, news))
            try:
                async for _ in socket:
                    pass
            finally:
                self._open.discard(socket)
                sender.cancel()
                await asyncio.gather(sender, return_exceptions=True)
        return socket

    async def close(self) -> None:
        """Close all sockets; the sandbox stops."""
        for socket in list(self._open):
            await socket.close()

    async def _forward(self, socket: web.WebSocketResponse, key: ChatKey, news: asyncio.Queue[dict[str, Any]]) -> None:
        while True:
            item = await news.get()
            await _send(socket, item)
            if item["event"] in ("message", "settled"):
                await _send(socket, {"event": "state", "state": self._state(key)})


async def _send(socket: web.WebSocketResponse, data: dict[str, Any]) -> None:
    try:
        await socket.send_str(json.dumps(data, ensure_ascii=False))
    except ConnectionError:
        # The other side has gone; its reading loop ends by itself.
        return
