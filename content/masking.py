"""Masking: phone, identity and card numbers, and codes of benefits, in what people read, export or give to a model.

The log keeps words as they were said; they are masked on the way out. `docs/masking.md` says what is found and what
not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from content.masking_codes import hide_codes
from content.masking_digits import Run, runs
from content.masking_kinds import SHORTEST, Kept, matches

MASK: Final = "*"
#: Fields that hold what a platform or Zhike named, no person's words: masked they would no longer be found or opened.
NAMES: Final = frozenset(
    {
        "media_id",
        "kept_by",
        "thumb_media_id",
        "picture_url",
        "pic_url",
        "ticket",
        "key",
        "scene",
        "option",
        "msgid",
        "msg_id",
    }
)

#: A link to a customer's own data works for whoever has it: its secret is for them alone.
_LINK: Final = re.compile(r"(?<=/my-data/)[A-Za-z0-9_-]{20,}")
_NOTHING: Final = Kept(head=0, tail=0)


def mask(text: str) -> str:
    """Return `text` with the hidden digits of every number as `*`: as many code points, everything else untouched.

    The result is its own masking. Linear in the length of the text.
    """
    text = _LINK.sub(lambda found: MASK * len(found[0]), text) if "/my-data/" in text else text
    text = hide_codes(text)
    once = _hidden(text, whole=False)
    # What is left of a number may, with what stands beside it, look like another one. Hidden whole it leaves nothing to
    # find: all its neighbours had their edge towards it before, so a third round would see what the second saw.
    return text if once == text else _hidden(once, whole=True)


def mask_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields of a message with every string masked, at any depth, but those under `NAMES`."""
    return {name: item if name in NAMES else _masked(item) for name, item in fields.items()}


def _masked(item: Any) -> Any:
    if isinstance(item, str):
        return mask(item)
    if isinstance(item, Mapping):
        return mask_fields(item)
    if isinstance(item, list | tuple):
        return [_masked(part) for part in item]
    return item


def _hidden(text: str, *, whole: bool) -> str:
    """Return the text with what any number hides replaced; `whole`: with nothing of a number shown."""
    places = [place for run in runs(text, least=SHORTEST) for place in _places(run, whole=whole)]
    if not places:
        return text
    characters = list(text)
    for place in places:
        characters[place] = MASK
    return "".join(characters)


def _places(run: Run, *, whole: bool) -> list[int]:
    """Return where the hidden digits of a run stand in the text."""
    places: list[int] = []
    for match in matches(run):
        shown = _NOTHING if whole else match.shown
        places += run.places[match.start + shown.head : match.end - shown.tail]
    return places
