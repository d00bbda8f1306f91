"""The ways through the conditions of a template: what one person can read, of which no tag hides a part.

`content.piece_template.literal` runs all branches together; a word of which a branch holds one half, or a denial that
only some people read, shows in one of the ways alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from math import prod
from typing import Final

#: Ways that one field may have, and characters that all of them together may hold: a person must still be able to
#: review them, and the check to read them while others wait.
MOST_WAYS: Final = 64
MOST_CHARACTERS: Final = 100_000
#: Conditions inside of each other; a template that is not refused has fewer.
_DEEPEST: Final = 60
_TAG: Final = re.compile(r"\{\{.*?\}\}|\{%[-+]?\s*(?P<word>\w+).*?%\}|\{#.*?#\}", re.DOTALL)


@dataclass(slots=True)
class _Branch:
    """What stands in one branch, in order: stretches of words, and conditions by their branches."""

    parts: list[range | list[_Branch]] = field(default_factory=list)

    def count(self) -> int:
        return prod(sum(branch.count() for branch in part) for part in self.parts if isinstance(part, list))

    def ways(self) -> Iterator[list[int]]:
        """Yield the places of the characters of each way."""
        choices = [
            [list(part)] if isinstance(part, range) else [way for branch in part for way in branch.ways()]
            for part in self.parts
        ]
        for chosen in product(*choices):
            yield [place for places in chosen for place in places]


def is_readable(source: str) -> bool:
    """Tell whether the ways are few and short enough to be looked at one by one."""
    count = _parsed(source).count()
    return count == 1 or (count <= MOST_WAYS and count * len(source) <= MOST_CHARACTERS)


def ways_of(source: str) -> Iterator[list[tuple[int, str]]]:
    """Yield (place, character) of each way; nothing where there is one, or there are too many (`is_readable`)."""
    whole = _parsed(source)
    if whole.count() > 1 and is_readable(source):
        for places in whole.ways():
            yield [(place, source[place]) for place in places]


def _parsed(source: str) -> _Branch:
    """Return a template by its branches; one whose conditions do not match is refused elsewhere, and has one way."""
    whole = _Branch()
    #: From outside to inside the branch that is read, and of each condition whether its `else` was there.
    reading, has_else = [whole], [False]
    at = 0
    for tag in _TAG.finditer(source):
        reading[-1].parts.append(range(at, tag.start()))
        at, word = tag.end(), tag["word"]
        if word == "if":
            if len(reading) > _DEEPEST:
                return _Branch()
            branch = _Branch()
            reading[-1].parts.append([branch])
            reading.append(branch)
            has_else.append(False)
        elif word in ("elif", "else", "endif"):
            if len(reading) == 1:
                return _Branch()
            reading.pop()
            condition = reading[-1].parts[-1]
            assert isinstance(condition, list)
            if word == "endif":
                condition += [] if has_else.pop() else [_Branch()]
                continue
            has_else[-1] = has_else[-1] or word == "else"
            branch = _Branch()
            condition.append(branch)
            reading.append(branch)
    reading[-1].parts.append(range(at, len(source)))
    return whole if len(reading) == 1 else _Branch()
