"""The machine's check with what it needs to know of what is kept: the rules, and which pictures are there."""

from __future__ import annotations

import asyncio
from collections.abc import Set

from content.piece import Piece
from content.precheck import PieceCheck
from content.precheck_form import is_picture
from storage.content_drafts import Drafted
from storage.content_pictures import ContentPictures


class Checking:
    """Checks pieces."""

    def __init__(self, check: PieceCheck, *, pictures: ContentPictures, rules: str) -> None:
        """`rules`: the version of the authored content that the rules are part of."""
        self._check = check
        self._pictures = pictures
        self._rules = rules

    async def draft(self, piece: Piece, *, with_pictures: Set[str] = frozenset()) -> Drafted:
        """Return a piece with what is found in it, as it is kept. Raises StorageError.

        `with_pictures`: digests of pictures that are not kept yet and will be.
        """
        named = [picture for picture in piece.pictures if is_picture(picture)]
        known = await self._pictures.known(named)
        # The longest article takes some tenths of a second, which callbacks do not wait for.
        findings = await asyncio.to_thread(self._check.find, piece, pictures=known | with_pictures)
        return Drafted(piece=piece, findings=findings, rules=self._rules)
