"""Drafts of articles: what a mass send carries and what is published. WeChat doc: drafts, publishing."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Up to eight articles."""

    media_id: str
    articles: Sequence[Mapping[str, str]]
    updated_at: float


class DraftBox:
    """The drafts of one account."""

    def __init__(self) -> None:
        self._drafts: dict[str, Draft] = {}

    def add(self, articles: Sequence[Mapping[str, str]], *, now: float, media_id: str = "") -> Draft:
        """Keep articles; `media_id`: of a draft that is there already, or was in an earlier run of the sandbox."""
        draft = Draft(media_id=media_id or secrets.token_urlsafe(48), articles=articles, updated_at=now)
        self._drafts[draft.media_id] = draft
        return draft

    def get(self, media_id: str) -> Draft | None:
        """Return a draft, None when there is none."""
        return self._drafts.get(media_id)

    def remove(self, media_id: str) -> bool:
        """Take a draft away; False when there is none."""
        return self._drafts.pop(media_id, None) is not None

    def newest(self) -> list[Draft]:
        """Return all, the one changed last first."""
        return sorted(self._drafts.values(), key=lambda draft: -draft.updated_at)
