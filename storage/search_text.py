"""The words of a message that a person could read, in the form in which they are compared.

Width, case, spaces and punctuation do not count (`content/normal_form.py`); traditional characters are not turned into
simplified ones. Ids of media and addresses of pages are no words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final

from content.normal_form import normalise
from content.value import value

#: By kind of message the fields that hold words.
_WORDS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "text": ("content",),
        "voice": ("recognition",),
        "link": ("title", "description"),
        "location": ("label",),
        "menu": ("head", "tail"),
    }
)
#: By kind of message the field that holds several of something, and which of its fields are words.
_LISTED: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = MappingProxyType(
    {"news": ("articles", ("title", "description")), "menu": ("options", ("label",))}
)


@value
class Words:
    """What is looked for: every one of these normal forms must stand in a message, each in one of its parts."""

    forms: tuple[str, ...]

    def pairs(self) -> frozenset[tuple[int, int]]:
        """Return the pairs of code points that a message with these words has; of one character alone (it, 0)."""
        found: set[tuple[int, int]] = set()
        for form in self.forms:
            points = [ord(character) for character in form]
            found.update(pairwise(points) if len(points) > 1 else [(points[0], 0)])
        return frozenset(found)

    def stand_in(self, parts: list[str]) -> bool:
        """Tell whether all of them stand in a message's parts."""
        return all(any(form in part for part in parts) for form in self.forms)


def parts_of(kind: str, fields: Mapping[str, Any] | None) -> list[str]:
    """Return the normal forms of a message's words, one a part: a match does not reach from a title into the text.

    Never raises: of a kind that is not known, and of fields of another shape, there are none.
    """
    if fields is None:
        return []
    return [form for words in _readable(kind, fields) if isinstance(words, str) and (form := normalise(words))]


def _readable(kind: str, fields: Mapping[str, Any]) -> Iterator[Any]:
    for name in _WORDS.get(kind, ()):
        yield fields.get(name)
    listed = _LISTED.get(kind)
    if listed is not None:
        items = fields.get(listed[0])
        for item in items if isinstance(items, list) else ():
            if isinstance(item, Mapping):
                yield from (item.get(name) for name in listed[1])
