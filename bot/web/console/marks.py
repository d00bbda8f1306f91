"""Where the words of a search stand in a text, as HTML: everything is escaped, only the marks are ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup, escape

from content.normal_form import normalise

_GAP: Final = "…"


def marked(text: str, forms: Sequence[str], *, most: int | None = None) -> Markup:
    """Return `text` escaped, with every place where one of the normal forms stands inside <mark>.

    `most`: characters to show at most, around the first mark. A form that only the whole text's normal form has (signs
    that compose over a gap) is not marked.
    """
    places = _places(text, forms)
    first, end = _window(len(text), places, most=most)
    parts = [escape(_GAP)] if first > 0 else []
    at = first
    for begin, after in places:
        begin, after = max(begin, at), min(after, end)
        if begin >= after:
            continue
        parts += [escape(text[at:begin]), Markup("<mark>{}</mark>").format(text[begin:after])]
        at = after
    parts.append(escape(text[at:end]))
    if end < len(text):
        parts.append(escape(_GAP))
    return Markup("").join(parts)


def _places(text: str, forms: Sequence[str]) -> list[tuple[int, int]]:
    """Return begin and end of all places in order; those that touch or overlap are one."""
    # One character of the text can be several of its normal form (㎡: m2) or none (a comma).
    owners = [number for number, character in enumerate(text) for _ in normalise(character)]
    normal = "".join(normalise(character) for character in text)
    found: list[tuple[int, int]] = []
    for form in forms:
        at = normal.find(form) if form else -1
        while at >= 0:
            found.append((owners[at], owners[at + len(form) - 1] + 1))
            at = normal.find(form, at + 1)
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(found):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def _window(length: int, places: list[tuple[int, int]], *, most: int | None) -> tuple[int, int]:
    if most is None or length <= most:
        return 0, length
    begin = places[0][0] if places else 0
    first = max(0, min(begin - most // 4, length - most))
    return first, first + most
