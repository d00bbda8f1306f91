"""The insurer's REST service of policies over the same two holders; it can be slow, down, or answer nonsense."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import web

SECRET: Final = "s3cret-of-the-service"
_HOLDERS: Final[dict[str, dict[str, str]]] = {
    "H1": {"holder": "H1", "phone": "13900001234"},
    "H2": {"holder": "H2", "phone": ""},
}
_CLAIMS: Final = {("林晓燕", "P20260001", "01234X"): "H1", ("林晓燕", "P20260002", "01234X"): "H1"}
_H1: Final[dict[str, Any]] = {
    "as_of": "2026-05-04T09:00:00+08:00",
    "policies": [
        {
            "number": "P20260001",
            "product": "安和长护重疾险",
            "insured": "林小宝",
            "status": "有效",
            "start": "2024-03-01",
            "end": "2074-03-01",
            "premium": "12000.00",
            "paid_until": "2026-03-01",
            "next_due": "2027-03-01",
            "sum_insured": "500000",
        },
        {
            "number": "P20260002",
            "product": "安和医疗险",
            "insured": "林晓燕",
            "status": "有效",
            "start": "2026-01-01",
            "end": "2026-12-31",
            "premium": "860.5",
            "callback_due": "2026-05-16",
        },
    ],
    "cases": [
        {
            "number": "C77001",
            "kind": "理赔",
            "step": "资料审核中",
            "since": "2026-04-28",
            "next_step": "等待医院病历",
        }
    ],
}
Trouble = Callable[[], Awaitable[web.StreamResponse | None]]


class PolicyService:
    """Serve `application()`; `trouble` is asked before each answer and may give another one."""

    def __init__(self) -> None:
        self.trouble: Trouble | None = None
        self.asked = 0

    def application(self) -> web.Application:
        """Return its web application."""
        app = web.Application()
        app.router.add_post("/holders/find", self._find)
        app.router.add_post("/holders/get", self._get)
        app.router.add_post("/holders/policies", self._policies)
        return app

    async def _find(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        found = _CLAIMS.get((body["name"], body["policy"], body["id_tail"]))
        return await self._answer(request, None if found is None else _HOLDERS[found])

    async def _get(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, _HOLDERS.get((await request.json())["holder"]))

    async def _policies(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, _H1 if (await request.json())["holder"] == "H1" else None)

    async def _answer(self, request: web.Request, answer: dict[str, Any] | None) -> web.StreamResponse:
        self.asked += 1
        if request.headers.get("Authorization") != f"Bearer {SECRET}":
            return web.Response(status=401)
        other = await self.trouble() if self.trouble is not None else None
        if other is not None:
            return other
        return web.Response(status=404) if answer is None else web.json_response(answer)
