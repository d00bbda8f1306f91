"""Which digits are a mobile or landline number, an identity number or a bank card's, and how much of each is shown."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import accumulate, pairwise
from typing import Final

from content.masking_digits import Run
from content.masking_ordinary import Block, inner_places, is_date, is_ordinary
from content.value import value

#: A mobile number without prefix and a landline with its area code; nothing that is hidden has fewer digits.
SHORTEST: Final = 11
#: The longest bank card number (ISO/IEC 7812-1); a mobile number with 0086 has 15.
LONGEST: Final = 19

_MOBILE: Final = 11
_IDENTITY: Final = 18
_OLD_IDENTITY: Final = 15
_SHORTEST_CARD: Final = 13
#: Country code and trunk prefix before a mobile number, and the digits that follow its 1.
_PREFIXES: Final = frozenset({"0086", "86", "0", ""})
_SECOND: Final = frozenset("3456789")
#: The first two digits of an identity number: provinces by GB/T 2260, 91 and more for foreign residents since 2023.
_PROVINCES: Final = frozenset(
    [
        *("11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37"),
        *("41", "42", "43", "44", "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65"),
        *("71", "81", "82", "83", *(f"9{number}" for number in range(10))),
    ]
)
#: GB 11643-1999 (ISO 7064 MOD 11-2): the weights 2^(17-i) mod 11, and the check character of each remainder.
_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS: Final = "10X98765432"
#: First digits of a number within its area, and of an area code of three digits without its 0.
_LOCAL: Final = frozenset("2345678")
_FAR: Final = frozenset("3456789")
_FIRST_BIRTH: Final = 1880
_LAST_BIRTH: Final = 2099
#: Twice a digit, its own digits added: the Luhn sum of ISO/IEC 7812-1 Annex B.
_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


@value
class Kept:
    """How many digits of a number stay, at its beginning and at its end."""

    head: int
    tail: int


#: What is shown, in one table; `docs/masking.md` says why. A country code and a trunk prefix stay besides.
MOBILE: Final = Kept(head=3, tail=4)
#: The area code stays besides.
LANDLINE: Final = Kept(head=0, tail=2)
IDENTITY: Final = Kept(head=4, tail=2)
CARD: Final = Kept(head=0, tail=4)
#: What could be an identity number as well as a card.
EITHER: Final = Kept(head=0, tail=2)


@value
class Match:
    """A number in a run: digits `start` to before `end`, of which `shown` stay."""

    start: int
    end: int
    shown: Kept


def matches(run: Run) -> Iterator[Match]:
    """Yield every number in a run; they may overlap, and what any of them hides is hidden.

    From each edge at most `LONGEST` digits are looked at, so the time is linear in the length of the run.
    """
    size = len(run.digits)
    search = _Search(run)
    closed = inner_places(_blocks(run, 0, size))
    edges = [open_ and place not in closed for place, open_ in enumerate(run.edges)]
    for start in range(size - SHORTEST + 1):
        if not edges[start]:
            continue
        identity = 0
        # The longest first: an identity number ending in X is no card of the 17 digits before it.
        for end in range(min(size, start + LONGEST), start + SHORTEST - 1, -1):
            kept = search.kept(start, end) if edges[end] else None
            if kept is None or (kept is CARD and end == identity - 1):
                continue
            if run.digits[end - 1] == "X":
                identity = end
            yield Match(start=start, end=end, shown=kept)


class _Search:
    """Judges windows of one run."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._sums = _luhn_sums(run.digits)

    def kept(self, start: int, end: int) -> Kept | None:
        """Return how much is shown of the digits if they are a number that has to be hidden."""
        digits = self._run.digits[start:end]
        if not digits[:-1].isdecimal():
            return None
        size = end - start
        parted = self._run.gaps[start + 1 : end].count(None) < size - 1
        if size == _IDENTITY and _looks_like_identity(digits):
            if _check_character(digits[:17]) == digits[17]:
                return IDENTITY
            # A mistyped one is hidden too when it stands in one piece.
            identity = not parted
        else:
            identity = size == _OLD_IDENTITY and _is_old_identity(digits)
        if digits[-1] == "X":
            return IDENTITY if identity else None
        kept = _mobile(digits) or _landline(digits) or self._long(start, end, identity=identity, parted=parted)
        return None if kept is None or (parted and self._is_ordinary(start, end)) else kept

    def _long(self, start: int, end: int, *, identity: bool, parted: bool) -> Kept | None:
        """Return what is shown of a card or of what may be an identity number."""
        if end - start < _SHORTEST_CARD:
            return None
        card = self._has_luhn_sum(start, end) and _may_be_card(self._run.digits[start:end], parted=parted)
        if identity:
            return EITHER if card else IDENTITY
        return CARD if card else None

    def _has_luhn_sum(self, start: int, end: int) -> bool:
        """Tell whether the last digit is the check digit of those before it (ISO/IEC 7812-1 Annex B)."""
        # Counted from the end every second digit is doubled, the last is not.
        sums = self._sums[end % 2]
        return (sums[end] - sums[start]) % 10 == 0

    def _is_ordinary(self, start: int, end: int) -> bool:
        """Tell whether the pieces that marks make of a window are ordinary numbers."""
        blocks = _blocks(self._run, start, end)
        # Digit by digit is how people spell one number; it also is the most costly to look through.
        return len(blocks) < end - start and is_ordinary(blocks)


