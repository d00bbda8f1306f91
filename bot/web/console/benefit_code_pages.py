"""The supplier's desk in the console: a code is redeemed, taken back, ended or exchanged; it stands in no address."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from bot.web.console.benefit_pages import list_page
from bot.web.console.forgery import form_field
from bot.web.console.pages import ROOT, Page
from bot.web.console.visit import Visit
from content.local_time import local
from content.rights import Permission
from handlers.benefits.counter import BenefitCounter
from handlers.benefits.office import BenefitOffice
from storage.benefit_moves import Exchanged, Moved, Turned
from storage.benefit_reserving import Refusal

_LONGEST: Final = 100


class BenefitCodePages:
    """Takes the forms; what was done or why not stands above the catalogue."""

    def __init__(self, counter: BenefitCounter, office: BenefitOffice) -> None:
        self._counter = counter
        self._office = office

    def pages(self) -> list[Page]:
        """Return them."""
        redeem, write, post = Permission.BENEFITS_REDEEM, Permission.BENEFITS_WRITE, "POST"
        root, title = "/benefit-codes", "benefits.codes"
        return [
            Page(path=f"{root}/redeem", permission=redeem, handler=self._redeem, title=title, method=post),
            Page(path=f"{root}/reverse", permission=redeem, handler=self._reverse, title=title, method=post),
            Page(path=f"{root}/expire", permission=write, handler=self._expire, title=title, method=post),
            Page(path=f"{root}/exchange", permission=write, handler=self._exchange, title=title, method=post),
        ]

    async def _redeem(self, visit: Visit) -> web.StreamResponse:
        code, place = await _field(visit, "code"), await _field(visit, "place")
        if not code or not place:
            return await self._told(visit, 422, "benefits.incomplete")
        return await self._moved(visit, await self._counter.redeem(visit.viewer, code, place=place))

    async def _reverse(self, visit: Visit) -> web.StreamResponse:
        code, reason = await _field(visit, "code"), await _field(visit, "why")
        if not code or not reason:
            return await self._told(visit, 422, "benefits.incomplete")
        return await self._moved(visit, await self._counter.reverse(visit.viewer, code, reason=reason))

    async def _expire(self, visit: Visit) -> web.StreamResponse:
        code, reason = await _field(visit, "code"), await _field(visit, "why")
        if not code or not reason:
            return await self._told(visit, 422, "benefits.incomplete")
        return await self._moved(visit, await self._counter.expire(visit.viewer, code, reason=reason))

    async def _exchange(self, visit: Visit) -> web.StreamResponse:
        code, key = await _field(visit, "code"), await _field(visit, "benefit")
        if not code or not key:
            return await self._told(visit, 422, "benefits.incomplete")
        found = await self._counter.exchange(visit.viewer, code, key)
        if isinstance(found, Refusal):
            return await self._told(visit, 409, f"benefit_refusals.{found.value}")
        if isinstance(found, Exchanged):
            return await self._told(visit, 200, "benefits.is_exchanged", title=found.new.benefit.title)
        return await self._moved(visit, found)

    async def _moved(self, visit: Visit, found: Moved | None) -> web.StreamResponse:
        if found is None:
            return await self._told(visit, 404, "benefits.no_code")
        unit = found.unit
        if found.turned is Turned.REDEEMED and unit.redeemed_at is not None:
            when, place = f"{local(unit.redeemed_at):%Y-%m-%d %H:%M}", unit.redeemed_place or ""
            return await self._told(visit, 409, "benefits.was_redeemed", when=when, place=place)
        if found.turned is not None:
            return await self._told(visit, 409, f"benefits.was_{found.turned.value}")
        return await self._told(visit, 200, f"benefits.is_{unit.state.value}", title=found.benefit.title)

    async def _told(self, visit: Visit, status: int, key: str, **slots: str) -> web.StreamResponse:
        """Answer with the catalogue, or without it lead back to the start: who redeems may not see the catalogue."""
        words = visit.words(key, **slots)
        if not visit.viewer.may(Permission.BENEFITS_READ):
            return visit.redirect(ROOT)
        if status == 200:
            return await list_page(visit, self._office, note=words)
        return await list_page(visit, self._office, status=status, problem=words)


async def _field(visit: Visit, name: str) -> str:
    text = await form_field(visit.request, name)
    return "".join(char for char in text if char.isprintable())[:_LONGEST].strip()
