"""Where codes are honoured: redeemed, reversed, expired, exchanged, by a supplier's key, in the console, by command."""

from __future__ import annotations

from content.rights import Permission
from handlers.clock import Clock
from handlers.people.rights import require
from storage.benefit_moves import BenefitMoves, Exchanged, Moved
from storage.benefit_reserving import Refusal
from storage.benefits import Benefits
from storage.viewer import Viewer


class BenefitCounter:
    """None is returned for a code that is none of the scope's, or that nobody has. Each method raises Forbidden."""

    def __init__(self, *, moves: BenefitMoves, catalogue: Benefits, clock: Clock) -> None:
        self._moves = moves
        self._catalogue = catalogue
        self._clock = clock

    async def redeem(self, viewer: Viewer, code: str, *, place: str, key: str = "") -> Moved | None:
        """Redeem a code at a place; `key`: the word under which the same may ask again and be told that it is done."""
        require(viewer, Permission.BENEFITS_REDEEM)
        # Two keys may use the same word for different writes.
        word = f"{viewer.api_key_id or 0}:{key}" if key else ""
        return await self._moves.redeem(code, place=place, key=word, viewer=viewer, now=self._clock.now())

    async def reverse(self, viewer: Viewer, code: str, *, reason: str) -> Moved | None:
        """Take a redemption back."""
        require(viewer, Permission.BENEFITS_REDEEM)
        return await self._moves.reverse(code, reason=reason, viewer=viewer, now=self._clock.now())

    async def expire(self, viewer: Viewer, code: str, *, reason: str) -> Moved | None:
        """End what was granted before its time."""
        require(viewer, Permission.BENEFITS_WRITE)
        return await self._moves.expire(code, reason=reason, viewer=viewer, now=self._clock.now())

    async def exchange(self, viewer: Viewer, code: str, key: str) -> Exchanged | Moved | Refusal | None:
        """Give the person one of another benefit, named by its author's id, in the place of one not used."""
        require(viewer, Permission.BENEFITS_WRITE)
        wanted = await self._catalogue.by_key(key, viewer=viewer)
        if wanted is None:
            return None
        return await self._moves.exchange(code, wanted.id, viewer=viewer, now=self._clock.now())
