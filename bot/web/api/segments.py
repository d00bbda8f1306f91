"""Segments over the API: what there is, whom each finds within the key's scope, why; made, changed, taken away."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, Field, StringConstraints

from bot.web.api.cursor import CursorForm
from bot.web.api.customers import no_customer
from bot.web.api.problem import FILE_HAS_IT, NOT_FOUND, STALE, UNUSABLE, Refused, invalid
from bot.web.api.route import AnyRoute, Body, Call, Id, Limit, Listing, NoBody, Page, Parameters, Route, cursor_field
from content.rights import Permission
from content.segment_checks import SegmentFlawed
from content.segment_words import RuleWords
from content.segments import Condition
from handlers.segments.reading import MOST_SAMPLED, SegmentReading, short_person
from handlers.segments.shelf import Known, SegmentChanged, SegmentMissing, SegmentShelf, SegmentTaken
from storage.customer_cards import CustomerCard

_LIST: Final = CursorForm(letter="s")
SegmentName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,63}$")]
_NAME: Final = Field(description="The segment's id.", examples=["dormant"])


class SegmentPath(Parameters):
    """Which segment."""

    name: SegmentName = _NAME


class NewSegmentPath(Parameters):
    """Which segment, or what a new one is called."""

    name: SegmentName = Field(description="The segment's id; none that a file has.", examples=["car-owners"])


class SampleQuery(SegmentPath):
    """How many of a segment, drawn by which seed."""

    limit: Limit = Field(default=10, description=f"So many at most, {MOST_SAMPLED} in all.")
    seed: Id = Field(default=1, description="The same seed draws the same customers as long as they are in.")


class MemberQuery(Listing):
    """Whose members."""

    name: SegmentName = _NAME
    cursor: Annotated[str, StringConstraints(pattern=_LIST.pattern)] | None = cursor_field()


class WhyPath(SegmentPath):
    """Which segment, and whom."""

    customer_id: Id = Field(description="The customer's id.", examples=[1])


class SegmentShown(BaseModel):
    """A segment."""

    name: str
    title: str
    note: str
    rule: dict[str, Any] = Field(description="As docs/segments.md says.")
    text: list[str] = Field(description="The rule in words, a condition a line.")
    version: int | None = Field(description="Null for one of a file, which the API does not change.")
    created_at: datetime | None
    created_by: str | None


class SegmentList(BaseModel):
    """Every segment; the rules name no customers."""

    segments: list[SegmentShown]
    hidden: list[str] = Field(description="Made by staff and not there: a file has the name, or the rule fits no more.")


class SegmentCount(BaseModel):
    """How many customers of the key's scope are in."""

    name: str
    count: int


class SampledCustomer(BaseModel):
    """One customer of a sample."""

    customer_id: int
    owner: str | None
    branch: str | None
    persons: list[str] = Field(description="Their openids and userids, shortened.")
    last_at: datetime | None


class SegmentSample(BaseModel):
    """Some customers."""

    name: str
    seed: int
    customers: list[SampledCustomer]


class SegmentMembers(Page):
    """Who is in, in order of the ids."""

    customer_ids: list[int]


class ReasonShown(BaseModel):
    """One condition."""

    depth: int = Field(description="How deep it stands in the rule.")
    words: str
    is_true: bool
    evidence: list[str] = Field(description="What it was answered by; empty without the permission facts.read.")


class SegmentWhy(BaseModel):
    """Why a customer is in or out."""

    name: str
    customer_id: int
    is_in: bool
    reasons: list[ReasonShown]


class NewSegment(Body):
    """A version of a segment; without a rule it is taken away."""

    after: Annotated[int, Field(ge=0, le=2**31 - 1)] = Field(
        description="The version that it changes; 0 for a new segment.", examples=[0]
    )
    title: Annotated[str, StringConstraints(min_length=1, max_length=40)] = Field(examples=["有车的客户"])
    note: Annotated[str, StringConstraints(max_length=300)] = ""
    rule: dict[str, Any] | None = Field(examples=[{"fact": "finance.has_car", "is": True}])


class SegmentSaved(BaseModel):
    """What was written."""

    name: str
    version: int


