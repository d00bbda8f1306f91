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
    if len(text) > _LONGEST or not text.isprintable() or not text.isascii() or "\\" in text:
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    if parts.scheme or parts.netloc or text.startswith("//"):
        return None
    steps = unquote(unquote(parts.path)).replace("\\", "/").split("/")
    if any(step in (".", "..") for step in steps) or "" in steps[1:-1]:
        return None
    return text if parts.path == ROOT or parts.path.startswith(f"{ROOT}/") else None
