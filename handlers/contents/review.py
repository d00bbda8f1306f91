"""What reviewers do: the queue, one version with what changed and what was found, approve, return."""

from __future__ import annotations

from content.finding import Finding, is_blocked
from content.rights import Permission
from content.value import value
from handlers.clock import Clock
from handlers.contents.checking import Checking
from handlers.contents.desk import Asked, plain
from handlers.contents.differences import FieldDiff, differences
from handlers.people.rights import require
from storage.content_drafts import Moved
from storage.content_moves import ContentMoves
from storage.content_rows import ItemRow, VersionRow
from storage.contents import Contents
from storage.tables.contents import VersionState
from storage.viewer import Viewer


@value
class ToReview:
    """One version that waits, as its reviewer needs it."""

    item: ItemRow
    version: VersionRow
    #: Against the version that may go out now.
    changes: tuple[FieldDiff, ...]
    #: What the machine finds today, by today's rules; those the author has answered carry a reason in `version`.
    findings: tuple[Finding, ...]
    #: The viewer wrote at it, so somebody else must decide.
    is_own: bool


class ReviewDesk:
    """Decides about versions that others wrote; each decision stands in the audit, in its own transaction."""

    def __init__(self, *, contents: Contents, moves: ContentMoves, checking: Checking, clock: Clock) -> None:
        self._contents = contents
        self._moves = moves
        self._checking = checking
        self._clock = clock

    async def queue(self, viewer: Viewer, *, limit: int) -> list[tuple[ItemRow, bool]]:
        """Return the items that wait, the longest first, each with whether the viewer wrote at it. Raises Forbidden."""
        require(viewer, Permission.CONTENTS_REVIEW)
        found = await self._contents.waiting(viewer=viewer, limit=limit)
        return [(item, item.working is not None and viewer.staff_id in item.working.hands) for item in found]

    async def opened(self, viewer: Viewer, item_id: int) -> ToReview | None:
        """Return an item's version in review; None when the scope has none. Raises Forbidden."""
        require(viewer, Permission.CONTENTS_REVIEW)
        item = await self._contents.to_review(item_id, viewer=viewer)
        if item is None or item.working is None or item.working.state is not VersionState.IN_REVIEW:
            return None
        piece = item.working.piece
        return ToReview(
            item=item,
            version=item.working,
            changes=differences(None if item.approved is None else item.approved.piece, piece),
            findings=(await self._checking.draft(piece)).findings,
            is_own=viewer.staff_id in item.working.hands,
        )

    async def approve(self, viewer: Viewer, item_id: int, *, number: int, revision: int) -> Asked:
        """Approve a version. Raises Forbidden. It is checked once more: what today's rules block is not approved.

        One that the same person approved already in this revision is approved.
        """
        require(viewer, Permission.CONTENTS_REVIEW)
        item = await self._contents.to_review(item_id, viewer=viewer)
        if item is None:
            return Asked(moved=Moved.NOT_THERE)
        version = item.working
        if version is None or (version.number, version.revision) != (number, revision):
            return Asked(moved=Moved.DONE if _is_approved_by(item, viewer, number, revision) else Moved.LATE)
        findings = (await self._checking.draft(version.piece)).findings
        if is_blocked(findings):
            return Asked(moved=Moved.BLOCKED, findings=findings)
        moved = await self._moves.approve(version.id, revision=revision, viewer=viewer, now=self._clock.now())
        return Asked(moved=moved, findings=findings)

    async def give_back(self, viewer: Viewer, item_id: int, reason: str, *, number: int, revision: int) -> Moved:
        """Return a version with the reason. Raises Forbidden."""
        require(viewer, Permission.CONTENTS_REVIEW)
        words = plain(reason)
        if not words:
            return Moved.NO_REASON
        item = await self._contents.to_review(item_id, viewer=viewer)
        if item is None:
            return Moved.NOT_THERE
        version = item.working
        if version is None or version.number != number:
            return Moved.LATE
        if version.state is VersionState.RETURNED and version.revision == revision + 1:
            is_same = (version.reviewer_id, version.reason) == (viewer.staff_id, words)
            return Moved.DONE if is_same else Moved.LATE
        return await self._moves.give_back(version.id, words, revision=revision, viewer=viewer, now=self._clock.now())


def _is_approved_by(item: ItemRow, viewer: Viewer, number: int, revision: int) -> bool:
    done = item.approved
    return (
        done is not None
        and (done.number, done.revision) == (number, revision + 1)
        and done.reviewer_id == viewer.staff_id
    )
