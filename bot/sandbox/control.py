"""The control API: people act, tests look, time moves, faults are set. Its callers are pages and tests, not the bot."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web
from pydantic import Field

from bot.sandbox.acts import Act
from bot.sandbox.clock import PlatformClock, VirtualClock
from bot.sandbox.control_json import Input, number, read_input, reply
from bot.sandbox.errors import ControlError
from bot.sandbox.faults import Fault, FaultBook
from bot.sandbox.live import ClockStream
from bot.sandbox.push import Pusher, Running
from bot.sandbox.record import Record
from bot.sandbox.stage import Stage
from bot.sandbox.verify import Verifier
from bot.sandbox.world import World

_MAX_LINES = 5000
_MAX_WAIT_SECONDS = 60.0


class Advance(Input):
    """How far virtual time moves and in what steps.

    While pushes are under way, the bot has up to `settle_seconds` of real time before the first and after each step to
    answer them: its database and its sockets do not live on virtual time.
    """

    seconds: float = Field(ge=0)
    step: float = Field(default=0.25, gt=0)
    settle_seconds: float = Field(default=0.02, ge=0, le=2)


class Acts(Input):
    """Many acts; they are carried out in this order."""

    acts: list[Act]
    wait: bool = False


class AccountName(Input):
    """An account."""

    account: str


class Control:
    """Time, acts, the record and the faults."""

    def __init__(
        self,
        *,
        world: World,
        clock: PlatformClock,
        stream: ClockStream,
        record: Record,
        stage: Stage,
        pusher: Pusher,
        faults: FaultBook,
        verifier: Verifier,
    ) -> None:
        self._world = world
        self._clock = clock
        self._stream = stream
        self._record = record
        self._stage = stage
        self._pusher = pusher
        self._faults = faults
        self._verifier = verifier

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of this family."""
        return [
            web.get("/sandbox/clock", self._time),
            web.post("/sandbox/clock/advance", self._advance),
            web.get("/sandbox/clock/stream", self._stream.serve),
            web.post("/sandbox/act", self._act),
            web.post("/sandbox/acts", self._acts),
            web.post("/sandbox/verify", self._verify),
            web.get("/sandbox/record", self._lines),
            web.get("/sandbox/faults", self._list_faults),
            web.post("/sandbox/faults", self._add_fault),
            web.delete("/sandbox/faults", self._clear_faults),
            web.delete("/sandbox/faults/{id}", self._remove_fault),
        ]

    async def _time(self, request: web.Request) -> web.Response:
        return reply({"now": self._clock.now(), "mode": self._clock.mode})

    async def _advance(self, request: web.Request) -> web.Response:
        order = await read_input(request, Advance)
        if not isinstance(self._clock, VirtualClock):
            raise ControlError(409, "沙箱用的是真实时间，不能拨快；请在配置里写 clock.mode = virtual")

        async def after_step(now: float) -> None:
            await self._stream.announce(now)
            await self._pusher.quiet(within_seconds=order.settle_seconds)

        await self._pusher.quiet(within_seconds=order.settle_seconds)
        now = await self._clock.advance(order.seconds, step=order.step, after_step=after_step)
        return reply({"now": now, "mode": self._clock.mode})

    async def _act(self, request: web.Request) -> web.Response:
        act = await read_input(request, Act)
        running = self._stage.perform(act)
        if act.wait is not False:
            await asyncio.shield(running.task)
        return reply(_described(running))

    async def _acts(self, request: web.Request) -> web.Response:
        order = await read_input(request, Acts)
        results: list[dict[str, Any] | Running] = []
        for act in order.acts:
            try:
                results.append(self._stage.perform(act))
            except ControlError as error:
                results.append({"push": None, "message_key": "", "result": "refused", "error": error.sentence})
        if order.wait:
            tasks = [item.task for item in results if isinstance(item, Running)]
            await asyncio.shield(asyncio.gather(*tasks))
        return reply({"results": [_described(r) if isinstance(r, Running) else r for r in results]})

    async def _verify(self, request: web.Request) -> web.Response:
        order = await read_input(request, AccountName)
        return reply(await self._verifier.verify(self._world.account(order.account)))

    async def _lines(self, request: web.Request) -> web.Response:
        after = int(number(request, "after", default=0))
        wait = min(number(request, "wait", default=0), _MAX_WAIT_SECONDS)
        limit = min(int(number(request, "limit", default=_MAX_LINES)), _MAX_LINES)
        if wait > 0 and self._record.last <= after:
            try:
                async with asyncio.timeout(wait):
                    await self._record.grows_past(after)
            except TimeoutError:
                pass
        lines = await self._record.read(after=after, limit=limit)
        last = max(0, min(after, self._record.last)) + len(lines)
        text = b'{"lines":[' + b",".join(lines) + b'],"last":' + str(last).encode() + b"}"
        return web.Response(body=text, content_type="application/json", charset="utf-8")

    async def _list_faults(self, request: web.Request) -> web.Response:
        return reply({"faults": list(self._faults.describe())})

    async def _add_fault(self, request: web.Request) -> web.Response:
        return reply({"id": self._faults.add(await read_input(request, Fault))})

    async def _clear_faults(self, request: web.Request) -> web.Response:
        self._faults.clear()
        return reply({"ok": True})

    async def _remove_fault(self, request: web.Request) -> web.Response:
        identifier = request.match_info["id"]
        if not self._faults.remove(identifier):
            raise ControlError(404, f"没有编号为 {identifier} 的故障")
        return reply({"ok": True})


def _described(running: Running) -> dict[str, Any]:
    push = running.push
    return {"push": push.id, "message_key": push.key, "result": push.result, "shown": push.shown}
