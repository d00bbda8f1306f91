"""What stands before two web processes: callbacks go to them in turn, to the next one when a connection is refused."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Final

import aiohttp
from aiohttp import web
from yarl import URL

#: Longer than the platform waits, so that the platform's own limit is the one that counts.
_SECONDS: Final = 20.0


class Balancer:
    """Listens on one address and passes each callback on, whole, once."""

    def __init__(self, upstreams: Sequence[str], *, port: int) -> None:
        self._upstreams = tuple(upstreams)
        self._port = port
        self._turn = itertools.count()
        self._http: aiohttp.ClientSession | None = None
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Begin to listen."""
        # A kept connection to a killed process would look like a callback that was lost on the way.
        connector = aiohttp.TCPConnector(force_close=True, limit=0)
        timeout = aiohttp.ClientTimeout(total=_SECONDS)
        self._http = aiohttp.ClientSession(connector=connector, timeout=timeout)
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._pass_on)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()
        if self._http is not None:
            await self._http.close()

    async def _pass_on(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        first = next(self._turn)
        for offset in range(len(self._upstreams)):
            upstream = self._upstreams[(first + offset) % len(self._upstreams)]
            try:
                return await self._ask(upstream, request, body)
            except aiohttp.ClientConnectorError:
                continue  # nothing of the callback has left yet
            except (aiohttp.ClientError, TimeoutError):
                break  # it may have been received: only the platform may send it again
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=502)

    async def _ask(self, upstream: str, request: web.Request, body: bytes) -> web.Response:
        assert self._http is not None
        headers = {"Content-Type": request.headers.get("Content-Type", "text/xml")}
        url = URL(upstream + request.raw_path, encoded=True)
        async with self._http.request(request.method, url, data=body, headers=headers) as answer:
            content = await answer.read()
            return web.Response(status=answer.status, body=content, content_type=answer.content_type)
