"""What authors do: begin an item, write, ask for review with reasons for what was found, take back, withdraw."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Final

from content.finding import Finding, is_blocked, unanswered
from content.picture_bytes import Picture, read_picture
from content.piece import Piece
from content.rights import Permission
from content.value import value
from handlers.clock import Clock
from handlers.contents.checking import Checking
from handlers.people.rights import require
from storage.content_drafts import ContentDrafts, Moved
from storage.content_moves import ContentMoves
from storage.content_pictures import ContentPictures
from storage.content_rows import ItemRow
from storage.contents import Contents
from storage.tables.contents import EDITABLE, VersionState
from storage.viewer import Viewer

#: Characters of a reason.
LONGEST_REASON: Final = 500


@value
class Asked:
    """What came of asking for a review, and what stands in its way."""

    moved: Moved
    findings: tuple[Finding, ...] = ()


class ContentDesk:
    """Changes content of a viewer's scope; every change stands in the audit, in its own transaction."""

    def __init__(
        self,
        *,
        contents: Contents,
        drafts: ContentDrafts,
        moves: ContentMoves,
        pictures: ContentPictures,
        checking: Checking,
        clock: Clock,
    ) -> None:
        self._contents = contents
        self._drafts = drafts
        self._moves = moves
        self._pictures = pictures
        self._checking = checking
        self._clock = clock

    async def create(self, viewer: Viewer, piece: Piece) -> tuple[Moved, int]:
        """Make an item with a first draft; return its id. Raises Forbidden.

        An item of the same key whose draft says exactly this, written by the same person, counts as made by this.
        """
        require(viewer, Permission.CONTENTS_WRITE)
        moved, item_id = await self._drafts.create(
            await self._checking.draft(piece), viewer=viewer, now=self._clock.now()
        )
        if moved is not Moved.KEY_TAKEN:
            return moved, item_id
        known = await self._contents.keyed(piece.key, viewer=viewer)
        is_same = known is not None and known.newest.piece == piece and known.newest.author_id == viewer.staff_id
        return (Moved.DONE, known.id) if known is not None and is_same else (Moved.KEY_TAKEN, 0)

    async def save(self, viewer: Viewer, item: ItemRow, piece: Piece, *, based_on: tuple[int, int]) -> Moved:
        """Write words; key and kind stay. Raises Forbidden. The same words again are no change."""
        require(viewer, Permission.CONTENTS_WRITE)
        if (piece.key, str(piece.kind)) != (item.key, item.kind):
            return Moved.NOT_THERE
        newest = item.newest
        if (newest.number, newest.revision) == based_on and newest.piece == piece:
            return Moved.DONE
        draft = await self._checking.draft(piece)
        return await self._drafts.save(item.id, draft, based_on=based_on, viewer=viewer, now=self._clock.now())

    async def submit(self, viewer: Viewer, item: ItemRow, *, revision: int, answers: Mapping[str, str]) -> Asked:
        """Ask for the review of an item's draft. Raises Forbidden.

        `answers`: by finding's id why it is right as it is. Something critical blocks; anything else needs an answer.
        """
        require(viewer, Permission.CONTENTS_WRITE)
        version = item.working
        if version is None or version.revision != revision or version.state not in EDITABLE:
            return Asked(moved=Moved.LATE)
        draft = await self._checking.draft(version.piece)
        given = {each.id: reason for each in draft.findings if (reason := plain(answers.get(each.id, "")))}
        if is_blocked(draft.findings):
            return Asked(moved=Moved.BLOCKED, findings=draft.findings)
        if unanswered(draft.findings, given):
            return Asked(moved=Moved.UNANSWERED, findings=draft.findings)
        moved = await self._moves.submit(
            version.id, revision=revision, draft=draft, answers=given, viewer=viewer, now=self._clock.now()
        )
        return Asked(moved=moved, findings=draft.findings)

    async def take_back(self, viewer: Viewer, item: ItemRow, *, revision: int) -> Moved:
        """Take an item's version out of review. Raises Forbidden."""
        require(viewer, Permission.CONTENTS_WRITE)
        if item.working is None or item.working.state is not VersionState.IN_REVIEW:
            return Moved.LATE
        return await self._moves.take_back(item.working.id, revision=revision, viewer=viewer, now=self._clock.now())

    async def withdraw(self, viewer: Viewer, item: ItemRow, *, revision: int) -> Moved:
        """Take an item's approved version out of use for good. Raises Forbidden."""
        require(viewer, Permission.CONTENTS_STOP)
        if item.approved is None:
            return Moved.LATE
        return await self._moves.withdraw(item.approved.id, revision=revision, viewer=viewer, now=self._clock.now())

    async def look(self, piece: Piece, *, with_pictures: Set[str] = frozenset()) -> tuple[Finding, ...]:
        """Return what is found in words that are not kept yet; `with_pictures`: digests of those to be kept with it."""
        return (await self._checking.draft(piece, with_pictures=with_pictures)).findings

    async def add_picture(self, viewer: Viewer, body: bytes) -> Picture:
        """Keep a picture. Raises Forbidden, BadPicture."""
        require(viewer, Permission.CONTENTS_WRITE)
        picture = read_picture(body)
        await self._pictures.add(picture, viewer=viewer, now=self._clock.now())
        return picture


def plain(reason: str) -> str:
    """Return what is kept of somebody's reason: one line without control characters."""
    return "".join(char for char in reason if char.isprintable()).strip()[:LONGEST_REASON]
