"""Digits as people write them: ASCII, full width, circled, Chinese numerals, with marks between them.

A text is read once, character by character; what comes out are runs: digits that only marks stand between.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from content.value import value

#: So many visible marks may stand between two digits of one number, as in `138 - 1234`.
MOST_MARKS: Final = 3

#: Everyday and formal numerals, those spoken over radio and telephone (幺 1, 拐 7, 勾 9, 洞 0), Suzhou numerals.
_NUMERALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        character: digit
        for digit, characters in {
            "0": "〇零○◯洞",
            "1": "一壹壱弌幺吆〡",
            "2": "二贰貳弍弐两兩〢",
            "3": "三叁參参叄弎〣",
            "4": "四肆〤",
            "5": "五伍〥",
            "6": "六陆陸〦",
            "7": "七柒漆拐〧",
            "8": "八捌〨",
            "9": "九玖勾〩",
        }.items()
        for character in characters
    }
)
#: How the check character X of an identity number is written or said.
_X: Final = frozenset("XxХх×叉")
#: X is the last of 18: before so many digits it is a letter.
_DIGITS_BEFORE_X: Final = 17
#: Marks besides white space and dashes. A colon is none: it stands in times. `横` and `杠` are a dash that is said.
_MARKS: Final = frozenset("·•・‧./,、()[]_横杠")
#: Seen by nobody, so any number of them: format characters, variation selectors and the frame of a keycap (1️⃣).
_UNSEEN: Final = frozenset({"Cf", "Mn", "Me"})
_WHITE: Final = frozenset({"Zs", "Zl", "Zp"})


@value
class Sign:
    """What one character is within a number."""

    #: "0" to "9" or "X"; None for a mark.
    digit: str | None = None
    #: An ASCII or full-width digit and the like: it belongs to the one beside it, whereas 一 may be the next word.
    firm: bool = False
    #: "ascii", "wide" or "other": an amount is written in one of the first two.
    script: str = "other"
    #: A mark in its plain form; empty for one that nobody sees.
    mark: str = ""


@value
class Run:
    """Digits that only marks stand between, with all that is needed to find numbers in them."""

    #: The digits, one character each.
    digits: str
    #: Where each digit stands in the text, in code points.
    places: list[int]
    #: How each digit is written, as in `Sign.script`.
    scripts: list[str]
    #: Before each digit: the marks that part it from the one before, None when nothing does.
    gaps: list[str | None]
    #: Whether a number may begin at this digit, and end before it; one more than digits.
    edges: list[bool]


@lru_cache(maxsize=4096)
def sign(character: str) -> Sign | None:
    """Return what `character` is within a number, None when it ends one."""
    plain = unicodedata.normalize("NFKC", character)
    bare = plain.strip("().,")
    if len(bare) == 1 and (digit := _digit(bare)) is not None:
        return Sign(digit=digit, firm=unicodedata.category(character) == "Nd", script=_script(character))
    category = unicodedata.category(character)
    if character.isspace() or category in _WHITE:
        return Sign(mark=" ")
    if category == "Pd" or character == "−":
        return Sign(mark="-")
    if category in _UNSEEN:
        return Sign()
    if plain in _MARKS:
        return Sign(mark=plain)
    return None


@lru_cache(maxsize=4096)
def _is_digit(character: str) -> bool:
    read = sign(character)
    return read is not None and read.digit is not None


def _digit(character: str) -> str | None:
    """Return the digit that a character in its compatible form stands for."""
    if character in _NUMERALS:
        return _NUMERALS[character]
    if character in _X:
        return "X"
    number = unicodedata.digit(character, None)
    return None if number is None else str(number)


def _script(character: str) -> str:
    if character.isascii():
        return "ascii"
    return "wide" if "０" <= character <= "９" else "other"


def runs(text: str, *, least: int) -> list[Run]:
    """Return the runs of at least `least` digits, in the order of the text."""
    if sum(map(_is_digit, text)) < least:
        return []
    found: list[Run] = []
    reader = _Reader()
    for place, character in enumerate(text):
        read = sign(character)
        if read is None or not reader.takes(read, place):
            if len(reader.digits) >= least:
                found.append(reader.run())
            reader = _Reader()
            # What ended a run for its many marks, or for being an early X, may begin the next.
            if read is not None:
                reader.takes(read, place)
    if len(reader.digits) >= least:
        found.append(reader.run())
    return found


class _Reader:
    """Gathers one run."""

    def __init__(self) -> None:
        self.digits: list[str] = []
        self._places: list[int] = []
        self._scripts: list[str] = []
        self._gaps: list[str | None] = []
        self._edges: list[bool] = []
        self._marks: list[str] | None = None
        self._firm = False

    def takes(self, read: Sign, place: int) -> bool:
        """Take the next character into the run; False when it does not belong there."""
        if read.digit is None:
            return self._takes_mark(read.mark)
        if read.digit == "X" and len(self.digits) < _DIGITS_BEFORE_X:
            return False
        apart = self._marks is not None or not (self._firm and read.firm)
        self._edges.append(apart or not self.digits)
        self._gaps.append(None if self._marks is None else _plain(self._marks))
        self.digits.append(read.digit)
        self._places.append(place)
        self._scripts.append(read.script)
        self._marks = None
        self._firm = read.firm
        return True

    def _takes_mark(self, mark: str) -> bool:
        if not self.digits:
            return True
        marks = self._marks or []
        if mark:
            marks.append(mark)
        self._marks = marks
        return len(marks) <= MOST_MARKS

    def run(self) -> Run:
        """Return what was gathered."""
        return Run(
            digits="".join(self.digits),
            places=self._places,
            scripts=self._scripts,
            gaps=self._gaps,
            edges=[*self._edges, True],
        )


def _plain(marks: list[str]) -> str:
    """Return marks with all white space as one space before them: ` - ` is another gap than `-`."""
    visible = "".join(mark for mark in marks if mark != " ")
    return visible if visible and " " not in marks else " " + visible
