"""A database that is away, said once and not with every round that finds it so."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from storage.errors import StorageError

log = structlog.get_logger()


class Outage:
    """What one loop knows of the database: `say(error)` is called when it goes away, a line tells when it is back."""

    def __init__(self, say: Callable[[StorageError], None]) -> None:
        self._say = say
        self._is_away = False

    def noted(self, error: StorageError) -> None:
        """Note that the database did not do what was asked."""
        if not self._is_away:
            self._is_away = True
            self._say(error)

    def over(self) -> None:
        """Note that the database did it."""
        if self._is_away:
            self._is_away = False
            log.info("The database answers again.", action="database_back")
