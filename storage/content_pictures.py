"""Pictures of content, each once under the digest of its bytes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select

from content.picture_bytes import Picture
from storage.audit import Deed, note_deed
from storage.connection import Connection
from storage.content_standing import content_standings
from storage.database import Database
from storage.people import upsert
from storage.tables import CONTENT_PICTURE, CONTENT_VERSION
from storage.tables.contents import VersionState
from storage.viewer import Viewer


class ContentPictures:
    """Keeps pictures in the database: every process has them, and so does a backup."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, picture: Picture, *, viewer: Viewer, now: datetime) -> None:
        """Keep a picture; one that is there already stays as it is."""

        async def apply(connection: Connection) -> None:
            statement = upsert(connection.dialect)(CONTENT_PICTURE).values(
                digest=picture.digest,
                content_type=picture.content_type,
                width=picture.width,
                height=picture.height,
                body=picture.body,
                added_by=viewer.staff_id,
                added_at=now,
            )
            made = await connection.execute(
                statement.on_conflict_do_nothing(index_elements=["digest"]).returning(CONTENT_PICTURE.c.digest)
            )
            if made.scalar() is not None:
                deed = Deed(action="picture_added", subject="picture", detail=picture.digest)
                await note_deed(connection, viewer, deed, now=now)

        await self._database.write(apply)

    async def known(self, digests: Collection[str]) -> frozenset[str]:
        """Return which of the digests name pictures that are kept."""
        if not digests:
            return frozenset()
        query = select(CONTENT_PICTURE.c.digest).where(CONTENT_PICTURE.c.digest.in_(sorted(digests)))
        async with self._database.read() as connection:
            return frozenset((await connection.execute(query)).scalars())

    async def get(self, digest: str) -> Picture | None:
        """Return a picture; None when there is none."""
        query = select(CONTENT_PICTURE).where(CONTENT_PICTURE.c.digest == digest)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            return None
        return Picture(
            digest=row.digest,
            content_type=row.content_type,
            width=row.width,
            height=row.height,
            body=bytes(row.body),
        )

    async def is_public(self, digest: str, *, now: datetime) -> bool:
        """Tell whether a version shows it that may go out now: only then anybody may fetch it."""
        if not await self.known([digest]):
            return False
        # 64 hexadecimal digits between quotes stand nowhere else in the JSON by chance.
        query = select(CONTENT_VERSION.c.id).where(
            CONTENT_VERSION.c.state == VersionState.APPROVED,
            CONTENT_VERSION.c.spec.contains(f'"picture":"{digest}"', autoescape=True),
        )
        async with self._database.read() as connection:
            ids = list((await connection.execute(query)).scalars())
            standings = await content_standings(connection, ids) if ids else {}
        return any(
            not each.is_stopped and each.expires_at is not None and each.expires_at > now for each in standings.values()
        )
