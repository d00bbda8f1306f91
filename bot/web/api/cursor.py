"""Where a page ended, as a word that clients give back and do not read."""

from __future__ import annotations

import base64
import re
from typing import Final

from bot.web.api.problem import Refused, invalid

_LARGEST: Final = 2**63 - 1


def encode(list_name: str, *place: int) -> str:
    """Return the cursor of a place in a list: a few numbers."""
    text = ".".join([list_name, *map(str, place)])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(list_name: str, cursor: str, *, count: int, largest: int = _LARGEST) -> tuple[int, ...]:
    """Return the `count` numbers that `encode` was given.

    Raises Refused for a word that it did not make, made for another list, or made of larger numbers.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        text = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
    except ValueError:
        raise _strange() from None
    if not re.fullmatch(rf"{list_name}(\.[0-9]{{1,19}}){{{count}}}", text):
        raise _strange()
    place = tuple(int(number) for number in text.split(".")[1:])
    if max(place) > largest:
        raise _strange()
    return place


def _strange() -> Refused:
    return invalid(("query", "cursor", "not a cursor of this list; take the `next` of the page before"))
