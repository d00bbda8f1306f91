"""People who write content and review it, over a real database; and pieces for them to write."""

from __future__ import annotations

import struct
import zlib
from functools import cache
from pathlib import Path
from typing import Any, Final

from bot.contents import ContentRooms, build_contents
from bot.settings import ContentSettings, Settings
from content.loader import load_content
from content.piece import Piece, Variable, Variant
from content.tree import Content
from handlers.clock import Clock
from storage.content_drafts import Moved
from storage.content_rows import ItemRow
from tests.fakes.firm import Firm
from tests.fakes.stores import OpenStores

WORDS: Final = "{{ name }}，祝您生日快乐！"
HOSTS: Final = ("www.anxin.example",)


@cache
def built_in() -> Content:
    """Return the built-in content, read once: it never changes."""
    return load_content(None)


def piece(text: str = WORDS, *, key: str = "birthday", **more: Any) -> Piece:
    """Return a text that the machine finds nothing in."""
    fields: dict[str, Any] = {
        "key": key,
        "kind": "text",
        "name": "生日祝福",
        "purpose": "service",
        "variables": {"name": Variable(example="王女士")} if "{{ name }}" in text else {},
        "variants": {"A": Variant(text=text)},
    }
    return Piece.model_validate({**fields, **more})


def png(width: int = 2, height: int = 1) -> bytes:
    """Return the bytes of a small grey picture."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    rows = (b"\x00" + b"\x80" * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


class Newsroom:
    """The rooms of content, and the staff of a firm in front of them."""

    def __init__(self, stores: OpenStores, firm: Firm, clock: Clock, *, testers: tuple[str, ...] = ()) -> None:
        self.firm = firm
        self.stores = stores
        self.clock = clock
        settings = Settings(home=Path("/nowhere"), contents=ContentSettings(link_hosts=HOSTS, testers=testers))
        self.rooms: ContentRooms = build_contents(stores.database, clock=clock, settings=settings, content=built_in())

    async def draft(self, written: Piece | None = None, *, by: str = "qian") -> ItemRow:
        """Let somebody begin an item."""
        moved, item_id = await self.rooms.desk.create(await self.firm.viewer(by), written or piece())
        assert moved is Moved.DONE
        return await self.item(item_id)

    async def submitted(self, written: Piece | None = None, *, by: str = "qian") -> ItemRow:
        """Let somebody write and ask for review."""
        return await self.submit(await self.draft(written, by=by), by=by)

    async def submit(self, item: ItemRow, *, by: str = "qian", **answers: str) -> ItemRow:
        """Let somebody ask for the review of a draft."""
        item = await self.item(item.id)
        viewer = await self.firm.viewer(by)
        asked = await self.rooms.desk.submit(viewer, item, revision=item.newest.revision, answers=answers)
        assert asked.moved is Moved.DONE, asked
        return await self.item(item.id)

    async def approve(self, item: ItemRow, *, by: str = "zhou") -> Moved:
        """Let somebody approve the version of `item` as they have seen it."""
        newest, viewer = item.newest, await self.firm.viewer(by)
        asked = await self.rooms.review.approve(viewer, item.id, number=newest.number, revision=newest.revision)
        return asked.moved

    async def approved(self, written: Piece | None = None, *, by: str = "qian", reviewer: str = "zhou") -> ItemRow:
        """Let somebody write and another one approve."""
        item = await self.submitted(written, by=by)
        assert await self.approve(item, by=reviewer) is Moved.DONE
        return await self.item(item.id)

    async def save(self, item: ItemRow, text: str, *, by: str = "qian") -> Moved:
        """Let somebody write other words over an item as they have seen it."""
        newest = item.newest
        changed = newest.piece.model_copy(update={"variants": {"A": Variant(text=text)}, "variables": {}})
        return await self.rooms.desk.save(
            await self.firm.viewer(by), item, changed, based_on=(newest.number, newest.revision)
        )

    async def item(self, item_id: int) -> ItemRow:
        """Return an item as it stands."""
        seen = await self.rooms.reading.one(await self.firm.viewer("wu"), item_id)
        assert seen is not None
        return seen.item

    async def states(self, item: ItemRow) -> list[str]:
        """Return the states of an item's versions in the order of their numbers."""
        rows = await self.stores.rows(
            "SELECT state FROM content_version WHERE item_id = :id ORDER BY number", id=item.id
        )
        return [row["state"] for row in rows]

    async def deeds(self) -> list[tuple[str, str, str]]:
        """Return (action, viewer, detail) of what was done with content, in order."""
        rows = await self.stores.rows(
            "SELECT action, viewer, detail FROM audit_entry WHERE subject IN ('content', 'product') ORDER BY id"
        )
        return [(row["action"], row["viewer"], row["detail"]) for row in rows]
