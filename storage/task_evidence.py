"""What tasks were made of: the authored phrases that were found, never the customers' own words."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select

from storage.database import Database
from storage.tables import TASK_EVIDENCE


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
