"""Liveness (the loop turns) and readiness (each part can do its work)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

Check = Callable[[], Awaitable[None]]


class HealthPages:
    """`/health/live` and `/health/ready`; a check raises what is wrong."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks

    async def live(self, _request: web.Request) -> web.Response:
        """Answer as long as the event loop turns."""
        return web.json_response({"status": "live"})

    async def ready(self, _request: web.Request) -> web.Response:
        """Ask every part; 503 names those that cannot work."""
        problems = {}
        for name, check in self._checks.items():
            try:
                await check()
            except Exception as error:  # noqa: BLE001 - whatever a part says is what the operator must read
                problems[name] = str(error)
        if problems:
            return web.json_response({"status": "not ready", "problems": problems}, status=503)
        return web.json_response({"status": "ready"})
