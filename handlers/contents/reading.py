"""Looking at content: the list, one item with its versions, a picture. It is about no customer: looks leave no row."""

from __future__ import annotations

from datetime import datetime

from content.picture_bytes import Picture
from content.piece import DIGEST
from content.rights import Permission
from content.value import value
from handlers.clock import Clock
from handlers.people.rights import require
from storage.content_pictures import ContentPictures
from storage.content_rows import ItemRow, VersionRow
from storage.content_stops import ContentStops, WaitingRow
from storage.contents import Contents
from storage.viewer import Viewer


@value
class SeenItem:
    """One item with its versions, the newest first, and what waits in the outbox of it."""

    item: ItemRow
    versions: tuple[VersionRow, ...]
    waiting: int
    rows: tuple[WaitingRow, ...]


class ContentReading:
    """Shows content of a viewer's scope."""

    def __init__(self, *, contents: Contents, stops: ContentStops, pictures: ContentPictures, clock: Clock) -> None:
        self._contents = contents
        self._stops = stops
        self._pictures = pictures
        self._clock = clock

    @property
    def now(self) -> datetime:
        """The moment by which approvals are expired or not."""
        return self._clock.now()

    async def page(
        self,
        viewer: Viewer,
        *,
        limit: int,
        before: int | None = None,
        kind: str | None = None,
        state: str | None = None,
    ) -> list[ItemRow]:
        """Return items, the newest first. Raises Forbidden."""
        require(viewer, Permission.CONTENTS_READ)
        return await self._contents.page(viewer=viewer, limit=limit, before=before, kind=kind, state=state)

    async def one(self, viewer: Viewer, item_id: int) -> SeenItem | None:
        """Return an item; None when the scope has none. Raises Forbidden."""
        require(viewer, Permission.CONTENTS_READ)
        item = await self._contents.one(item_id, viewer=viewer)
        if item is None:
            return None
        waiting, rows = await self._stops.held_back(item_id, viewer=viewer)
        versions = await self._contents.versions(item_id, viewer=viewer)
        return SeenItem(item=item, versions=tuple(versions), waiting=waiting, rows=rows)

    async def to_write(self, viewer: Viewer, item_id: int) -> ItemRow | None:
        """Return an item that the viewer may change; None when the scope has none."""
        return await self._contents.to_write(item_id, viewer=viewer)

    async def keyed(self, viewer: Viewer, key: str) -> ItemRow | None:
        """Return the item of a key; None when the scope has none. Raises Forbidden."""
        require(viewer, Permission.CONTENTS_READ)
        return await self._contents.keyed(key, viewer=viewer)

    async def picture(self, viewer: Viewer, digest: str) -> Picture | None:
        """Return a picture by the digest of its bytes, which nobody can guess; None when there is none."""
        require(viewer, Permission.CONTENTS_READ)
        return await self._pictures.get(digest) if DIGEST.fullmatch(digest) else None

    async def public_picture(self, digest: str) -> Picture | None:
        """Return a picture for anybody: only one that something shows that may go out now."""
        if not DIGEST.fullmatch(digest) or not await self._pictures.is_public(digest, now=self._clock.now()):
            return None
        return await self._pictures.get(digest)
