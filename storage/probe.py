"""A probe is told the name of each point that a kill may hit; crash runs pass one that kills, everybody else none."""

from __future__ import annotations

from collections.abc import Callable

Probe = Callable[[str], None]


def no_probe(_point: str) -> None:
    """Do nothing."""
