"""Keeping benefits over the API: making one, its stock and codes, opening and closing it; twice is as once."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from bot.web.api.benefits import BenefitPath, ShownBenefit, no_benefit, shown_benefit
from bot.web.api.problem import BENEFIT_TAKEN, NOT_FOUND, Refused, invalid
from bot.web.api.route import AnyRoute, Body, Call, Parameters, Route
from content.benefit_codes import LONGEST
from content.benefits import Benefit
from content.rights import Permission
from handlers.benefits.office import BenefitOffice
from storage.benefits import BenefitTaken, NoSuchBranch
from storage.viewer import Viewer

#: Codes of one call: with these a body is never too large.
MOST_CODES: Final = 900
#: Units that a benefit may have, and that one call makes.
MOST_UNITS: Final = 1_000_000
_AT_ONCE: Final = 2_000


class NewBenefit(Benefit, Body):
    """A benefit as it is authored (docs/benefits.md)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"id": "dentist", "title": "洗牙", "supplier": "安康口腔", "cost": "80.00", "guide": "提前预约。"}
            ]
        }
    )


class OpenBenefit(Body):
    """Whether it can be claimed."""

    on: bool = Field(examples=[True])


class NewStock(Body):
    """How many there should be."""

    total: int = Field(
        ge=0,
        le=MOST_UNITS,
        description="Codes are made until so many units were ever put in, 2,000 a call.",
        examples=[5],
    )


class NewCodes(Body):
    """A supplier's own codes."""

    codes: list[Annotated[str, StringConstraints(max_length=LONGEST)]] = Field(
        min_length=1,
        max_length=MOST_CODES,
        description="4 to 64 letters, digits and . _ / -; each is used once.",
        examples=[["AK-2026-0002"]],
    )


class Raised(BaseModel):
    """What was made."""

    made: int
    benefit: ShownBenefit


class PutInCodes(BaseModel):
    """What became of the codes, by their places from 1."""

    added: int
    known: list[int] = Field(description="They were there before, of this benefit or another, or stood further up.")
    bad: list[int] = Field(description="They are no codes.")


class BenefitStockRoutes:
    """Changes benefits of the scope, each with a row in the audit."""

    def __init__(self, office: BenefitOffice) -> None:
        self._office = office

    def routes(self) -> tuple[AnyRoute, ...]:
        """Return the routes."""
        write, one = Permission.BENEFITS_WRITE, "/benefits/{benefit_id}"
        return (
            Route(
                method="POST",
                path="/benefits",
                name="createBenefit",
                summary="Put a benefit into the catalogue; the very same once more changes nothing",
                permission=write,
                parameters=Parameters,
                body=NewBenefit,
                answer=ShownBenefit,
                problems=(BENEFIT_TAKEN,),
                handle=self._make,
            ),
            Route(
                method="PUT",
                path=f"{one}/open",
                name="openBenefit",
                summary="Let a benefit be claimed, or no more; what was granted stays",
                permission=write,
                parameters=BenefitPath,
                body=OpenBenefit,
                answer=ShownBenefit,
                problems=(NOT_FOUND,),
                handle=self._open,
            ),
            Route(
                method="PUT",
                path=f"{one}/stock",
                name="raiseStock",
                summary="Make codes until so many units were ever put in",
                permission=write,
                parameters=BenefitPath,
                body=NewStock,
                answer=Raised,
                problems=(NOT_FOUND,),
                handle=self._raise,
            ),
            Route(
                method="POST",
                path=f"{one}/codes",
                name="importCodes",
                summary="Put a supplier's codes in; those that were ever there are not put in again",
                permission=write,
                parameters=BenefitPath,
                body=NewCodes,
                answer=PutInCodes,
                problems=(NOT_FOUND,),
                handle=self._import,
            ),
        )

    async def _make(self, call: Call[Parameters, NewBenefit]) -> ShownBenefit:
        try:
            row = await self._office.make(call.viewer, Benefit.model_validate(call.body.model_dump()))
        except NoSuchBranch as error:
            raise invalid(("body", "owner", str(error))) from None
        except BenefitTaken as error:
            raise Refused(BENEFIT_TAKEN, str(error)) from None
        return await self._shown(call.viewer, row.id)

    async def _open(self, call: Call[BenefitPath, OpenBenefit]) -> ShownBenefit:
        number = call.parameters.benefit_id
        if not await self._office.open(call.viewer, number, on=call.body.on):
            raise no_benefit(number)
        return await self._shown(call.viewer, number)

    async def _raise(self, call: Call[BenefitPath, NewStock]) -> Raised:
        number = call.parameters.benefit_id
        made = await self._office.raise_stock(call.viewer, number, call.body.total, most=_AT_ONCE)
        if made is None:
            raise no_benefit(number)
        return Raised(made=made, benefit=await self._shown(call.viewer, number))

    async def _import(self, call: Call[BenefitPath, NewCodes]) -> PutInCodes:
        number = call.parameters.benefit_id
        found = await self._office.import_codes(call.viewer, number, call.body.codes)
        if found is None:
            raise no_benefit(number)
        return PutInCodes(added=found.added, known=list(found.known), bad=list(found.bad))

    async def _shown(self, viewer: Viewer, number: int) -> ShownBenefit:
        found = await self._office.changed(viewer, number)
        if found is None:
            raise no_benefit(number)
        return shown_benefit(found)
