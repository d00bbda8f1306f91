"""The attributes of a customer: the taxonomy of `profile.yaml`, and what an insurer adds for its own lists.

A value that stands in a list, a form or the policy source is read here, and becomes what is stored: a word, a number or
a day. Attributes that are `stored: band` become a band at once; the number is nowhere.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import Field, model_validator

from content.authored import Authored, Identifier
from content.value import value

#: (name, lowest, highest) of the bands in which a child's age is kept, in years.
BANDS: Final = (("0-3", 0, 3), ("4-6", 4, 6), ("7-12", 7, 12), ("13-17", 13, 17), ("18+", 18, 150))
_YES: Final = frozenset({"是", "有", "true", "yes", "y", "1"})
_NO: Final = frozenset({"否", "无", "没有", "false", "no", "n", "0"})
_NUMBER: Final = re.compile(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?|-?[0-9]{1,12}(\.[0-9]{1,6})?", re.ASCII)
#: Without separators month and day have two digits each: 2026111 would be two days, 202611 a month.
_DAY: Final = re.compile(r"([0-9]{4})(?:[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?|([0-9]{2})([0-9]{2}))", re.ASCII)
#: What a spreadsheet shows for a formula that came to nothing.
_ERRORS: Final = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!"})
_LONGEST: Final = 100
_MOST: Final = 10**12


class Kind(StrEnum):
    """What a value is."""

    INTEGER = "integer"
    NUMBER = "number"
    MONEY = "money"
    BOOLEAN = "boolean"
    ENUM = "enum"
    TEXT = "text"
    DATE = "date"


class BadValue(Exception):
    """A value does not fit its attribute."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(f"{what}；{mend}")
        self.what = what
        self.mend = mend


@value
class FactValue:
    """A value as it is stored: exactly one of word, number and day is the value; of a day the number is MMDD."""

    word: str | None = None
    number: float | None = None
    day: date | None = None
    #: The value as JSON.
    json: str

    @property
    def key(self) -> str:
        """What tells two values of one attribute apart."""
        return self.json


