"""Benefits: the catalogue with stock and money, one of them with its claims, and the forms that keep them."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web
from pydantic import ValidationError

from bot.web.console.forgery import form_field
from bot.web.console.pages import ROOT, Page
from bot.web.console.visit import Visit
from content.benefits import Benefit
from content.rights import Permission
from handlers.benefits.office import BenefitOffice, Overview, Shelved, cost_per_claim, redeem_rate
from storage.benefits import BenefitTaken, NoSuchBranch, to_yuan

_ON_A_PAGE: Final = 50
_CLAIMS: Final = 30
#: Benefits that the chart shows, and the longest list of codes that is pasted.
_CHARTED: Final = 12
_LONGEST: Final = 60_000
_MOST_UNITS: Final = 100_000
#: Fields of the form whose empty text means that nothing is said.
_PLAIN: Final = ("id", "title", "owner", "supplier", "cost", "value", "valid_from", "valid_until", "guide", "spend_cap")
_NUMBERS: Final = ("valid_days", "per_person", "per_holder")
_NOTES: Final = frozenset({"made", "stocked", "imported", "opened", "closed"})


class BenefitPages:
    """Shows benefits of the scope and takes what is changed of them."""

    def __init__(self, office: BenefitOffice) -> None:
        self._office = office

    def pages(self) -> list[Page]:
        """Return them."""
        read, write, one = Permission.BENEFITS_READ, Permission.BENEFITS_WRITE, "/benefits/{benefit}"
        title = "benefits.title"
        return [
            Page(path="/benefits", permission=read, handler=self._list, title=title, icon="gift"),
            Page(path="/benefits", permission=write, handler=self._make, title="benefits.make", method="POST"),
            Page(path=one, permission=read, handler=self._one, title=title),
            Page(path=f"{one}/stock", permission=write, handler=self._stock, title="benefits.raise", method="POST"),
            Page(path=f"{one}/codes", permission=write, handler=self._codes, title="benefits.import", method="POST"),
            Page(path=f"{one}/open", permission=write, handler=self._open, title="benefits.switch", method="POST"),
        ]

    async def _list(self, visit: Visit) -> web.StreamResponse:
        return await list_page(visit, self._office, after=visit.query_number("after"))

    async def _make(self, visit: Visit) -> web.StreamResponse:
        given = {name: await _lines(visit, name) for name in (*_PLAIN, *_NUMBERS, "consent", "bound_policy")}
        try:
            row = await self._office.make(visit.viewer, _read(given))
        except ValidationError as error:
            fields = "、".join(sorted({str(each["loc"][0]) if each["loc"] else "–" for each in error.errors()}))
            problem = visit.words("benefits.invalid", fields=fields)
            return await list_page(visit, self._office, status=422, problem=problem, given=given)
        except NoSuchBranch:
            problem = visit.words("benefits.no_branch")
            return await list_page(visit, self._office, status=422, problem=problem, given=given)
        except BenefitTaken:
            problem = visit.words("benefits.taken")
            return await list_page(visit, self._office, status=409, problem=problem, given=given)
        return visit.redirect(f"{ROOT}/benefits/{row.id}?told=made")

    async def _one(self, visit: Visit) -> web.StreamResponse:
        told = visit.query("told")
        note = visit.words(f"benefits.is_{told}") if told in _NOTES else None
        return await self._page(visit, note=note, before=visit.query_number("before"))

    async def _stock(self, visit: Visit) -> web.StreamResponse:
        number, text = visit.path_number("benefit"), await _line(visit, "total")
        await self._seen(visit)
        if not (text.isascii() and text.isdigit() and len(text) <= 6 and int(text) <= _MOST_UNITS):
            return await self._page(visit, status=422, problem=visit.words("benefits.no_number", most=_MOST_UNITS))
        await self._office.raise_stock(visit.viewer, number, int(text))
        return visit.redirect(f"{ROOT}/benefits/{number}?told=stocked")

    async def _codes(self, visit: Visit) -> web.StreamResponse:
        number = visit.path_number("benefit")
        await self._seen(visit)
        codes = (await form_field(visit.request, "codes"))[:_LONGEST].split()
        found = await self._office.import_codes(visit.viewer, number, codes) if codes else None
        if found is None:
            return await self._page(visit, status=422, problem=visit.words("benefits.no_codes"))
        if found.bad or found.known:
            slots = {"added": found.added, "bad": len(found.bad), "known": len(found.known)}
            return await self._page(visit, status=422, problem=visit.words("benefits.not_all", **slots))
        return visit.redirect(f"{ROOT}/benefits/{number}?told=imported")

    async def _open(self, visit: Visit) -> web.StreamResponse:
        number, on = visit.path_number("benefit"), await form_field(visit.request, "on") == "1"
        if not await self._office.open(visit.viewer, number, on=on):
            raise web.HTTPNotFound
        return visit.redirect(f"{ROOT}/benefits/{number}?told={'opened' if on else 'closed'}")

    async def _seen(self, visit: Visit) -> None:
        """Raise HTTPNotFound unless the benefit lies in the scope."""
        if await self._office.changed(visit.viewer, visit.path_number("benefit")) is None:
            raise web.HTTPNotFound

    async def _page(self, visit: Visit, *, status: int = 200, before: int | None = None, **told: Any) -> web.Response:
        number = visit.path_number("benefit")
        shelved = await self._office.one(visit.viewer, number)
        if shelved is None:
            raise web.HTTPNotFound
        claims = await self._office.claims(visit.viewer, number, limit=_CLAIMS + 1, before=before) or []
        return visit.page(
            "benefit.html",
            status=status,
            shelved=shelved,
            money=_money(shelved),
            days=await self._office.days(visit.viewer, number),
            claims=claims[:_CLAIMS],
            following=claims[_CLAIMS - 1].unit_id if len(claims) > _CLAIMS else None,
            is_first=before is None,
            may_write=visit.viewer.may(Permission.BENEFITS_WRITE),
            **{"note": None, "problem": None, **told},
        )


async def list_page(
    visit: Visit, office: BenefitOffice, *, status: int = 200, after: int | None = None, **told: Any
) -> web.Response:
    """Return the catalogue with what is told above it."""
    found = await office.page(visit.viewer, limit=_ON_A_PAGE + 1, after=after)
    overview: Overview = await office.overview(visit.viewer)
    shown = found[:_ON_A_PAGE]
    return visit.page(
        "benefits.html",
        status=status,
        shelf=[(each, _money(each)) for each in shown],
        charted=shown[:_CHARTED],
        overview=overview,
        is_first=after is None,
        following=shown[-1].benefit.id if len(found) > _ON_A_PAGE else None,
        may_write=visit.viewer.may(Permission.BENEFITS_WRITE),
        may_redeem=visit.viewer.may(Permission.BENEFITS_REDEEM),
        **{"note": None, "problem": None, "given": {}, **told},
    )


def _money(shelved: Shelved) -> dict[str, str | None]:
    """Return figures as they are written."""
    rate, cost = redeem_rate(shelved.figures), cost_per_claim(shelved.figures, shelved.money)
    return {
        "cost": f"{to_yuan(shelved.benefit.cost):,}",
        "spent": f"{shelved.money.spent:,}",
        "bound": f"{shelved.money.bound:,}",
        "worth": f"{shelved.money.worth:,}",
        "rate": None if rate is None else f"{rate:.0%}",
        "per_claim": None if cost is None else f"{cost:,}",
        "cap": None if shelved.benefit.spend_cap is None else f"{to_yuan(shelved.benefit.spend_cap):,}",
    }


def _read(given: dict[str, str]) -> Benefit:
    """Return what a form says. Raises ValidationError."""
    said: dict[str, Any] = {name: given[name] for name in _PLAIN if given[name]}
    # An empty limit is no limit; an empty day is none.
    said |= {name: given[name] or None for name in _NUMBERS}
    said["eligibility"] = {
        "consents": ["marketing"] if given["consent"] else [],
        "bound_policy": bool(given["bound_policy"]),
    }
    return Benefit.model_validate(said)


async def _line(visit: Visit, name: str) -> str:
    text = await form_field(visit.request, name)
    return "".join(char for char in text if char.isprintable())[:200].strip()


async def _lines(visit: Visit, name: str) -> str:
    """Return a field of the form without control characters but line ends."""
    text = (await form_field(visit.request, name)).replace("\r\n", "\n")
    return "".join(char for char in text if char.isprintable() or char == "\n")[:1000].strip()
