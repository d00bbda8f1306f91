"""A supplier's desk over the API: a code is redeemed, taken back, ended or exchanged, each once."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, NoReturn

from pydantic import BaseModel, Field, StringConstraints

from bot.web.api.problem import ALREADY_REDEEMED, BENEFIT_REFUSED, CODE_OVER, NOT_FOUND, Refused
from bot.web.api.route import AnyRoute, Body, Call, Parameters, Route
from content.local_time import local
from content.rights import Permission
from handlers.benefits.counter import BenefitCounter
from storage.benefit_moves import Moved, Turned
from storage.benefit_reserving import Refusal
from storage.tables.benefits import UnitState

#: No control characters: both databases keep it, and it is one line wherever it is shown.
_Line = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]+$")]
_Code = Annotated[str, StringConstraints(min_length=4, max_length=80, pattern=r"^[ -~]+$")]
#: What the document's examples name.
_SHOWN: Final = "AK-2026-0001"


class CodeAtPlace(Body):
    """Which code, and where it is used."""

    code: _Code = Field(
        description="As the customer shows it; blanks, dashes and case do not count.", examples=[_SHOWN]
    )
    place: _Line = Field(description="Where it is redeemed, as the next one will be told.", examples=["静安门诊"])


class CodeWithReason(Body):
    """Which code, and why."""

    code: _Code = Field(examples=[_SHOWN])
    reason: _Line = Field(description="It stands on the unit.", examples=["误核销"])


class CodeForAnother(Body):
    """Which code, and what there is in its place."""

    code: _Code = Field(examples=[_SHOWN])
    benefit: _Line = Field(description="The `key` of the other benefit.", examples=["checkup"])


class CodeStanding(BaseModel):
    """How a unit stands now; nothing of the customer."""

    unit: int
    benefit: str = Field(description="The benefit's `key`.")
    title: str
    state: UnitState
    granted_at: datetime | None
    expires_at: datetime | None
    redeemed_at: datetime | None
    redeemed_place: str | None


class CodeExchange(BaseModel):
    """The unit that ended and the one in its place; the customer finds its code among their own."""

    old: CodeStanding
    new: CodeStanding


class BenefitCodeRoutes:
    """Moves units by their codes."""

    def __init__(self, counter: BenefitCounter) -> None:
        self._counter = counter

    def routes(self) -> tuple[AnyRoute, ...]:
        """Return the routes."""
        redeem, write = Permission.BENEFITS_REDEEM, Permission.BENEFITS_WRITE
        return (
            Route(
                method="POST",
                path="/benefit-codes/redeem",
                name="redeemCode",
                summary="Redeem a code; a second time is told when and where the first was",
                permission=redeem,
                parameters=Parameters,
                body=CodeAtPlace,
                answer=CodeStanding,
                problems=(NOT_FOUND, ALREADY_REDEEMED, CODE_OVER),
                handle=self._redeem,
            ),
            Route(
                method="POST",
                path="/benefit-codes/reverse",
                name="reverseCode",
                summary="Take a redemption back; the customer may claim again",
                permission=redeem,
                parameters=Parameters,
                body=CodeWithReason,
                answer=CodeStanding,
                problems=(NOT_FOUND, CODE_OVER),
                handle=self._reverse,
            ),
            Route(
                method="POST",
                path="/benefit-codes/expire",
                name="expireCode",
                summary="End what was granted before its time",
                permission=write,
                parameters=Parameters,
                body=CodeWithReason,
                answer=CodeStanding,
                problems=(NOT_FOUND, ALREADY_REDEEMED, CODE_OVER),
                handle=self._expire,
            ),
            Route(
                method="POST",
                path="/benefit-codes/exchange",
                name="exchangeCode",
                summary="Give the customer one of another benefit in the place of one not used",
                permission=write,
                parameters=Parameters,
                body=CodeForAnother,
                answer=CodeExchange,
                problems=(NOT_FOUND, ALREADY_REDEEMED, CODE_OVER, BENEFIT_REFUSED),
                handle=self._exchange,
            ),
        )

    async def _redeem(self, call: Call[Parameters, CodeAtPlace]) -> CodeStanding:
        asked = call.body
        return _told(await self._counter.redeem(call.viewer, asked.code, place=asked.place, key=call.key))

    async def _reverse(self, call: Call[Parameters, CodeWithReason]) -> CodeStanding:
        return _told(await self._counter.reverse(call.viewer, call.body.code, reason=call.body.reason))

    async def _expire(self, call: Call[Parameters, CodeWithReason]) -> CodeStanding:
        return _told(await self._counter.expire(call.viewer, call.body.code, reason=call.body.reason))

    async def _exchange(self, call: Call[Parameters, CodeForAnother]) -> CodeExchange:
        found = await self._counter.exchange(call.viewer, call.body.code, call.body.benefit)
        if isinstance(found, Refusal):
            raise Refused(BENEFIT_REFUSED, "the other benefit's own rules refuse it", reason=found.value)
        if found is None or isinstance(found, Moved):
            _told(found)
            raise AssertionError("a unit that did not move says why")  # pragma: no cover
        return CodeExchange(
            old=_standing(found.old), new=_standing(Moved(benefit=found.new.benefit, unit=found.new.unit))
        )


def _told(found: Moved | None) -> CodeStanding:
    if found is None:
        raise Refused(NOT_FOUND, "there is no such code in your scope, or nobody was granted it")
    if found.turned is not None:
        _refuse(found, found.turned)
    return _standing(found)


def _refuse(found: Moved, turned: Turned) -> NoReturn:
    unit = found.unit
    match turned:
        case Turned.REDEEMED:
            when = "" if unit.redeemed_at is None else f" on {local(unit.redeemed_at):%Y-%m-%d %H:%M}"
            raise Refused(ALREADY_REDEEMED, f"it was redeemed{when} (China time) at {unit.redeemed_place}")
        case Turned.REVERSED:
            raise Refused(CODE_OVER, "its redemption was taken back; the code is of no use any more")
        case Turned.NOT_REDEEMED:
            raise Refused(CODE_OVER, "it was not redeemed, so there is nothing to take back")
    ended = "" if unit.expires_at is None else f" (its time ended {local(unit.expires_at):%Y-%m-%d %H:%M}, China time)"
    raise Refused(CODE_OVER, f"it has expired{ended}")


def _standing(found: Moved) -> CodeStanding:
    unit = found.unit
    return CodeStanding(
        unit=unit.id,
        benefit=found.benefit.key,
        title=found.benefit.title,
        state=unit.state,
        granted_at=unit.granted_at,
        expires_at=unit.expires_at,
        redeemed_at=unit.redeemed_at,
        redeemed_place=unit.redeemed_place,
    )