class Attribute(Authored):
    """One attribute as authored."""

    label: Annotated[str, Field(min_length=1, max_length=20)]
    kind: Kind
    unit: str | None = None
    #: A customer can hold several values at once.
    many: bool = False
    #: How long a fact stays current after it was last observed; None: until contradicted.
    days: Annotated[int, Field(ge=1, le=36500)] | None = None
    sensitive: bool = False
    stored: Literal["band"] | None = None
    #: Of an enum: key and Chinese label.
    values: dict[Identifier, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_whole(self) -> Attribute:
        if (self.kind is Kind.ENUM) != bool(self.values):
            raise ValueError("`values` belongs to an enum, and an enum has some; correct one of the two")
        if len(set(self.values.values())) != len(self.values):
            raise ValueError("two of `values` have the same label; give each its own")
        if self.stored == "band" and self.kind not in (Kind.INTEGER, Kind.NUMBER):
            raise ValueError("only a number is kept as a band; delete `stored`")
        return self

    @property
    def is_number(self) -> bool:
        """Whether values are compared as numbers."""
        return self.stored is None and self.kind in (Kind.INTEGER, Kind.NUMBER, Kind.MONEY)

    def read(self, text: str) -> FactValue:
        """Return what somebody wrote as a value. Raises BadValue."""
        text = text.strip()
        if text.startswith("="):
            raise BadValue(f"这是公式或以等号开头的文字：{_shown(text)}", "把公式换成它的结果")
        if text in _ERRORS:
            raise BadValue(f"这是公式的出错结果：{text}", "改正公式，或把格子留空")
        match self.kind:
            case Kind.BOOLEAN:
                return self._boolean(text)
            case Kind.ENUM:
                return self._enum(text)
            case Kind.TEXT:
                return _word(_text(text))
            case Kind.DATE:
                return _day(text)
            case _:
                return self._number(text)

    def show(self, stored: str) -> str:
        """Return a value, as it is stored in JSON, as people read it."""
        found = json.loads(stored)
        match found:
            case bool():
                return "是" if found else "否"
            case int() | float():
                return f"{found:g}" if abs(found) < 1e6 else f"{found:.0f}"
            case _:
                return self.values.get(str(found), str(found))

    def _boolean(self, text: str) -> FactValue:
        folded = text.lower()
        if folded not in _YES | _NO:
            raise BadValue(f"{_shown(text)} 不是“是”或“否”", "写“是”或“否”")
        return FactValue(number=float(folded in _YES), json=json.dumps(folded in _YES))

    def _enum(self, text: str) -> FactValue:
        for key, label in self.values.items():
            if text in (key, label):
                return _word(key)
        raise BadValue(f"{_shown(text)} 不是这一项的取值", "写其中之一：" + "、".join(self.values.values()))

    def _number(self, text: str) -> FactValue:
        if self.stored == "band" and any(text == name for name, _, _ in BANDS):
            return _word(text)
        number = _decimal(text.removesuffix("元").removesuffix("岁"))
        if self.kind is Kind.INTEGER and number != int(number):
            raise BadValue(f"{_shown(text)} 不是整数", "写一个整数")
        if self.kind is not Kind.NUMBER and number < 0:
            raise BadValue(f"{_shown(text)} 小于 0", "写一个不小于 0 的数")
        if self.stored == "band":
            return _word(_band(number))
        stored = int(number) if number == int(number) else float(number)
        return FactValue(number=float(number), json=json.dumps(stored))


@value
class Attributes:
    """All attributes by their keys."""

    by_key: Mapping[str, Attribute]

    def get(self, key: str) -> Attribute | None:
        """Return an attribute; None when there is none of this key."""
        return self.by_key.get(key)

    def find(self, name: str) -> str | None:
        """Return the key of an attribute that somebody named by its key or its label."""
        if name in self.by_key:
            return name
        return next((key for key, attribute in self.by_key.items() if attribute.label == name), None)

    @property
    def sensitive(self) -> tuple[str, ...]:
        """The keys of those that need the customer's separate consent."""
        return tuple(key for key, attribute in self.by_key.items() if attribute.sensitive)


class AttributeFile(Authored):
    """A whole file of attributes."""

    version: Annotated[int, Field(ge=1)]
    attributes: dict[Identifier, Attribute]


def month_day(day: date) -> int:
    """Return month and day as one number, MMDD: what anniversaries are compared by."""
    return day.month * 100 + day.day


def _word(text: str) -> FactValue:
    return FactValue(word=text, json=json.dumps(text, ensure_ascii=False))


def _text(text: str) -> str:
    if not text or not text.isprintable():
        raise BadValue("没有可见的文字", "写出这一项的内容，或把格子留空")
    if len(text) > _LONGEST:
        raise BadValue(f"有 {len(text)} 个字，最多 {_LONGEST} 个", "写短一些")
    return text


def _day(text: str) -> FactValue:
    # A spreadsheet's own dates come with a midnight.
    found = _DAY.fullmatch(text.removesuffix(" 00:00:00"))
    try:
        if found is None:
            raise ValueError
        day = date(*(int(part) for part in found.groups() if part is not None))
        if not 1900 <= day.year <= 2199:
            raise ValueError
    except ValueError:
        raise BadValue(f"{_shown(text)} 不是日期", "写成 1985-06-01 这样") from None
    return FactValue(number=float(month_day(day)), day=day, json=json.dumps(day.isoformat()))


def _decimal(text: str) -> Decimal:
    factor = 10_000 if text.endswith("万") else 1
    digits = text.removesuffix("万").strip()
    try:
        if not _NUMBER.fullmatch(digits):
            raise InvalidOperation
        number = Decimal(digits.replace(",", "")) * factor
    except InvalidOperation:
        raise BadValue(f"{_shown(text)} 不是数字", "写一个数字") from None
    if not math.isfinite(number) or abs(number) > _MOST:
        raise BadValue(f"{_shown(text)} 太大", "检查位数和单位")
    return number


def _band(years: Decimal) -> str:
    whole = int(years)
    for name, lowest, highest in BANDS:
        if lowest <= whole <= highest and years >= 0:
            return name
    raise BadValue(f"{years} 岁不是年龄", "写 0 到 150 之间的岁数")


def _shown(text: Any) -> str:
    shown = str(text)
    return shown if len(shown) <= 20 else shown[:20] + "…"
