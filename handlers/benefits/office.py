"""Benefits as staff keep them: catalogue, stock, claims and money, each within the scope."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from content.benefit_codes import is_code, make_code
from content.benefits import Benefit
from content.local_time import ZONE, local
from content.rights import Permission
from content.value import value
from handlers.clock import Clock
from handlers.people.rights import require
from storage.audit import Audit, Deed
from storage.benefit_list import Claim, ClaimList
from storage.benefit_rows import BenefitRow
from storage.benefit_stock import BenefitStock, StockFigures
from storage.benefits import Benefits, to_yuan
from storage.viewer import Viewer

#: Benefits that an overview adds up; a catalogue has some dozens.
MOST: Final = 10_000
#: Codes that are written in one transaction: nothing else is written meanwhile.
_CHUNK: Final = 2_000
#: Days that a chart shows.
_DAYS: Final = 30
_CENT: Final = Decimal("0.01")


@value
class Money:
    """What a benefit costs and gives, in yuan."""

    #: Of what was redeemed: suppliers are paid for that.
    spent: Decimal
    #: With what is reserved and granted and may still be used; the spend cap is a limit on this.
    bound: Decimal
    #: What was redeemed is worth to those who did.
    worth: Decimal


@value
class Shelved:
    """A benefit with its stock and its money."""

    benefit: BenefitRow
    figures: StockFigures
    money: Money


@value
class OwnerLine:
    """All benefits of one owner together. `owner`: a branch's code, None: head office."""

    owner: str | None
    benefits: int
    figures: StockFigures
    money: Money


@value
class Overview:
    """Every owner of the scope, and all together: the sums of the parts."""

    owners: tuple[OwnerLine, ...]
    benefits: int
    figures: StockFigures
    money: Money


@value
class Imported:
    """What became of a list of codes; places count from 1, as lines of a file do."""

    added: int
    #: Was there before, or stood further up.
    known: tuple[int, ...]
    #: Is no code.
    bad: tuple[int, ...]


