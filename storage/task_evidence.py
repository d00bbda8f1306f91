"""What tasks were made of: the authored phrases that were found, and the messages they were found in."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import and_, select

from content.value import value
from storage.database import Database
from storage.tables import ACCOUNT, CONTENT, CUSTOMER, IDENTITY, MESSAGE, TASK_EVIDENCE
from storage.timeline import SAID, Said, said
from storage.viewer import Viewer, visible

#: Messages that are shown of one task: who goes on complaining adds one after the other.
MOST: Final = 50


@value
class Evidence:
    """One message that shows a task's cause."""

    account: str
    #: Its row in the log of the account.
    seq: int
    #: The authored phrase that was found in it; "" where something else than words made the task.
    phrase: str
    #: When it was found.
    at: datetime
    #: None for a viewer who may not read the customer's conversations, and for who was erased.
    said: Said | None


class TaskPhrases:
    """Reads the phrases of tasks that somebody may see."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, task_ids: Collection[int]) -> dict[int, tuple[str, ...]]:
        """Return by task its phrases, each once, the one found first at the front. Raises StorageError."""
        if not task_ids:
            return {}
        query = (
            select(TASK_EVIDENCE.c.task_id, TASK_EVIDENCE.c.phrase)
            .where(TASK_EVIDENCE.c.task_id.in_(sorted(task_ids)))
            .order_by(TASK_EVIDENCE.c.id)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        found: dict[int, dict[str, None]] = {}
        for row in rows:
            found.setdefault(row.task_id, {})[row.phrase] = None
        return {task_id: tuple(phrases) for task_id, phrases in found.items()}


class TaskEvidenceList:
    """Reads the messages of one task that somebody may see."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, task_id: int, *, reader: Viewer | None) -> list[Evidence]:
        """Return the newest evidence of a task, the newest first, at most `MOST`. Raises StorageError.

        What was said comes with it as far as `reader` sees the customer and the account; for None it does not.
        """
        query = (
            select(ACCOUNT.c.name, TASK_EVIDENCE)
            .join(ACCOUNT, ACCOUNT.c.id == TASK_EVIDENCE.c.account_id)
            .where(TASK_EVIDENCE.c.task_id == task_id)
            .order_by(TASK_EVIDENCE.c.id.desc())
            .limit(MOST)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        words = {} if reader is None or not rows else await self._words(task_id, rows[-1].id, reader)
        return [
            Evidence(
                account=row.name,
                seq=row.seq,
                phrase=row.phrase,
                at=row.at,
                said=words.get((row.account_id, row.seq)),
            )
            for row in rows
        ]

    async def _words(self, task_id: int, first_id: int, reader: Viewer) -> dict[tuple[int, int], Said]:
        """Return by account and row what was said in a task's evidence from that row of it on."""
        query = (
            select(*SAID)
            .select_from(TASK_EVIDENCE)
            .join(
                MESSAGE, and_(MESSAGE.c.account_id == TASK_EVIDENCE.c.account_id, MESSAGE.c.seq == TASK_EVIDENCE.c.seq)
            )
            .join(ACCOUNT, ACCOUNT.c.id == MESSAGE.c.account_id)
            .join(IDENTITY, IDENTITY.c.id == MESSAGE.c.identity_id)
            .join(CUSTOMER, CUSTOMER.c.id == IDENTITY.c.customer_id)
            .outerjoin(CONTENT, and_(CONTENT.c.account_id == MESSAGE.c.account_id, CONTENT.c.seq == MESSAGE.c.seq))
            .where(TASK_EVIDENCE.c.task_id == task_id, TASK_EVIDENCE.c.id >= first_id, CUSTOMER.c.erased_at.is_(None))
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(visible(query, reader))).all()
        return {(row.account_id, row.seq): said(row) for row in rows}
