"""Where a sign-in may lead on: to a page of the console, and nowhere else."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote, urlsplit

from bot.web.console.pages import ROOT

_LONGEST: Final = 1000


def local_path(text: str) -> str | None:
    """Return `text` when it is a path below /console (with its query), else None.

    Browsers take a backslash for a slash, drop tabs and line ends, and resolve dots also where they are encoded: none
    of these may stand in it.
    """
    if (
        not text.startswith(ROOT)
        or len(text) > _LONGEST
        or not text.isprintable()
        or not text.isascii()
        or "\\" in text
    ):
        return None
    path = urlsplit(text).path
    steps = unquote(unquote(path)).replace("\\", "/").split("/")
    if any(step in (".", "..") for step in steps) or "" in steps[1:-1]:
        return None
    return text if path == ROOT or path.startswith(f"{ROOT}/") else None
