"""Benefits over the API: the catalogue with stock and money, all owners side by side, and who claimed what."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Final

from pydantic import BaseModel, Field, StringConstraints

from bot.web.api.cursor import CursorForm
from bot.web.api.problem import NOT_FOUND, Refused
from bot.web.api.route import AnyRoute, Call, Id, Listing, NoBody, Page, Parameters, Route, cursor_field
from content.benefits import Eligibility
from content.rights import Permission
from handlers.benefits.office import BenefitOffice, Money, OwnerLine, Shelved, cost_per_claim, redeem_rate
from storage.benefit_list import Claim
from storage.benefit_stock import StockFigures
from storage.benefits import to_yuan
from storage.tables.benefits import UnitState

_LIST: Final = CursorForm(letter="b")
_CLAIMS: Final = CursorForm(letter="u")


class BenefitPath(Parameters):
    """One benefit."""

    benefit_id: Id = Field(description="Its number.", examples=[1])


class BenefitQuery(Listing):
    """Which page of the catalogue."""

    cursor: Annotated[str, StringConstraints(pattern=_LIST.pattern)] | None = cursor_field()


class ClaimQuery(Listing):
    """Which page of a benefit's claims."""

    benefit_id: Id = Field(description="The benefit's number.", examples=[1])
    cursor: Annotated[str, StringConstraints(pattern=_CLAIMS.pattern)] | None = cursor_field()


class ShownStock(BaseModel):
    """How many units are in each state; a count, so they always add up."""

    available: int
    reserved: int = Field(description="Held by a message that is on its way.")
    granted: int
    redeemed: int
    reversed: int
    expired: int


class ShownMoney(BaseModel):
    """Yuan, with two decimals."""

    spent: Decimal = Field(description="Cost of what was redeemed.")
    bound: Decimal = Field(description="Cost of what is reserved, granted or redeemed; never above the cap.")
    worth: Decimal = Field(description="What was redeemed is worth to customers.")


class ShownBenefit(BaseModel):
    """One benefit with its stock and its money."""

    id: int
    key: str = Field(description="The id that its author gave it.")
    title: str
    owner: str | None = Field(description="The branch that pays for it; null: head office.")
    supplier: str
    cost: Decimal = Field(description="Of one that is redeemed, in yuan.")
    value: Decimal
    valid_from: date | None
    valid_until: date | None
    valid_days: int | None
    eligibility: Eligibility
    guide: str
    per_person: int | None
    per_holder: int | None
    spend_cap: Decimal | None
    source: str = Field(description="`file`: benefits.yaml; `staff`.")
    is_open: bool
    stock: ShownStock
    money: ShownMoney
    redeem_rate: float | None = Field(description="Redeemed of all that were ever granted; null before the first.")
    cost_per_claim: Decimal | None


class BenefitPage(Page):
    """Benefits in the order of their numbers."""

    benefits: list[ShownBenefit]


class ShownOwner(BaseModel):
    """All benefits of one owner together."""

    owner: str | None = Field(description="A branch; null: head office.")
    benefits: int
    stock: ShownStock
    money: ShownMoney


class BenefitOverview(BaseModel):
    """Every owner of the scope and their sums."""

    owners: list[ShownOwner]
    benefits: int
    stock: ShownStock
    money: ShownMoney


class ShownClaim(BaseModel):
    """One unit that somebody was granted."""

    unit: int
    code: str | None = Field(description="Its last characters; null: the customer was erased.")
    state: UnitState
    customer_id: int | None = Field(description="null: beyond the key's scope, or it may not see customers.")
    granted_at: datetime
    expires_at: datetime | None
    redeemed_at: datetime | None
    redeemed_by: str | None
    redeemed_place: str | None


class ClaimPage(Page):
    """Claims, the last units first."""

    claims: list[ShownClaim]


