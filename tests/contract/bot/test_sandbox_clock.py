"""The sandbox's clock as the bot follows it, over a real socket to a small server that speaks the stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.clock import RealClock, SandboxClock, SandboxUnavailable, open_clock

START = 1_777_627_800.0


class TimeServer:
    """Serves a time that the test moves; `advance` returns what the follower says it has seen."""

    def __init__(self, mode: str = "virtual") -> None:
        self.now = START
        self.mode = mode
        self._joined: asyncio.Queue[web.WebSocketResponse] = asyncio.Queue()
        self._seen: asyncio.Queue[float] = asyncio.Queue()
        self.app = web.Application()
        self.app.router.add_get("/sandbox/clock", self._state)
        self.app.router.add_get("/sandbox/clock/stream", self._stream)

    async def follower(self) -> web.WebSocketResponse:
        return await asyncio.wait_for(self._joined.get(), 5)

    async def advance(self, follower: web.WebSocketResponse, seconds: float) -> float:
        self.now += seconds
        await follower.send_json({"now": self.now})
        return await asyncio.wait_for(self._seen.get(), 5)

    async def _state(self, request: web.Request) -> web.Response:
        return web.json_response({"now": self.now, "mode": self.mode})

    async def _stream(self, request: web.Request) -> web.WebSocketResponse:
        stream = web.WebSocketResponse()
        await stream.prepare(request)
        await self._joined.put(stream)
        async for message in stream:
            await self._seen.put(message.json()["seen"])
        return stream


@asynccontextmanager
async def following(times: TimeServer) -> AsyncIterator[SandboxClock]:
    async with TestServer(times.app) as server, aiohttp.ClientSession() as session:
        clock = SandboxClock(str(server.make_url("/")), session)
        assert await clock.connect() == times.mode
        task = asyncio.ensure_future(clock.follow())
        try:
            yield clock
        finally:
            task.cancel()
            await asyncio.wait((task,))


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(START, UTC) + timedelta(seconds=seconds)


async def test_the_clock_shows_the_sandbox_time_before_it_has_moved() -> None:
    async with following(TimeServer()) as clock:
        assert clock.now() == moment(0)


async def test_a_step_is_answered_after_the_sleepers_have_run() -> None:
    times = TimeServer()
    woken: list[datetime] = []
    async with following(times) as clock:

        async def sleeper() -> None:
            await clock.sleep(4.5)
            woken.append(clock.now())

        task = asyncio.ensure_future(sleeper())
        follower = await times.follower()
        assert await times.advance(follower, 4.0) == START + 4.0
        assert woken == []
        assert await times.advance(follower, 4.0) == START + 8.0
        assert woken == [moment(4.5)]
        await task


async def test_a_broken_stream_is_taken_up_again() -> None:
    times = TimeServer()
    async with following(times) as clock:
        await (await times.follower()).close()
        again = await times.follower()
        await times.advance(again, 30)
        assert clock.now() == moment(30)


async def test_a_limited_wait_follows_the_sandbox_time() -> None:
    times = TimeServer()
    async with following(times) as clock:
        never: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = asyncio.ensure_future(clock.wait_for(never, seconds=4.5))
        follower = await times.follower()
        await times.advance(follower, 5)
        with pytest.raises(TimeoutError):
            await waiting


async def test_the_clock_in_force_is_the_sandbox_one_only_when_it_keeps_virtual_time() -> None:
    async with aiohttp.ClientSession() as session:
        assert isinstance(await open_clock("", session), RealClock)
        async with TestServer(TimeServer("real").app) as server:
            assert isinstance(await open_clock(str(server.make_url("")), session), RealClock)
        async with TestServer(TimeServer("virtual").app) as server:
            assert isinstance(await open_clock(str(server.make_url("")), session), SandboxClock)


async def test_without_a_sandbox_the_error_says_what_to_do() -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(SandboxUnavailable, match=r"start the sandbox, or empty clock\.sandbox_url"):
            await SandboxClock("http://127.0.0.1:9", session).connect()
