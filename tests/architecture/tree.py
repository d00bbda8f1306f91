"""The source tree as the architecture tests see it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PACKAGES: Final = ("bot", "handlers", "storage", "content")
#: Alembic runs these itself, inside a migration; nobody imports them.
_RUN_BY_ALEMBIC: Final = ROOT / "storage" / "migrations"


def modules() -> list[Path]:
    """Return every module of the product."""
    found = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return sorted(path for path in found if not path.is_relative_to(_RUN_BY_ALEMBIC))


def module_name(path: Path) -> str:
    """Return the name a module is imported by."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def lines(path: Path) -> int:
    """Return how many lines a module has."""
    return len(path.read_text(encoding="utf-8").splitlines())
