"""The editor's form: a piece as fields, and fields as a piece."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web
from pydantic import ValidationError

from content.piece import Kind, Piece, Variable, VariableType, Variant
from content.value import value

#: Empty rows for further variables.
_MORE_ROWS: Final = 2
_MOST_VARIABLES: Final = 20
_LETTERS: Final = "ABCDEFGH"
_ROW: Final = re.compile(r"variable\.(\d{1,2})\.name")
_VARIANT: Final = re.compile(r"variant\.([A-H])\.\w+")


@value
class FormFault:
    """What in the form cannot be kept: the field, and why."""

    field: str
    message: str


class FormRefused(Exception):
    """The form holds what no draft may hold."""

    def __init__(self, faults: tuple[FormFault, ...]) -> None:
        super().__init__("; ".join(f"{fault.field}: {fault.message}" for fault in faults))
        self.faults = faults


@value
class VariableRow:
    """One line of the form's variables."""

    name: str = ""
    type: str = VariableType.TEXT.value
    max: str = "20"
    example: str = ""


def rows_of(piece: Piece) -> list[VariableRow]:
    """Return the form's lines for a piece's variables, with empty ones below."""
    rows = [
        VariableRow(name=name, type=each.type.value, max=str(each.max), example=each.example)
        for name, each in piece.variables.items()
    ]
    return [*rows, *[VariableRow()] * min(_MORE_ROWS, _MOST_VARIABLES - len(rows))]


async def read_form(request: web.Request) -> Mapping[str, str]:
    """Return the form's fields, files left out. Raises HTTPBadRequest on a broken form."""
    try:
        found = await request.post()
    except (ValueError, LookupError):
        raise web.HTTPBadRequest from None
    # A name may stand there several times: the channels.
    fields = {name: text for name, text in found.items() if isinstance(text, str)}
    channels = [text for text in found.getall("channel", []) if isinstance(text, str)]
    return {**fields, "channels": " ".join(channels)}


def piece_of(fields: Mapping[str, str], *, key: str, kind: str) -> Piece:
    """Return the piece that a form says. Raises FormRefused."""
    letters = sorted({found[1] for name in fields if (found := _VARIANT.fullmatch(name))})
    dropped = fields.get("drop", "")
    told: dict[str, Any] = {
        "key": key,
        "kind": kind,
        "name": fields.get("name", ""),
        "product": fields.get("product", ""),
        "purpose": fields.get("purpose", ""),
        "topic": fields.get("topic", "") or None,
        "channels": fields.get("channels", "").split(),
        "valid_days": fields.get("valid_days", ""),
        "variables": _variables(fields),
        "variants": {
            letter: {name: fields.get(f"variant.{letter}.{name}", "") for name in Variant.model_fields}
            for letter in letters
            if letter != dropped or len(letters) == 1
        },
    }
    if "add" in fields:
        free = next((letter for letter in _LETTERS if letter not in letters), None)
        if free is not None:
            told["variants"][free] = {}
    return _checked(told)


def first_piece(fields: Mapping[str, str]) -> Piece:
    """Return the empty piece that a new item begins with. Raises FormRefused."""
    return _checked(
        {
            "key": fields.get("key", ""),
            "kind": fields.get("kind", ""),
            "name": fields.get("name", ""),
            "variants": {"A": {}},
        }
    )


def _variables(fields: Mapping[str, str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for name in fields:
        row = _ROW.fullmatch(name)
        if row is None or not fields[name].strip():
            continue
        told = {part: fields.get(f"variable.{row[1]}.{part}", "") for part in Variable.model_fields}
        if found.setdefault(fields[name].strip(), told) is not told:
            raise FormRefused((FormFault(field=name, message=f"变量 {fields[name].strip()} 写了两次"),))
    return found


def _checked(told: dict[str, Any]) -> Piece:
    try:
        return Piece.model_validate(told)
    except ValidationError as error:
        faults = tuple(
            FormFault(field=_field(each["loc"]), message=_message(each["type"], each["loc"]))
            for each in error.errors(include_url=False, include_context=False, include_input=False)
        )
        raise FormRefused(faults) from None


def _field(place: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in place if part != "[key]")


def _message(kind: str, place: tuple[int | str, ...]) -> str:
    """Return what is wrong in the words of an author; the sentences of models are for authors of files."""
    if kind == "value_error":
        return _OWN.get(str(place[0]) if place else "", "有看不见的字符，或应写成一行；请重写")
    return _FAULTS.get(kind, "填得不对，请改正")


#: By the first part of the field, what its own check wants.
_OWN: Final = {
    "key": "以英文字母开头，只用字母、数字、点、横线和下划线",
    "variables": "变量名用小写英文字母开头，只用小写字母、数字和下划线；示例写成一行",
    "topic": "请从列表里选",
}
_FAULTS: Final = {
    "string_too_short": "还没有填写",
    "string_too_long": "太长，请缩短",
    "int_parsing": "请填整数",
    "greater_than_equal": "数字太小",
    "less_than_equal": "数字太大",
    "too_short": "至少选一个",
    "too_long": "太多，请减少",
    "enum": "请从列表里选",
    "literal_error": "请从列表里选",
}
KINDS: Final = tuple(Kind)
