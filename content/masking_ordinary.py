"""Numbers of everyday text that stand side by side: amounts, dates, years, service numbers.

`3000、5000、10000` are three amounts and not the thirteen digits of a card. A window of several blocks is ordinary when
it holds a whole date or a whole 400 number, or consists of such things throughout. What a block is part of is judged
within the window alone, so that masking a neighbour changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final

from content.value import value

_MONTHS: Final = 12
_DAYS: Final = 31
_FIRST_YEAR: Final = 1900
_LAST_YEAR: Final = 2099
_LISTED: Final = 3
#: Marks that go on with a date or an amount; one that is whole has others around it, or none.
_JOINING: Final = frozenset("./·")


@value
class Block:
    """Digits with nothing between them, and the marks before them (None at the start)."""

    digits: str
    gap: str | None
    #: As in `masking_digits.Sign.script`, "mixed" when there are several.
    script: str

    @property
    def is_word(self) -> bool:
        """Whether it may be a word of the sentence, as 两 and 一 are."""
        return self.script == "other" and len(self.digits) == 1


def is_ordinary(blocks: Sequence[Block]) -> bool:
    """Tell whether several blocks are ordinary numbers side by side; one block never is.

    Amounts and dates are all in ASCII or all in full-width digits, a word such as 两 before or after them aside. Other
    writing is ordinary only in counting (一、三、五).
    """
    if len(blocks) < 2:
        return False
    first, after = 0, len(blocks)
    while first < after and blocks[first].is_word:
        first += 1
    while after > first and blocks[after - 1].is_word:
        after -= 1
    numbers = blocks[first:after]
    return _counts(blocks) or (_in_one_script(numbers) and (_holds_whole(numbers) or _consists(numbers)))


def is_date(digits: str) -> bool:
    """Tell whether eight digits are a day of 1900 to 2099 (the calendar's short months aside)."""
    return len(digits) == 8 and _year(digits[:4]) and _month(digits[4:6]) and _day(digits[6:])


def inner_places(blocks: Sequence[Block]) -> set[int]:
    """Return where in the digits of a run no number begins or ends: inside a date, 3,000,000, 二〇二五、二〇二六."""
    inner: set[int] = set()
    at = place = 0
    while at < len(blocks):
        length = _whole_length(blocks, at)
        size = sum(len(block.digits) for block in blocks[at : at + length])
        if length > 1:
            inner.update(range(place + 1, place + size))
        at, place = at + length, place + size
    return inner


def _whole_length(blocks: Sequence[Block], at: int) -> int:
    """Return how many blocks the date, the amount or the list of years takes that begins here; 1 when none does."""
    years = at
    while years < len(blocks) and blocks[years].script == "other" and _year(blocks[years].digits):
        years += 1
    if years > at:
        return years - at
    if _fits(blocks, at, 3, _long_date) and _in_one_script(blocks[at : at + 3]):
        return 3
    ends = [end for end in _thousands(blocks, at) if _in_one_script(blocks[at:end])]
    return max(ends, default=at + 1) - at


def _in_one_script(blocks: Sequence[Block]) -> bool:
    return {block.script for block in blocks} in ({"ascii"}, {"wide"})


def _holds_whole(blocks: Sequence[Block]) -> bool:
    """A date or a 400 number of three blocks, its inner mark other than those around it."""
    return any(
        _fits(blocks, at, 3, whole)
        for at in range(len(blocks) - 2)
        if len(blocks[at].digits) in (3, 4)
        for whole in (_long_date, _service_line)
    )


def _counts(blocks: Sequence[Block]) -> bool:
    """1、3、5、7: at least three numbers at one distance."""
    if len(blocks) < _LISTED or any(block.digits[0] == "0" for block in blocks):
        return False
    numbers = [int(block.digits) for block in blocks]
    steps = {after - before for before, after in pairwise(numbers)}
    return len(steps) == 1 and steps != {0}


def _consists(blocks: Sequence[Block]) -> bool:
    """Tell whether ordinary things fill the window from its first block to its last."""
    reached = {0}
    for at in range(len(blocks)):
        if at > max(reached):
            return False
        if at in reached:
            reached.update(at + length for length, shape in _SHAPES if _fits(blocks, at, length, shape))
            reached.update(_thousands(blocks, at))
    return len(blocks) in reached


def _fits(blocks: Sequence[Block], at: int, length: int, shape: Callable[[Sequence[Block]], bool]) -> bool:
    """Tell whether so many blocks have a shape, and one mark of their own between them."""
    part = blocks[at : at + length]
    if len(part) < length or not shape(part):
        return False
    inner = {block.gap for block in part[1:]}
    outer = ({part[0].gap} if at else set()) | {block.gap for block in blocks[at + length : at + length + 1]}
    return length == 1 or (len(inner) == 1 and not (inner | _JOINING) & outer)


def _thousands(blocks: Sequence[Block], at: int) -> set[int]:
    """Return where 3,000,000 ends that begins here, with or without cents."""
    first, after = blocks[at].digits, at + 1
    if len(first) > 3 or first[0] == "0":
        return set()
    while after < len(blocks) and blocks[after].gap == "," and len(blocks[after].digits) == 3:
        after += 1
    if after == at + 1 or "," in {blocks[at].gap if at else None, *(block.gap for block in blocks[after : after + 1])}:
        return set()
    cents = after < len(blocks) and blocks[after].gap == "." and len(blocks[after].digits) <= 2
    return {after, after + 1} if cents else {after}


def _round(part: Sequence[Block]) -> bool:
    digits = part[0].digits
    return digits[0] != "0" and digits.endswith("00")


def _service_number(part: Sequence[Block]) -> bool:
    """95511, 10086, 12378 (Telecommunication numbering plan: 95xxx, 96xxx, 10xxx, 12xxx), 4008208820."""
    digits = part[0].digits
    return (len(digits) == 5 and digits[:2] in {"95", "96", "10", "12"}) or (
        len(digits) == 10 and digits[:3] in {"400", "800"}
    )


def _service_line(part: Sequence[Block]) -> bool:
    """400-820-8820."""
    return part[0].digits in {"400", "800"} and [len(block.digits) for block in part] == [3, 3, 4]


def _long_date(part: Sequence[Block]) -> bool:
    """2026-11-27, 2026/1/5, 2026.11.27."""
    year, month, day = (block.digits for block in part)
    return part[1].gap in {"-", "/", "."} and _year(year) and _month(month) and _day(day)


def _short_date(part: Sequence[Block]) -> bool:
    """2026-11 or 11-27."""
    first, second = (block.digits for block in part)
    if part[1].gap not in {"-", "/", "."}:
        return False
    return (_year(first) and _month(second)) or (_month(first) and _day(second))


def _compact_date(part: Sequence[Block]) -> bool:
    """20261127, 202611, 2026."""
    digits = part[0].digits
    return is_date(digits) or (_year(digits[:4]) and (len(digits) == 4 or (len(digits) == 6 and _month(digits[4:]))))


def _decimal(part: Sequence[Block]) -> bool:
    """1580.50, 12.5, 0.035."""
    whole, fraction = (block.digits for block in part)
    if part[1].gap != "." or (whole[0] == "0" and whole != "0"):
        return False
    return whole == "0" or (len(whole) <= 7 and len(fraction) == 2) or (len(whole) <= 2 and len(fraction) == 1)


def _year(digits: str) -> bool:
    return len(digits) == 4 and digits.isdecimal() and _FIRST_YEAR <= int(digits) <= _LAST_YEAR


def _month(digits: str) -> bool:
    return len(digits) <= 2 and digits.isdecimal() and 1 <= int(digits) <= _MONTHS


def _day(digits: str) -> bool:
    return len(digits) <= 2 and digits.isdecimal() and 1 <= int(digits) <= _DAYS


_SHAPES: Final = (
    (1, _round),
    (1, _service_number),
    (1, _compact_date),
    (2, _short_date),
    (2, _decimal),
    (3, _long_date),
    (3, _service_line),
)
