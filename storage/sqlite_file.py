"""The SQLite file: where it lies, and that it is its owner's alone (it holds people's words and our tokens)."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError


def path_of(url: URL, *, home: Path) -> Path:
    """Return the file of a SQLite URL; a relative one lies below `home`."""
    path = Path(url.database or "zhike.db")
    return path if path.is_absolute() else home / path


def sqlite_file(url: str, *, home: Path) -> Path | None:
    """Return the file of a database URL, None when it names none (another database, or not to be read)."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        return None
    return path_of(parsed, home=home) if parsed.get_backend_name() == "sqlite" else None


def make_private(path: Path) -> None:
    """Make the file and its folder, readable by nobody else, unless they are there; SQLite's others follow its mode.

    What is there keeps its mode: an operator may have opened it on purpose. Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
