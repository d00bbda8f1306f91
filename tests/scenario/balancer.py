"""A small TCP balancer: each request goes to the next of several servers, one connection a request.

It can also lose answers: the request is carried out and its answer never reaches the caller, as on a broken line.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from types import TracebackType
from typing import Self


class Balancer:
    """Listens in a thread of its own; `ports` are tried in turn, dead ones skipped."""

    def __init__(self) -> None:
        self.ports: deque[int] = deque()
        self.port = 0
        #: How many of the next answers are thrown away.
        self.answers_to_lose = 0
        #: How many requests each server got.
        self.carried: dict[int, int] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="balancer", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _listen(self) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def _close(self) -> None:
        self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await _read_request(reader)
            answer = await self._carry(request)
            if self.answers_to_lose > 0:
                self.answers_to_lose -= 1
            else:
                writer.write(answer)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # the caller sees a closed connection, which is what happened
        finally:
            writer.close()

    async def _carry(self, request: bytes) -> bytes:
        for _ in range(len(self.ports)):
            port = self.ports[0]
            self.ports.rotate(-1)
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                continue
            self.carried[port] = self.carried.get(port, 0) + 1
            try:
                writer.write(request)
                await writer.drain()
                return await reader.read()
            finally:
                writer.close()
        raise ConnectionRefusedError("no server listens")


async def _read_request(reader: asyncio.StreamReader) -> bytes:
    """Return one whole request that asks for the connection to be closed after it, so that each can go elsewhere."""
    head = await reader.readuntil(b"\r\n\r\n")
    first, _, headers = head.partition(b"\r\n")
    length = 0
    for line in headers.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            length = int(value)
    body = await reader.readexactly(length)
    return first + b"\r\nConnection: close\r\n" + headers + body
