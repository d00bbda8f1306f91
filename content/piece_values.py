"""Filling a variant for one person: each variable checked by its type; what is missing stops that send by name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from content.piece import LIMITS, TEMPLATED, Piece, Variable, VariableType, Variant
from content.piece_template import LONGEST, Templates
from content.value import value

#: What WeChat makes a link of without any markup.
_ADDRESS: Final = re.compile(r"//|\bwww\.", re.IGNORECASE)
#: How a sum or count is written; with an exponent twelve characters would become a thousand million.
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,12}(?:\.[0-9]{1,8})?")


class Unfilled(StrEnum):
    """Why one person's message cannot be made. The words are stored and counted: they never change their meaning."""

    #: A variable that the variant names has no value, or a blank one.
    VALUE_MISSING = "content_value_missing"
    #: A value is none of its variable's type, or a text longer than was declared.
    VALUE_WRONG = "content_value_wrong"
    TOO_LONG = "content_too_long"


@value
class NotFilled:
    """Nothing is sent to this person: why, and which variable or field it is about."""

    why: Unfilled
    about: str


class _Money(Decimal):
    """A sum in yuan."""

    def __str__(self) -> str:
        return f"{Decimal(self):,.2f}"


class _Number(Decimal):
    """A plain number."""

    def __str__(self) -> str:
        return f"{Decimal(self):f}"


class _Day(str):
    """A date in words."""

    __slots__ = ()


class Filling:
    """Fills variants; stateless but for the template environment."""

    def __init__(self, templates: Templates) -> None:
        self._templates = templates

    def fill(self, piece: Piece, letter: str, values: Mapping[str, str]) -> Variant | NotFilled:
        """Return the variant with its words filled, or why this person gets none.

        Every variable that the variant names must have a value, also one in a branch that is not taken. Values are
        texts: a number as `1200.5`, a date as `2026-05-06`. Raises KeyError when there is no such variant,
        TemplateRefused when it was never checked.
        """
        filled = self._filled(piece, letter, values)
        if isinstance(filled, Variant):
            # The check measured the examples; what somebody is called may be longer, and a platform cuts or refuses it.
            for name, limit in LIMITS[piece.kind].items():
                if len(str(getattr(filled, name)).encode("utf-8")) > limit:
                    return NotFilled(why=Unfilled.TOO_LONG, about=name)
        return filled

    def example(self, piece: Piece, letter: str) -> Variant | NotFilled:
        """Return the variant filled with its variables' examples, also where it is too long for the channels."""
        return self._filled(piece, letter, {name: each.example for name, each in piece.variables.items()})

    def _filled(self, piece: Piece, letter: str, values: Mapping[str, str]) -> Variant | NotFilled:
        variant = piece.variants[letter]
        named: set[str] = set()
        for name in TEMPLATED:
            named |= self._templates.names(getattr(variant, name), piece.variables)
        read: dict[str, Any] = {}
        for name in sorted(named):
            found = read_value(piece.variables[name], values.get(name, ""))
            if isinstance(found, Unfilled):
                return NotFilled(why=found, about=name)
            read[name] = found
        filled = {name: self._templates.render(getattr(variant, name), read).strip() for name in TEMPLATED}
        for name, words in filled.items():
            if len(words.encode("utf-8")) > LONGEST:
                return NotFilled(why=Unfilled.TOO_LONG, about=name)
            if getattr(variant, name) and not words:
                return NotFilled(why=Unfilled.VALUE_MISSING, about=name)
        return variant.model_copy(update=filled)


def read_value(variable: Variable, given: str) -> Any:
    """Return a value as its type has it, or why it cannot be used. Nothing in it can become a link."""
    words = "".join(" " if char in "\n\t" else char for char in given if char in "\n\t" or _is_seen(char)).strip()
    if not words:
        return Unfilled.VALUE_MISSING
    match variable.type:
        case VariableType.TEXT:
            # WeChat makes `<a href=…>` and addresses in a text links: a name must not be able to hold one.
            words = words.replace("<", "＜").replace(">", "＞")
            return Unfilled.VALUE_WRONG if len(words) > variable.max or _ADDRESS.search(words) else words
        case VariableType.DATE:
            try:
                day = date.fromisoformat(words)
            except ValueError:
                return Unfilled.VALUE_WRONG
            return _Day(f"{day.year}年{day.month}月{day.day}日")
        case VariableType.NUMBER | VariableType.MONEY:
            if not _NUMBER.fullmatch(words):
                return Unfilled.VALUE_WRONG
            return _Money(words) if variable.type is VariableType.MONEY else _Number(words)


def _is_seen(char: str) -> bool:
    return unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn")
