"""Content as it is read: an item with where it stands, and one version with its words, findings and hands."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Any

from content.finding import Finding, decode_findings
from content.piece import Piece, read_piece
from content.value import value
from storage.tables.contents import VersionState


@value
class VersionRow:
    """One version."""

    id: int
    item_id: int
    number: int
    state: VersionState
    revision: int
    spec: str
    digest: str
    author_id: int
    editor_id: int
    hands: frozenset[int]
    edited_at: datetime
    findings: tuple[Finding, ...]
    #: The author's reasons, by the finding's id.
    answers: Mapping[str, str] = field(hash=False)
    submitted_at: datetime | None
    reviewer_id: int | None
    reviewed_at: datetime | None
    reason: str | None
    expires_at: datetime | None
    ended_at: datetime | None
    #: Names of the people, where they are staff still.
    author: str
    editor: str
    reviewer: str

    @property
    def piece(self) -> Piece:
        """The words. Raises ValueError when a newer version of the program wrote them."""
        return read_piece(self.spec)

    def is_expired(self, now: datetime) -> bool:
        """Whether its approval has ended."""
        return self.expires_at is not None and self.expires_at <= now


@value
class ItemRow:
    """One item, the version that is worked on, and the one that may go out."""

    id: int
    key: str
    kind: str
    branch: str | None
    created_at: datetime
    #: The version with the highest number.
    newest: VersionRow
    #: The one in review, in draft or returned; None when nobody works on it.
    working: VersionRow | None
    approved: VersionRow | None
    #: Why it is stopped, as somebody said; None when it is not. Of a product's stop: that one's.
    stopped: str | None

    def is_sendable(self, now: datetime) -> bool:
        """Whether the gate lets the approved version out at `now`."""
        approved = self.approved
        return approved is not None and not approved.is_expired(now) and self.stopped is None

    @property
    def name(self) -> str:
        """What staff call it now."""
        return self.newest.piece.name


def hands_of(row: Any) -> frozenset[int]:
    """Return who has a hand in a version: who wrote at it, and who asks for its review."""
    asks = () if row.submitted_by is None else (row.submitted_by,)
    return frozenset((*json.loads(row.hands), *asks))


def version_of(row: Any) -> VersionRow:
    """Return a version from a row of `storage.contents`."""
    return VersionRow(
        id=row.id,
        item_id=row.item_id,
        number=row.number,
        state=VersionState(row.state),
        revision=row.revision,
        spec=row.spec,
        digest=row.digest,
        author_id=row.author_id,
        editor_id=row.editor_id,
        hands=hands_of(row),
        edited_at=row.edited_at,
        findings=decode_findings(row.findings),
        answers=json.loads(row.answers),
        submitted_at=row.submitted_at,
        reviewer_id=row.reviewer_id,
        reviewed_at=row.reviewed_at,
        reason=row.reason,
        expires_at=row.expires_at,
        ended_at=row.ended_at,
        author=row.author or "",
        editor=row.editor or "",
        reviewer=row.reviewer or "",
    )
