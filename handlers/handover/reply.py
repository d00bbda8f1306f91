"""The words of a reply that was typed outside of a chat: how long, and which characters of them leave."""

from __future__ import annotations

import unicodedata
from typing import Final

#: Characters of one reply; 600 of Chinese are 1,800 bytes, below the 2,048 of a text to a follower (platform.md).
LONGEST_REPLY: Final = 600


def as_typed(text: str) -> str:
    """Return a reply as it was typed, without control characters (PostgreSQL takes no NUL) and lone surrogates."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return "".join(char for char in lines if char == "\n" or unicodedata.category(char) not in ("Cc", "Cs")).strip()
