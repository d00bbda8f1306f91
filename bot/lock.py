"""One serving process a SQLite file: a lock the operating system frees when the process ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from storage.errors import DatabaseInUse


class ServeLock:
    """Held while the process serves. Raises DatabaseInUse when another one does.

    It lies beside the database's own file, whatever path led there: two homes may name one database.
    """

    def __init__(self, database: Path) -> None:
        self._database = database.resolve()
        self._file: int | None = None

    def __enter__(self) -> ServeLock:
        path = self._database.with_name(f"{self._database.name}.lock")
        self._file = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._file)
            self._file = None
            raise DatabaseInUse(
                f"another zhike already serves on {self._database}; stop it first, or use PostgreSQL for several"
            ) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            os.close(self._file)
