"""Cutting words into pieces that are short enough, at the end of a sentence where there is one."""

from __future__ import annotations

import re
from typing import Final

from content.elder import characters

#: What is never cut apart: an address, a number, a date, a word of letters; everything else is a character of its own.
_TOKEN: Final = re.compile(r"https?://[!-~]+|[A-Za-z0-9][A-Za-z0-9.,:%+\-/#*]*|.", re.DOTALL)
_ENDS: Final = frozenset("。！？；!?;\n")
_PAUSES: Final = frozenset("，、：,: ")
#: Stands with what is before it, never at the beginning of a piece.
_CLOSING: Final = frozenset("。！？；!?;，、：,:」』）)》】…")
_OPENING: Final = frozenset("「『（(《【")


def split(words: str, room: int) -> tuple[str, str]:
    """Return the first piece of at most `room` characters, and the rest ("" when all of it fits).

    An end of a sentence is looked for first, then a pause; both count only behind a third of the room. Raises
    ValueError when there is no room at all.
    """
    if room < 1:
        raise ValueError(f"no piece of {room} characters can be made; leave room for at least one")
    words = words.strip()
    if characters(words) <= room:
        return words, ""
    ends = {"end": 0, "pause": 0, "any": 0}
    used = place = 0
    tokens = _TOKEN.findall(words)
    for token, following in zip(tokens, [*tokens[1:], ""], strict=True):
        used += characters(token)
        if used > room:
            break
        place += len(token)
        kind = _kind(token, following)
        if kind is not None:
            ends["any"] = place
            if kind != "any" and 3 * used >= room:
                ends[kind] = place
    # A single token longer than the room: it has to be cut all the same.
    cut = ends["end"] or ends["pause"] or ends["any"] or room
    return words[:cut].rstrip(), words[cut:].lstrip()


def _kind(token: str, following: str) -> str | None:
    """Return what may end behind a token; None where no piece may end."""
    if token in _OPENING or following in _CLOSING:
        return None
    # A closing quote belongs to the sentence that ends before it; by itself it ends nothing.
    if token in _ENDS:
        return "end"
    return "pause" if token in _PAUSES else "any"
