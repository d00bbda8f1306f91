"""All segments there are: those of the files, and those that staff made; a name of a file is the file's."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from content.attributes import Attributes
from content.rights import Permission
from content.segment_checks import Flaw, SegmentFlawed, flaws, makes_circle, read_segment
from content.segment_words import RuleWords
from content.segments import Condition, Segment
from content.value import value
from handlers.clock import Clock
from handlers.people.rights import require
from storage.segment_book import SegmentBook, SegmentDraft, SegmentRow
from storage.viewer import Viewer


class SegmentMissing(Exception):
    """There is no segment of this name."""


class SegmentTaken(Exception):
    """A file has this name: only the file changes it."""


class SegmentChanged(Exception):
    """Somebody else has changed or taken away the segment meanwhile; look at it again."""


@value
class Known:
    """A segment with where it comes from."""

    segment: Segment
    #: None: a file's.
    version: int | None
    created_at: datetime | None = None
    created_by: str | None = None


class SegmentShelf:
    """Finds, writes and takes away segments."""

    def __init__(self, book: SegmentBook, *, files: Sequence[Segment], attributes: Attributes, clock: Clock) -> None:
        self._book = book
        self._files = {segment.id: segment for segment in files}
        self.attributes = attributes
        self._clock = clock

    async def all(self) -> dict[str, Known]:
        """Return every segment by its name: the files' first, those of staff in order.

        One that staff made and a file has taken the name of is not there; one that cannot be read any more neither.
        """
        found = {name: Known(segment=segment, version=None) for name, segment in self._files.items()}
        for row in await self._book.rows():
            if row.name not in found and (segment := _read(row)) is not None:
                found[row.name] = Known(
                    segment=segment, version=row.version, created_at=row.created_at, created_by=row.created_by
                )
        return found

    async def hidden(self) -> list[str]:
        """Return the names of staff's segments that find nobody: a file has the name, or the rule fits no more."""
        rules, hidden = await self.rules(), list[str]()
        for row in await self._book.rows():
            segment = _read(row)
            if row.name in self._files or segment is None or any(flaws(segment.rule, self.attributes, rules)):
                hidden.append(row.name)
        return hidden

    async def rules(self) -> Mapping[str, Condition]:
        """Return every rule by its name."""
        return {name: known.segment.rule for name, known in (await self.all()).items()}

    async def words(self) -> RuleWords:
        """Return what says rules."""
        titles = {name: known.segment.title for name, known in (await self.all()).items()}
        return RuleWords(self.attributes, titles)

    async def save(self, viewer: Viewer, given: Mapping[str, Any], *, after: int) -> int:
        """Write a segment (id, title, note, rule) as the version behind `after`; return the version.

        Raises Forbidden, SegmentFlawed, SegmentTaken and SegmentChanged.
        """
        require(viewer, Permission.SEGMENTS_WRITE)
        segment = read_segment(given)
        if segment.id in self._files:
            raise SegmentTaken(segment.id)
        rules = await self.rules()
        found = [
            Flaw(place=("rule", *flaw.place), what=flaw.what, mend=flaw.mend)
            for flaw in flaws(segment.rule, self.attributes, rules)
        ]
        if not found and makes_circle(segment, rules):
            found = [Flaw(place=("rule",), what="the segments name each other in a circle", mend="take a name out")]
        if found:
            raise SegmentFlawed(found)
        rule = segment.rule.model_dump_json(exclude_none=True, by_alias=True)
        draft = SegmentDraft(name=segment.id, title=segment.title, note=segment.note, rule=rule)
        return await self._add(viewer, draft, after=after)

    async def remove(self, viewer: Viewer, name: str, *, after: int) -> int:
        """Take a segment away.

        Raises Forbidden, SegmentTaken, SegmentChanged, and SegmentFlawed while others name it.
        """
        require(viewer, Permission.SEGMENTS_WRITE)
        if name in self._files:
            raise SegmentTaken(name)
        rules = await self.rules()
        users = [user for user, rule in rules.items() if any(each.segment == name for _, each in rule.parts())]
        if users:
            what = f"`{name}` is named by " + ", ".join(f"`{user}`" for user in users)
            raise SegmentFlawed([Flaw(place=(), what=what, mend="take it out of them first")])
        return await self._add(viewer, SegmentDraft(name=name, title="", note="", rule=None), after=after)

    async def _add(self, viewer: Viewer, draft: SegmentDraft, *, after: int) -> int:
        version = await self._book.add(draft, after=after, viewer=viewer, now=self._clock.now())
        if version is None:
            raise SegmentChanged(draft.name)
        return version


def _read(row: SegmentRow) -> Segment | None:
    try:
        return read_segment({"id": row.name, "title": row.title, "note": row.note, "rule": json.loads(row.rule)})
    except SegmentFlawed:
        return None