class BenefitOffice:
    """The one way for console, API and command line. Each method raises Forbidden."""

    def __init__(
        self,
        *,
        catalogue: Benefits,
        stock: BenefitStock,
        claims: ClaimList,
        audit: Audit,
        clock: Clock,
        draw: Callable[[int], int] = secrets.randbelow,
    ) -> None:
        """`draw(n)`: a number below n that nobody can guess."""
        self._catalogue = catalogue
        self._stock = stock
        self._claims = claims
        self._audit = audit
        self._clock = clock
        self._draw = draw

    async def page(self, viewer: Viewer, *, limit: int, after: int | None = None) -> list[Shelved]:
        """Return benefits of the scope in the order of their numbers."""
        require(viewer, Permission.BENEFITS_READ)
        return await self._shelved(await self._catalogue.page(viewer=viewer, limit=limit, after=after))

    async def one(self, viewer: Viewer, benefit_id: int) -> Shelved | None:
        """Return one benefit of the scope."""
        require(viewer, Permission.BENEFITS_READ)
        found = await self._catalogue.get(benefit_id, viewer=viewer)
        return None if found is None else (await self._shelved([found]))[0]

    async def changed(self, viewer: Viewer, benefit_id: int) -> Shelved | None:
        """Return a benefit that the viewer has just changed, as it is now."""
        require(viewer, Permission.BENEFITS_WRITE)
        found = await self._catalogue.get(benefit_id, viewer=viewer)
        return None if found is None else (await self._shelved([found]))[0]

    async def named(self, viewer: Viewer, key: str) -> Shelved | None:
        """Return one benefit of the scope by the id that its author gave it."""
        require(viewer, Permission.BENEFITS_READ)
        found = await self._catalogue.by_key(key, viewer=viewer)
        return None if found is None else (await self._shelved([found]))[0]

    async def overview(self, viewer: Viewer) -> Overview:
        """Return all owners of the scope side by side; head office first, then by the branches' codes."""
        found = await self.page(viewer, limit=MOST)
        by_owner: dict[str | None, list[Shelved]] = {}
        for each in found:
            by_owner.setdefault(each.benefit.branch, []).append(each)
        owners = tuple(
            OwnerLine(owner=owner, benefits=len(mine), figures=_stock_of(mine), money=_money_of(mine))
            for owner, mine in sorted(by_owner.items(), key=lambda item: (item[0] is not None, item[0] or ""))
        )
        return Overview(owners=owners, benefits=len(found), figures=_stock_of(found), money=_money_of(found))

    async def days(self, viewer: Viewer, benefit_id: int) -> list[tuple[date, int, int]]:
        """Return how many were claimed and redeemed on each of the last days, today included."""
        require(viewer, Permission.BENEFITS_READ)
        today = local(self._clock.now()).date()
        days = [today - timedelta(days=back) for back in reversed(range(_DAYS))]
        if await self._catalogue.get(benefit_id, viewer=viewer) is None:
            return [(day, 0, 0) for day in days]
        since = datetime.combine(days[0], time.min, tzinfo=ZONE)
        claimed, redeemed = await self._stock.by_day(benefit_id, since=since)
        return [(day, claimed.get(day, 0), redeemed.get(day, 0)) for day in days]

    async def claims(
        self, viewer: Viewer, benefit_id: int, *, limit: int, before: int | None = None
    ) -> list[Claim] | None:
        """Return who claimed a benefit of the scope, codes hidden, noted in the audit; None when there is none.

        Customers are named to those who may see them.
        """
        require(viewer, Permission.BENEFITS_READ)
        if await self._catalogue.get(benefit_id, viewer=viewer) is None:
            return None
        deed = Deed(action="listed", subject="benefit_claims", subject_id=benefit_id)
        await self._audit.note(viewer, deed, now=self._clock.now())
        found = await self._claims.page(benefit_id, viewer=viewer, limit=limit, before=before)
        if viewer.may(Permission.CUSTOMERS_READ):
            return found
        return [replace(each, customer_id=None) for each in found]

    async def make(self, viewer: Viewer, benefit: Benefit) -> BenefitRow:
        """Put a benefit into the catalogue. Raises NoSuchBranch and BenefitTaken."""
        require(viewer, Permission.BENEFITS_WRITE)
        return await self._catalogue.make(benefit, viewer=viewer, now=self._clock.now())

    async def open(self, viewer: Viewer, benefit_id: int, *, on: bool) -> bool:
        """Let a benefit be claimed, or no more; False when there is none in the scope."""
        require(viewer, Permission.BENEFITS_WRITE)
        return await self._catalogue.open(benefit_id, on=on, viewer=viewer, now=self._clock.now())

    async def raise_stock(self, viewer: Viewer, benefit_id: int, total: int, *, most: int | None = None) -> int | None:
        """Make codes until so many units were ever put in; return how many were made, None without such a benefit.

        `most`: so many at once at most; what is missing is made when it is asked for again.
        """
        require(viewer, Permission.BENEFITS_WRITE)
        found = await self._catalogue.get(benefit_id, viewer=viewer)
        if found is None:
            return None
        there = (await self._stock.figures([benefit_id]))[benefit_id].total
        total = total if most is None else min(total, there + most)
        made = 0
        for step in range(min(there + _CHUNK, total), total + _CHUNK, _CHUNK):
            added = await self._stock.raise_to(
                benefit_id, min(step, total), self._make, viewer=viewer, now=self._clock.now()
            )
            made += added or 0
        return made

    async def import_codes(self, viewer: Viewer, benefit_id: int, codes: Sequence[str]) -> Imported | None:
        """Put a supplier's codes in, each once; None without such a benefit. The same list again adds nothing."""
        require(viewer, Permission.BENEFITS_WRITE)
        if await self._catalogue.get(benefit_id, viewer=viewer) is None:
            return None
        stripped = [code.strip() for code in codes]
        good = [(place, code) for place, code in enumerate(stripped, start=1) if is_code(code)]
        bad = tuple(place for place, code in enumerate(stripped, start=1) if not is_code(code))
        added, known = 0, []
        for first in range(0, len(good), _CHUNK):
            some = good[first : first + _CHUNK]
            put = await self._stock.put_in(benefit_id, [code for _, code in some], viewer=viewer, now=self._clock.now())
            if put is not None:
                added += put.added
                known += [some[index][0] for index in put.known]
        return Imported(added=added, known=tuple(known), bad=bad)

    def _make(self) -> str:
        return make_code(self._draw)

    async def _shelved(self, found: Sequence[BenefitRow]) -> list[Shelved]:
        figures = await self._stock.figures([benefit.id for benefit in found]) if found else {}
        return [Shelved(benefit=each, figures=figures[each.id], money=_money(each, figures[each.id])) for each in found]


def redeem_rate(figures: StockFigures) -> float | None:
    """Return which part of what was claimed was used; None while nothing was claimed."""
    return None if figures.claimed == 0 else figures.redeemed / figures.claimed


def cost_per_claim(figures: StockFigures, money: Money) -> Decimal | None:
    """Return what was spent a claim, in yuan to the cent; None while nothing was claimed."""
    if figures.claimed == 0:
        return None
    return (money.spent / figures.claimed).quantize(_CENT, rounding=ROUND_HALF_UP)


def _money(benefit: BenefitRow, figures: StockFigures) -> Money:
    bound = figures.reserved + figures.granted + figures.redeemed
    return Money(
        spent=to_yuan(benefit.cost * figures.redeemed),
        bound=to_yuan(benefit.cost * bound),
        worth=to_yuan(benefit.value * figures.redeemed),
    )


def _stock_of(found: Sequence[Shelved]) -> StockFigures:
    total = StockFigures()
    for each in found:
        total = total + each.figures
    return total


def _money_of(found: Sequence[Shelved]) -> Money:
    nothing = to_yuan(0)
    return Money(
        spent=sum((each.money.spent for each in found), nothing),
        bound=sum((each.money.bound for each in found), nothing),
        worth=sum((each.money.worth for each in found), nothing),
    )