def _blocks(run: Run, start: int, end: int) -> list[Block]:
    """Return the pieces that marks make of some digits."""
    bounds = [start, *(at for at in range(start + 1, end) if run.gaps[at] is not None), end]
    return [
        Block(
            digits=run.digits[first:after],
            gap=None if first == start else run.gaps[first],
            script=run.scripts[first] if len(set(run.scripts[first:after])) == 1 else "mixed",
        )
        for first, after in pairwise(bounds)
    ]


def _luhn_sums(digits: str) -> tuple[list[int], list[int]]:
    """Return the running sums with the digits at even places doubled, and with those at odd places."""
    numbers = [0 if digit == "X" else int(digit) for digit in digits]
    return (
        [0, *accumulate(number if at % 2 else _DOUBLED[number] for at, number in enumerate(numbers))],
        [0, *accumulate(_DOUBLED[number] if at % 2 else number for at, number in enumerate(numbers))],
    )


def _mobile(digits: str) -> Kept | None:
    """Return what is shown of a mobile number: 1[3-9] and nine more, with +86, 0086, 86 or 0 before it or nothing."""
    prefix, rest = digits[:-_MOBILE], digits[-_MOBILE:]
    if rest[0] == "1" and rest[1] in _SECOND and prefix in _PREFIXES:
        return Kept(head=len(prefix) + MOBILE.head, tail=MOBILE.tail)
    return None


def _landline(digits: str) -> Kept | None:
    """Return what is shown of a landline number with its area code.

    010 and 02x have eight digits behind them, of which the first is 2 to 8, 03xx to 09xx have seven or eight. After
    the country code the area code has lost its 0.
    """
    rest = digits.removeprefix("00") if digits.startswith("0086") else digits
    if rest.startswith("86"):
        rest = rest[2:].removeprefix("0")
    elif rest.startswith("0"):
        rest = rest[1:]
    else:
        return None
    area = _area(rest)
    local = rest[area:]
    if area == 0 or local[:1] not in _LOCAL or len(local) not in ((8,) if area == 2 else (7, 8)):
        return None
    return Kept(head=len(digits) - len(local) + LANDLINE.head, tail=LANDLINE.tail)


def _area(digits: str) -> int:
    """Return the length of the area code, its 0 not counted; 0 when there is none."""
    if digits.startswith(("10", "2")):
        return 2
    return 3 if digits[:1] in _FAR else 0


def _looks_like_identity(digits: str) -> bool:
    """A resident identity number of 18 (GB 11643-1999), its check character aside: province and day of birth."""
    return digits[:2] in _PROVINCES and _born(digits[6:14])


def _check_character(digits: str) -> str:
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=True))
    return _CHECKS[total % len(_CHECKS)]


def _is_old_identity(digits: str) -> bool:
    """A number of 15, as it was until 1999: province, day of birth with two digits for the year, no check."""
    return digits[:2] in _PROVINCES and _born("19" + digits[6:12])


def _born(digits: str) -> bool:
    year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:])
    if not _FIRST_BIRTH <= year <= _LAST_BIRTH:
        return False
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _may_be_card(digits: str, *, parted: bool) -> bool:
    """Tell whether a bank card's number may begin so (ISO/IEC 7812-1).

    Numbers that begin with a day of 1900–2099 are orders and time stamps. In pieces a number also begins as issued
    ones do: banks have 3 to 6, 22 to 27 and, in older ones of China, 8 and 9.
    """
    if is_date(digits[:8]):
        return False
    return not parted or digits[0] in "345689" or "22" <= digits[:2] <= "27"
