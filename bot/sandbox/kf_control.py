"""The part of the control API where servicers of WeChat customer service act, as they do in WeCom."""

from __future__ import annotations

import asyncio

from aiohttp import web

from bot.sandbox.control_json import read_input, reply
from bot.sandbox.kf_stage import KfStage, ServicerAct


class KfControl:
    """POST /sandbox/kf/servicer."""

    def __init__(self, stage: KfStage) -> None:
        self._stage = stage

    def routes(self) -> list[web.RouteDef]:
        """Return the route."""
        return [web.post("/sandbox/kf/servicer", self._serve)]

    async def _serve(self, request: web.Request) -> web.Response:
        order = await read_input(request, ServicerAct)
        running = self._stage.serve(order)
        if order.wait:
            await asyncio.shield(running.task)
        push = running.push
        return reply({"push": push.id, "message_key": push.key, "result": push.result})
