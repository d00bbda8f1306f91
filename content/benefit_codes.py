"""Codes of benefits: how ours are made and checked, and the form in which any code is compared.

Ours have twelve characters of thirty-one that nobody takes for another (no 0, 1, I, L, O), shown as XXXX-XXXX-XXXX.
Eleven are drawn, 54 bits; the last makes the sum of place times value divisible by 31. As 31 is prime and there are
fewer places, every single wrong character and every swap of two is found.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Final

ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
#: Characters of one of ours.
LENGTH: Final = 12
#: Longest code of a supplier, and characters of a code that staff may see.
LONGEST: Final = 64
SHOWN: Final = 4

_PRIME: Final = len(ALPHABET)
_VALUES: Final = {character: value for value, character in enumerate(ALPHABET)}
#: Characters of a supplier's code that count.
_SHORTEST: Final = 4
#: What a supplier's code may be made of, once blanks around it are gone.
_FORM: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{3,63}")


def make_code(draw: Callable[[int], int]) -> str:
    """Return a fresh code; `draw(n)` gives a number below n that nobody can guess."""
    drawn = [draw(_PRIME) for _ in range(LENGTH - 1)]
    total = sum(place * value for place, value in enumerate(drawn, start=1))
    # The place of the check has an inverse, since 31 is prime.
    check = -total * pow(LENGTH, -1, _PRIME) % _PRIME
    return "-".join(
        "".join(ALPHABET[value] for value in [*drawn, check][first : first + 4]) for first in range(0, LENGTH, 4)
    )


def compared(code: str) -> str:
    """Return a code as it is compared: without blanks and dashes, in capitals, full-width characters as plain ones."""
    plain = unicodedata.normalize("NFKC", code).upper()
    return "".join(character for character in plain if character not in "-‐‑‒–— " and not character.isspace())


def is_ours(code: str) -> bool:
    """Tell whether a code has the form and the check of ours; only then it can be one that was made here."""
    values = [_VALUES.get(character) for character in compared(code)]
    if len(values) != LENGTH or None in values:
        return False
    return sum(place * (value or 0) for place, value in enumerate(values, start=1)) % _PRIME == 0


def is_code(text: str) -> bool:
    """Tell whether a supplier's text can be a code at all: 4 to 64 letters, digits and `. _ / -`."""
    return _FORM.fullmatch(text) is not None and len(compared(text)) >= _SHORTEST


def hidden(code: str) -> str:
    """Return a code as staff see it: its last four characters, nothing of one that is shorter than eight."""
    shown = SHOWN if len(compared(code)) >= 2 * SHOWN else 0
    head, tail = (code[:-shown], code[-shown:]) if shown else (code, "")
    return "".join("*" if character.isalnum() else character for character in head) + tail
