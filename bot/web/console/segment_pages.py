"""Segments (客群): the list, one with its rule in words, count, sample and why; the form that makes one."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from bot.web.console.pages import ROOT, Page
from bot.web.console.segment_form import ROWS, SIGNS, FormRow, choices, rows_of, rule_of
from bot.web.console.visit import Visit, to_number
from content.rights import Permission
from content.segment_checks import Flaw, SegmentFlawed, read_segment
from handlers.segments.reading import SegmentReading, short_person
from handlers.segments.shelf import Known, SegmentChanged, SegmentShelf, SegmentTaken

_SAMPLED: Final = 10
#: In the place of what the form does not ask for while a rule is only counted.
_DRAFT: Final = {"id": "draft", "title": "–"}


class SegmentPages:
    """Shows segments; `SegmentReading` notes each look in the audit."""

    def __init__(self, reading: SegmentReading, *, shelf: SegmentShelf) -> None:
        self._reading = reading
        self._shelf = shelf

    def pages(self) -> list[Page]:
        """Return them."""
        read, write = Permission.SEGMENTS_READ, Permission.SEGMENTS_WRITE
        one = "/segments/one/{segment}"
        return [
            Page(path="/segments", permission=read, handler=self._list, title="segments.title", icon="group"),
            Page(path="/segments/new", permission=write, handler=self._form, title="segments.new"),
            Page(path="/segments/count", permission=read, handler=self._count, title="segments.count"),
            Page(path="/segments/save", permission=write, handler=self._save, title="segments.new", method="POST"),
            Page(path=one, permission=read, handler=self._one, title="segments.title"),
            Page(path=f"{one}/remove", permission=write, handler=self._remove, title="segments.remove", method="POST"),
        ]

    async def _list(self, visit: Visit) -> web.StreamResponse:
        told = visit.query("told")
        return visit.page(
            "segments.html",
            segments=await self._shelf.all(),
            hidden=await self._shelf.hidden(),
            may_write=visit.viewer.may(Permission.SEGMENTS_WRITE),
            told=visit.words(f"segments.told_{told}") if told in ("saved", "removed") else None,
        )

    async def _one(self, visit: Visit) -> web.StreamResponse:
        name, known = await self._known(visit)
        seed, customer = visit.query_number("seed") or 1, visit.query_number("customer")
        problem, count, sample, reasons = None, None, None, None
        rule = known.segment.rule
        try:
            count = await self._reading.count(visit.viewer, rule, name=name)
            if visit.query("sample"):
                sample = await self._reading.sample(visit.viewer, rule, limit=_SAMPLED, seed=seed, name=name)
            if customer is not None:
                reasons = await self._reading.why(visit.viewer, rule, customer, name=name)
        except SegmentFlawed as flawed:
            problem = str(flawed)
        words = await self._shelf.words()
        return visit.page(
            "segment.html",
            name=name,
            known=known,
            lines=words.lines(rule),
            problem=problem,
            count=count,
            sample=sample,
            seed=seed,
            customer=customer,
            reasons=reasons,
            short_person=short_person,
            may_write=visit.viewer.may(Permission.SEGMENTS_WRITE) and known.version is not None,
        )

    async def _form(self, visit: Visit) -> web.StreamResponse:
        return await self._shown(visit, rows=[FormRow() for _ in range(ROWS)], given={})

    async def _count(self, visit: Visit) -> web.StreamResponse:
        """Return the count of the form as it stands, with the rule in words or what is wrong with it."""
        rule = rule_of(rows_of(visit.query), joined=visit.query("joined"), attributes=self._shelf.attributes)
        count, lines, problems = None, [], list[str]()
        if rule is not None:
            try:
                segment = read_segment({**_DRAFT, "rule": rule})
                lines = (await self._shelf.words()).lines(segment.rule)
                count = await self._reading.count(visit.viewer, segment.rule)
            except SegmentFlawed as flawed:
                problems = [f"{flaw.what}；{flaw.mend}" for flaw in flawed.flaws]
        return visit.page("segment_count.html", count=count, lines=lines, problems=problems)

    async def _save(self, visit: Visit) -> web.StreamResponse:
        sent = await visit.request.post()

        def field(name: str) -> str:
            return "".join(char for char in str(sent.get(name, "")) if char.isprintable()).strip()

        rows = rows_of(field)
        given = {name: field(name) for name in ("id", "title", "note", "joined")}
        rule = rule_of(rows, joined=given["joined"], attributes=self._shelf.attributes)
        wanted = {"id": given["id"], "title": given["title"], "note": given["note"], "rule": rule or {}}
        try:
            await self._shelf.save(visit.viewer, wanted, after=0)
        except SegmentFlawed as flawed:
            return await self._shown(visit, rows=rows, given=given, flaws=flawed.flaws, status=422)
        except (SegmentTaken, SegmentChanged):
            taken = Flaw(place=("id",), what=visit.words("segments.taken"), mend=visit.words("segments.taken_mend"))
            return await self._shown(visit, rows=rows, given=given, flaws=(taken,), status=409)
        return visit.redirect(f"{ROOT}/segments?told=saved")

    async def _remove(self, visit: Visit) -> web.StreamResponse:
        name, known = await self._known(visit)
        sent = await visit.request.post()
        version = str(sent.get("version", ""))
        try:
            await self._shelf.remove(visit.viewer, name, after=to_number(version) if version else known.version or 0)
        except (SegmentTaken, SegmentChanged, SegmentFlawed):
            raise web.HTTPConflict from None
        return visit.redirect(f"{ROOT}/segments?told=removed")

    async def _shown(
        self,
        visit: Visit,
        *,
        rows: list[FormRow],
        given: dict[str, str],
        flaws: tuple[Flaw, ...] = (),
        status: int = 200,
    ) -> web.StreamResponse:
        named = {name: known.segment.title for name, known in (await self._shelf.all()).items()}
        abouts = choices(self._shelf.attributes, named, lambda key: visit.words(f"segments.about_{key}"))
        return visit.page(
            "segment_form.html",
            status=status,
            rows=rows,
            abouts=[(each.id, each.label) for each in abouts],
            signs=SIGNS,
            given=given,
            problems=[f"{flaw.what}；{flaw.mend}" for flaw in flaws],
        )

    async def _known(self, visit: Visit) -> tuple[str, Known]:
        name = visit.request.match_info["segment"]
        known = (await self._shelf.all()).get(name)
        if known is None:
            raise web.HTTPNotFound
        return name, known