class SegmentRoutes:
    """Reads and writes segments through the ways that leave a trace."""

    def __init__(self, reading: SegmentReading, *, shelf: SegmentShelf) -> None:
        self._reading = reading
        self._shelf = shelf

    def routes(self) -> tuple[AnyRoute, ...]:
        """Return the routes."""
        return (
            self._read("", "listSegments", "Every segment there is", Parameters, SegmentList, self._list),
            self._read("/{name}", "getSegment", "One segment", SegmentPath, SegmentShown, self._get),
            self._read(
                "/{name}/count",
                "countSegment",
                "How many customers of the scope are in",
                SegmentPath,
                SegmentCount,
                self._count,
            ),
            self._read(
                "/{name}/sample",
                "sampleSegment",
                "Some customers of the scope who are in, drawn by a seed",
                SampleQuery,
                SegmentSample,
                self._sample,
            ),
            self._read(
                "/{name}/members",
                "listSegmentMembers",
                "Customers of the scope who are in, in order of their ids",
                MemberQuery,
                SegmentMembers,
                self._members,
            ),
            self._read(
                "/{name}/customers/{customer_id}",
                "explainSegment",
                "Why a customer is in or out: each condition with its truth",
                WhyPath,
                SegmentWhy,
                self._why,
            ),
            Route(
                method="PUT",
                path="/segments/{name}",
                name="putSegment",
                summary="Make, change or take away a segment",
                permission=Permission.SEGMENTS_WRITE,
                parameters=NewSegmentPath,
                body=NewSegment,
                answer=SegmentSaved,
                problems=(FILE_HAS_IT, STALE),
                handle=self._put,
            ),
        )

    def _read(
        self, path: str, name: str, summary: str, parameters: type[Parameters], answer: type[BaseModel], handle: Any
    ) -> AnyRoute:
        return Route(
            method="GET",
            path=f"/segments{path}",
            name=name,
            summary=summary,
            permission=Permission.SEGMENTS_READ,
            parameters=parameters,
            body=NoBody,
            answer=answer,
            problems=(NOT_FOUND, UNUSABLE) if path else (),
            handle=_usable(handle),
        )

    async def _list(self, call: Call[Parameters, NoBody]) -> SegmentList:
        known, words = await self._shelf.all(), await self._shelf.words()
        shown = [_shown(name, each, words) for name, each in known.items()]
        return SegmentList(segments=shown, hidden=await self._shelf.hidden())

    async def _get(self, call: Call[SegmentPath, NoBody]) -> SegmentShown:
        name = call.parameters.name
        known = (await self._shelf.all()).get(name)
        if known is None:
            raise _no_segment(name)
        return _shown(name, known, await self._shelf.words())

    async def _count(self, call: Call[SegmentPath, NoBody]) -> SegmentCount:
        name = call.parameters.name
        return SegmentCount(name=name, count=await self._reading.count(call.viewer, await self._rule(name), name=name))

    async def _sample(self, call: Call[SampleQuery, NoBody]) -> SegmentSample:
        asked, rule = call.parameters, await self._rule(call.parameters.name)
        cards = await self._reading.sample(call.viewer, rule, limit=asked.limit, seed=asked.seed, name=asked.name)
        return SegmentSample(name=asked.name, seed=asked.seed, customers=[_sampled(card) for card in cards])

    async def _members(self, call: Call[MemberQuery, NoBody]) -> SegmentMembers:
        asked, rule = call.parameters, await self._rule(call.parameters.name)
        after = None if asked.cursor is None else _LIST.decode(asked.cursor)[0]
        found = await self._reading.members(call.viewer, rule, limit=asked.limit, after=after, name=asked.name)
        following = _LIST.encode(found[-1]) if len(found) == asked.limit else None
        return SegmentMembers(customer_ids=found, next=following)

    async def _why(self, call: Call[WhyPath, NoBody]) -> SegmentWhy:
        asked, rule = call.parameters, await self._rule(call.parameters.name)
        reasons = await self._reading.why(call.viewer, rule, asked.customer_id, name=asked.name)
        if reasons is None:
            raise no_customer(asked.customer_id)
        shown = [
            ReasonShown(depth=each.depth, words=each.words, is_true=each.is_true, evidence=list(each.evidence))
            for each in reasons
        ]
        return SegmentWhy(name=asked.name, customer_id=asked.customer_id, is_in=shown[0].is_true, reasons=shown)

    async def _put(self, call: Call[NewSegmentPath, NewSegment]) -> SegmentSaved:
        name, asked = call.parameters.name, call.body
        try:
            if asked.rule is None:
                version = await self._shelf.remove(call.viewer, name, after=asked.after)
            else:
                given = {"id": name, "title": asked.title, "note": asked.note, "rule": asked.rule}
                version = await self._shelf.save(call.viewer, given, after=asked.after)
        except SegmentFlawed as flawed:
            raise invalid(
                *(("body", ".".join(map(str, flaw.place)), f"{flaw.what}; {flaw.mend}") for flaw in flawed.flaws)
            ) from None
        except SegmentTaken:
            raise Refused(FILE_HAS_IT, f"segments.yaml has `{name}`; change it there or take another name") from None
        except SegmentChanged:
            told = f"version {asked.after} of `{name}` is not the one that counts; read it again"
            raise Refused(STALE, told) from None
        return SegmentSaved(name=name, version=version)

    async def _rule(self, name: str) -> Condition:
        try:
            return await self._reading.rule_of(name)
        except SegmentMissing:
            raise _no_segment(name) from None


def _shown(name: str, known: Known, words: RuleWords) -> SegmentShown:
    segment = known.segment
    return SegmentShown(
        name=name,
        title=segment.title,
        note=segment.note,
        rule=json.loads(segment.rule.model_dump_json(exclude_none=True, by_alias=True)),
        text=["  " * depth + line for depth, line in words.lines(segment.rule)],
        version=known.version,
        created_at=known.created_at,
        created_by=known.created_by,
    )


def _usable(handle: Callable[[Call[Any, NoBody]], Awaitable[BaseModel]]) -> Callable[[Any], Awaitable[BaseModel]]:
    """Return a read that says so when an attribute or segment that the rule names has gone since it was written."""

    async def read(call: Call[Any, NoBody]) -> BaseModel:
        try:
            return await handle(call)
        except SegmentFlawed as flawed:
            raise Refused(UNUSABLE, str(flawed)) from None

    return read


def _no_segment(name: str) -> Refused:
    return Refused(NOT_FOUND, f"there is no segment `{name}`; GET /segments lists them")


def _sampled(card: CustomerCard) -> SampledCustomer:
    return SampledCustomer(
        customer_id=card.id,
        owner=card.owner,
        branch=card.branch,
        persons=[short_person(contact.person) for contact in card.contacts],
        last_at=card.last_at,
    )
