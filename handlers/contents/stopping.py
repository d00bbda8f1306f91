"""Stopping an item or a product at once, and lifting the stop."""

from __future__ import annotations

from content.normal_form import normalise
from content.rights import Permission, Scope
from handlers.clock import Clock
from handlers.contents.desk import plain
from handlers.people.rights import Forbidden, require
from storage.content_stops import ContentStops, Stopped, StopRow
from storage.viewer import Viewer


class ReasonNeeded(Exception):
    """A stop was asked for without a reason, or of a product without a name."""

    def __init__(self) -> None:
        super().__init__("请写明叫停什么、为什么叫停")


class StopDesk:
    """Makes and lifts stops; each stands in the audit, in its own transaction."""

    def __init__(self, stops: ContentStops, *, clock: Clock) -> None:
        self._stops = stops
        self._clock = clock

    async def stop_item(self, viewer: Viewer, item_id: int, reason: str) -> Stopped | None:
        """Stop an item of the scope; None when there is none. Raises Forbidden, ReasonNeeded."""
        require(viewer, Permission.CONTENTS_STOP)
        return await self._stops.stop_item(item_id, _given(reason), viewer=viewer, now=self._clock.now())

    async def lift_item(self, viewer: Viewer, item_id: int) -> bool:
        """End the stop of an item of the scope; False when none stands that they may lift. Raises Forbidden.

        Who does not review lifts their own stops alone: an author does not undo compliance's.
        """
        require(viewer, Permission.CONTENTS_STOP)
        reviews = viewer.may(Permission.CONTENTS_REVIEW) and Permission.CONTENTS_REVIEW not in viewer.lent
        return await self._stops.lift_item(item_id, own_only=not reviews, viewer=viewer, now=self._clock.now())

    async def stop_product(self, viewer: Viewer, product: str, reason: str) -> Stopped:
        """Stop everything that names a product. Raises Forbidden for who does not see all, ReasonNeeded."""
        _require_all(viewer)
        if not normalise(product):
            # Marks alone name nothing: a stop would stand and hold nothing back.
            raise ReasonNeeded
        return await self._stops.stop_product(_given(product), _given(reason), viewer=viewer, now=self._clock.now())

    async def lift_product(self, viewer: Viewer, product: str) -> bool:
        """End the stop of a product; False when none stands. Raises Forbidden for who does not see all."""
        _require_all(viewer)
        return await self._stops.lift_product(plain(product), viewer=viewer, now=self._clock.now())

    async def standing(self, viewer: Viewer, *, limit: int = 100) -> list[StopRow]:
        """Return the stops that stand: of products, and of items that the viewer sees. Raises Forbidden."""
        require(viewer, Permission.CONTENTS_READ)
        return await self._stops.page(viewer=viewer, limit=limit)


def _require_all(viewer: Viewer) -> None:
    """A product is not divided by branch."""
    require(viewer, Permission.CONTENTS_STOP)
    if viewer.scope is not Scope.ALL:
        raise Forbidden(Permission.CONTENTS_STOP)


def _given(text: str) -> str:
    words = plain(text)
    if not words:
        raise ReasonNeeded
    return words