class BenefitRoutes:
    """Reads benefits of the scope."""

    def __init__(self, office: BenefitOffice) -> None:
        self._office = office

    def routes(self) -> tuple[AnyRoute, ...]:
        """Return the routes."""
        read = Permission.BENEFITS_READ
        return (
            Route(
                method="GET",
                path="/benefits",
                name="listBenefits",
                summary="Benefits that the branches of the scope own, with stock and money",
                permission=read,
                parameters=BenefitQuery,
                body=NoBody,
                answer=BenefitPage,
                handle=self._list,
            ),
            Route(
                method="GET",
                path="/benefit-overview",
                name="getBenefitOverview",
                summary="Stock and money by owner, and their sums",
                permission=read,
                parameters=Parameters,
                body=NoBody,
                answer=BenefitOverview,
                handle=self._overview,
            ),
            Route(
                method="GET",
                path="/benefits/{benefit_id}",
                name="getBenefit",
                summary="One benefit",
                permission=read,
                parameters=BenefitPath,
                body=NoBody,
                answer=ShownBenefit,
                problems=(NOT_FOUND,),
                handle=self._get,
            ),
            Route(
                method="GET",
                path="/benefits/{benefit_id}/claims",
                name="listClaims",
                summary="Who was granted a benefit and what became of it, codes hidden; noted in the audit",
                permission=read,
                parameters=ClaimQuery,
                body=NoBody,
                answer=ClaimPage,
                problems=(NOT_FOUND,),
                handle=self._claims,
            ),
        )

    async def _list(self, call: Call[BenefitQuery, NoBody]) -> BenefitPage:
        asked = call.parameters
        after = None if asked.cursor is None else _LIST.decode(asked.cursor)[0]
        found = await self._office.page(call.viewer, limit=asked.limit, after=after)
        following = _LIST.encode(found[-1].benefit.id) if len(found) == asked.limit else None
        return BenefitPage(benefits=[shown_benefit(each) for each in found], next=following)

    async def _get(self, call: Call[BenefitPath, NoBody]) -> ShownBenefit:
        found = await self._office.one(call.viewer, call.parameters.benefit_id)
        if found is None:
            raise no_benefit(call.parameters.benefit_id)
        return shown_benefit(found)

    async def _overview(self, call: Call[Parameters, NoBody]) -> BenefitOverview:
        found = await self._office.overview(call.viewer)
        return BenefitOverview(
            owners=[_owner(each) for each in found.owners],
            benefits=found.benefits,
            stock=_stock(found.figures),
            money=_money(found.money),
        )

    async def _claims(self, call: Call[ClaimQuery, NoBody]) -> ClaimPage:
        asked = call.parameters
        before = None if asked.cursor is None else _CLAIMS.decode(asked.cursor)[0]
        found = await self._office.claims(call.viewer, asked.benefit_id, limit=asked.limit, before=before)
        if found is None:
            raise no_benefit(asked.benefit_id)
        following = _CLAIMS.encode(found[-1].unit_id) if len(found) == asked.limit else None
        return ClaimPage(claims=[_claim(each) for each in found], next=following)


def no_benefit(number: int) -> Refused:
    """Return the problem of a benefit that is not there, or not in the scope: nothing tells which."""
    return Refused(NOT_FOUND, f"there is no benefit {number} in your scope")


def shown_benefit(found: Shelved) -> ShownBenefit:
    """Return a benefit as it is answered."""
    row = found.benefit
    return ShownBenefit(
        id=row.id,
        key=row.key,
        title=row.title,
        owner=row.branch,
        supplier=row.supplier,
        cost=to_yuan(row.cost),
        value=to_yuan(row.value),
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        valid_days=row.valid_days,
        eligibility=row.eligibility,
        guide=row.guide,
        per_person=row.per_person,
        per_holder=row.per_holder,
        spend_cap=None if row.spend_cap is None else to_yuan(row.spend_cap),
        source=row.source,
        is_open=row.is_open,
        stock=_stock(found.figures),
        money=_money(found.money),
        redeem_rate=redeem_rate(found.figures),
        cost_per_claim=cost_per_claim(found.figures, found.money),
    )


def _owner(line: OwnerLine) -> ShownOwner:
    return ShownOwner(owner=line.owner, benefits=line.benefits, stock=_stock(line.figures), money=_money(line.money))


def _stock(figures: StockFigures) -> ShownStock:
    return ShownStock(**{state.value: getattr(figures, state.value) for state in UnitState})


def _money(money: Money) -> ShownMoney:
    return ShownMoney(spent=money.spent, bound=money.bound, worth=money.worth)


def _claim(claim: Claim) -> ShownClaim:
    return ShownClaim(
        unit=claim.unit_id,
        code=claim.code,
        state=claim.state,
        customer_id=claim.customer_id,
        granted_at=claim.granted_at,
        expires_at=claim.expires_at,
        redeemed_at=claim.redeemed_at,
        redeemed_by=claim.redeemed_by,
        redeemed_place=claim.redeemed_place,
    )
