"""Erasures with their reports, and what compliance does with one customer: export, hold, release, erase."""

from __future__ import annotations

import json
from typing import Final

from aiohttp import web

from bot.web.console.forgery import form_field
from bot.web.console.pages import ROOT, Page
from bot.web.console.visit import Visit
from content.rights import Permission
from handlers.privacy.wishes import ReasonMissing, Wishes
from storage.errors import OutOfScope

_ON_A_PAGE: Final = 30
_LONGEST: Final = 500


class PrivacyPages:
    """Shows the list; the forms stand on the customer's page."""

    def __init__(self, wishes: Wishes) -> None:
        self._wishes = wishes

    def pages(self) -> list[Page]:
        """Return them."""
        read, write, one = Permission.PRIVACY_READ, Permission.PRIVACY_WRITE, "/customers/{customer}"
        title = "privacy.title"
        return [
            Page(path="/privacy", permission=read, handler=self._list, title=title, icon="shield"),
            Page(path=f"{one}/export", permission=write, handler=self._export, title="privacy.export"),
            Page(path=f"{one}/erase", permission=write, handler=self._erase, title="privacy.erase", method="POST"),
            Page(path=f"{one}/hold", permission=write, handler=self._hold, title="privacy.hold", method="POST"),
            Page(
                path=f"{one}/release", permission=write, handler=self._release, title="privacy.release", method="POST"
            ),
        ]

    async def _list(self, visit: Visit) -> web.StreamResponse:
        before = visit.query_number("before")
        found = await self._wishes.erasures(visit.viewer, limit=_ON_A_PAGE + 1, before=before)
        shown = found[:_ON_A_PAGE]
        return visit.page(
            "privacy.html",
            erasures=shown,
            is_first=before is None,
            following=shown[-1].id if len(found) > _ON_A_PAGE else None,
        )

    async def _export(self, visit: Visit) -> web.StreamResponse:
        number = visit.path_number("customer")
        found = await self._wishes.export(visit.viewer, number)
        if found is None:
            raise web.HTTPNotFound
        return web.Response(
            body=json.dumps(found, ensure_ascii=False, indent=2).encode("utf-8", "replace"),
            content_type="application/json",
            headers={"Content-Disposition": f'attachment; filename="customer-{number}.json"'},
        )

    async def _erase(self, visit: Visit) -> web.StreamResponse:
        number = visit.path_number("customer")
        try:
            await self._wishes.erase(visit.viewer, number, await _reason(visit))
        except ReasonMissing:
            return _back(visit, number, "no_reason")
        except OutOfScope:
            raise web.HTTPNotFound from None
        return _back(visit, number, "erasing")

    async def _hold(self, visit: Visit) -> web.StreamResponse:
        number = visit.path_number("customer")
        try:
            await self._wishes.hold(visit.viewer, number, await _reason(visit))
        except ReasonMissing:
            return _back(visit, number, "no_reason")
        except OutOfScope:
            raise web.HTTPNotFound from None
        return _back(visit, number, "held")

    async def _release(self, visit: Visit) -> web.StreamResponse:
        number = visit.path_number("customer")
        try:
            await self._wishes.release(visit.viewer, number, await _reason(visit))
        except ReasonMissing:
            return _back(visit, number, "no_reason")
        except OutOfScope:
            raise web.HTTPNotFound from None
        return _back(visit, number, "released")


def _back(visit: Visit, number: int, told: str) -> web.Response:
    """Lead back to the customer's page, which says what was done in words of its own."""
    return visit.redirect(f"{ROOT}/customers/{number}?told={told}")


async def _reason(visit: Visit) -> str:
    text = await form_field(visit.request, "reason")
    return "".join(char for char in text if char.isprintable())[:_LONGEST]
