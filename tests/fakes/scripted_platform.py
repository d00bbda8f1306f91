"""A platform's server API with a script: each request gets the next prepared answer, and all are kept."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request as it came over the wire."""

    method: str
    path: str
    query: Mapping[str, str]
    body: bytes

    @property
    def payload(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One prepared answer; `trouble` is what goes wrong: `silence`, `drop` or `cut`."""

    fields: Mapping[str, Any] | None = None
    raw: bytes = b""
    status: int = 200
    trouble: str = ""


@dataclass
class ScriptedPlatform:
    """Answers token requests by itself (t1, t2, …) and everything else from `script`."""

    script: deque[Reply] = field(default_factory=deque)
    tokens: deque[Reply] = field(default_factory=deque)
    calls: list[Call] = field(default_factory=list)
    token_calls: list[Call] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        call = Call(method=request.method, path=request.path, query=dict(request.query), body=await request.read())
        if request.path.endswith(("/stable_token", "/gettoken")):
            self.token_calls.append(call)
            given = {"access_token": f"t{len(self.token_calls)}", "expires_in": 7200}
            return await _answer(request, self.tokens.popleft() if self.tokens else Reply(fields=given))
        self.calls.append(call)
        return await _answer(request, self.script.popleft() if self.script else Reply(fields={"errcode": 0}))


async def _answer(request: web.Request, reply: Reply) -> web.StreamResponse:
    body = reply.raw if reply.fields is None else json.dumps(reply.fields).encode()
    transport = request.transport
    assert transport is not None
    match reply.trouble:
        case "silence":
            await asyncio.Event().wait()
        case "drop":
            transport.close()
        case "cut":
            transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
            transport.close()
    return web.Response(body=body, status=reply.status)


@asynccontextmanager
async def serve(platform: ScriptedPlatform) -> AsyncIterator[str]:
    """Serve on a free local port; give the base address."""
    app = web.Application(client_max_size=16 << 20)
    app.router.add_route("*", "/{path:.*}", platform.handle)
    server = TestServer(app)
    await server.start_server(shutdown_timeout=0.01)
    try:
        yield str(server.make_url(""))
    finally:
        await server.close()
