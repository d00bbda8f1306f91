"""SQLite files for tests: a copy of a migrated one costs less than migrating anew."""

from __future__ import annotations

import shutil
from pathlib import Path


def copy_sqlite(template: Path, folder: Path) -> str:
    """Copy a SQLite file into a folder and return the copy's URL."""
    file = folder / "zhike.db"
    shutil.copy(template, file)
    return f"sqlite+aiosqlite:///{file}"
