"""Reading content: the list, one item, its versions, the queue of those that wait for review; all within a scope."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select

from storage.connection import Connection
from storage.content_rows import ItemRow, VersionRow, version_of
from storage.content_scope import reads, reviews, writes
from storage.database import Database
from storage.tables import BRANCH, CONTENT_ITEM, CONTENT_STOP, CONTENT_VERSION, STAFF
from storage.tables.contents import WORKING, VersionState
from storage.viewer import Viewer

_AUTHOR, _EDITOR, _REVIEWER = STAFF.alias("author"), STAFF.alias("editor"), STAFF.alias("reviewer")


class Contents:
    """Reads; what changes content is `storage.content_moves`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self,
        *,
        viewer: Viewer,
        limit: int,
        before: int | None = None,
        kind: str | None = None,
        state: str | None = None,
    ) -> list[ItemRow]:
        """Return items, the newest first; `state`: one that has a version in it. Raises StorageError."""
        query = select(CONTENT_ITEM.c.id).where(reads(viewer)).order_by(CONTENT_ITEM.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(CONTENT_ITEM.c.id < before)
        if kind is not None:
            query = query.where(CONTENT_ITEM.c.kind == kind)
        if state is not None:
            query = query.where(CONTENT_ITEM.c.id.in_(_in_state(state)))
        return await self._items(query)

    async def waiting(self, *, viewer: Viewer, limit: int) -> list[ItemRow]:
        """Return the items whose review the viewer may do, the one that waits longest first."""
        query = (
            select(CONTENT_ITEM.c.id)
            .join(CONTENT_VERSION, CONTENT_VERSION.c.item_id == CONTENT_ITEM.c.id)
            .where(reviews(viewer), CONTENT_VERSION.c.state == VersionState.IN_REVIEW)
            .order_by(CONTENT_VERSION.c.submitted_at, CONTENT_ITEM.c.id)
            .limit(limit)
        )
        return await self._items(query)

    async def one(self, item_id: int, *, viewer: Viewer) -> ItemRow | None:
        """Return an item that the viewer may see; None when there is none."""
        return await self._single(CONTENT_ITEM.c.id == item_id, reads(viewer))

    async def to_review(self, item_id: int, *, viewer: Viewer) -> ItemRow | None:
        """Return an item that the viewer may review; None when there is none."""
        return await self._single(CONTENT_ITEM.c.id == item_id, reviews(viewer))

    async def to_write(self, item_id: int, *, viewer: Viewer) -> ItemRow | None:
        """Return an item that the viewer may write; None when there is none."""
        return await self._single(CONTENT_ITEM.c.id == item_id, writes(viewer))

    async def changed(self, item_id: int, *, viewer: Viewer) -> ItemRow | None:
        """Return an item that the viewer may write or review, after they did."""
        return await self._single(CONTENT_ITEM.c.id == item_id, or_(writes(viewer), reviews(viewer)))

    async def keyed(self, key: str, *, viewer: Viewer) -> ItemRow | None:
        """Return the item of a key; None when the viewer sees none."""
        return await self._single(CONTENT_ITEM.c.key == key, reads(viewer))

    async def versions(self, item_id: int, *, viewer: Viewer, limit: int = 50) -> list[VersionRow]:
        """Return the versions of an item, the newest first."""
        query = (
            _versions(CONTENT_VERSION.c.item_id == item_id, reads(viewer))
            .order_by(CONTENT_VERSION.c.number.desc())
            .limit(limit)
        )
        async with self._database.read() as connection:
            return [version_of(row) for row in await connection.execute(query)]

    async def version(self, version_id: int, *, viewer: Viewer) -> VersionRow | None:
        """Return one version; None when the viewer sees none."""
        async with self._database.read() as connection:
            query = _versions(CONTENT_VERSION.c.id == version_id, reads(viewer))
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else version_of(row)

    async def _single(self, *conditions: ColumnElement[bool]) -> ItemRow | None:
        found = await self._items(select(CONTENT_ITEM.c.id).where(*conditions))
        return found[0] if found else None

    async def _items(self, ids: Any) -> list[ItemRow]:
        async with self._database.read() as connection:
            order = [int(found) for found in (await connection.execute(ids)).scalars()]
            rows = await _load(connection, order) if order else {}
        return [rows[item_id] for item_id in order if item_id in rows]


async def _load(connection: Connection, ids: Sequence[int]) -> dict[int, ItemRow]:
    newest = select(func.max(CONTENT_VERSION.c.number)).where(CONTENT_VERSION.c.item_id == CONTENT_ITEM.c.id)
    query = _versions(
        CONTENT_ITEM.c.id.in_(ids),
        or_(
            CONTENT_VERSION.c.state.in_((*WORKING, VersionState.APPROVED)),
            CONTENT_VERSION.c.number == newest.correlate(CONTENT_ITEM).scalar_subquery(),
        ),
    )
    by_item: dict[int, list[VersionRow]] = {}
    for row in await connection.execute(query):
        by_item.setdefault(row.item_id, []).append(version_of(row))
    items = (
        select(CONTENT_ITEM, BRANCH.c.name.label("branch"), _stop_of_item().label("stopped"))
        .outerjoin(BRANCH, BRANCH.c.id == CONTENT_ITEM.c.branch_id)
        .where(CONTENT_ITEM.c.id.in_(ids))
    )
    return {row.id: _item(row, by_item[row.id]) for row in await connection.execute(items) if row.id in by_item}


def _item(row: Any, versions: Sequence[VersionRow]) -> ItemRow:
    working = (VersionState.DRAFT, VersionState.IN_REVIEW, VersionState.RETURNED)
    return ItemRow(
        id=row.id,
        key=row.key,
        kind=row.kind,
        branch=row.branch,
        created_at=row.created_at,
        newest=max(versions, key=lambda each: each.number),
        working=next((each for each in versions if each.state in working), None),
        approved=next((each for each in versions if each.state is VersionState.APPROVED), None),
        stopped=row.stopped,
    )


def _versions(*conditions: ColumnElement[bool]) -> Any:
    return (
        select(
            CONTENT_VERSION,
            _AUTHOR.c.name.label("author"),
            _EDITOR.c.name.label("editor"),
            _REVIEWER.c.name.label("reviewer"),
        )
        .join(CONTENT_ITEM, CONTENT_ITEM.c.id == CONTENT_VERSION.c.item_id)
        .outerjoin(_AUTHOR, _AUTHOR.c.id == CONTENT_VERSION.c.author_id)
        .outerjoin(_EDITOR, _EDITOR.c.id == CONTENT_VERSION.c.editor_id)
        .outerjoin(_REVIEWER, _REVIEWER.c.id == CONTENT_VERSION.c.reviewer_id)
        .where(*conditions)
    )


def _stop_of_item() -> Any:
    """Return the reason of the stop that stands on an item, or on the product that its approved version names."""
    products = select(CONTENT_VERSION.c.product_key).where(
        CONTENT_VERSION.c.item_id == CONTENT_ITEM.c.id,
        CONTENT_VERSION.c.product_key != "",
        CONTENT_VERSION.c.state == VersionState.APPROVED,
    )
    return (
        select(func.min(CONTENT_STOP.c.reason))
        .where(
            CONTENT_STOP.c.lifted_at.is_(None),
            or_(
                CONTENT_STOP.c.item_id == CONTENT_ITEM.c.id,
                CONTENT_STOP.c.product_key.in_(products.correlate(CONTENT_ITEM)),
            ),
        )
        .correlate(CONTENT_ITEM)
        .scalar_subquery()
    )


def _in_state(state: str) -> Any:
    return select(CONTENT_VERSION.c.item_id).where(CONTENT_VERSION.c.state == state)
