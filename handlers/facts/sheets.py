"""A list as rows of texts, whatever file it came in; and what its header and its cells mean."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from content.attributes import Attribute, Attributes, BadValue
from content.facts import ends_at
from content.value import value
from storage.fact_lists import KeyKind, ListedRow, OpenList, Told

#: What the column of the customer is called.
_KEYS: Final = {
    "customer": KeyKind.CUSTOMER,
    "客户编号": KeyKind.CUSTOMER,
    "openid": KeyKind.PERSON,
    "external_userid": KeyKind.PERSON,
    "userid": KeyKind.PERSON,
    "unionid": KeyKind.UNION,
    "holder": KeyKind.HOLDER,
    "投保人编号": KeyKind.HOLDER,
}
#: A column whose name begins so is not read.
_UNREAD: Final = "#"
_BETWEEN: Final = re.compile(r"[;；、|]")
_NUMBER: Final = re.compile(r"[0-9]{1,18}", re.ASCII)
_LONGEST_KEY: Final = 128
_MOST_VALUES: Final = 20


@value
class Sheet:
    """A list: the first row is its header."""

    name: str
    #: SHA-256 of the file: the same file is the same list.
    digest: bytes
    #: Each row with its number as the file counts, from one.
    rows: Iterable[tuple[int, Sequence[str]]]


class ListRefused(Exception):
    """A list cannot be read. The sentence says why, and what to do.

    Nothing of it is used but the first `taken` rows under the header, where the file turned out to be broken later.
    """

    def __init__(self, what: str, *, taken: int = 0) -> None:
        super().__init__(what)
        self.taken = taken


@value
class BadCell:
    """One thing in a list that cannot be used, without its value where that names a person."""

    row: int
    #: As the header calls it.
    column: str
    why: str
    mend: str

    def __str__(self) -> str:
        return f"第 {self.row} 行“{self.column}”：{self.why}；{self.mend}"


@value
class Columns:
    """What the columns of a list are."""

    kind: KeyKind
    key_at: int
    key_name: str
    #: How many columns the header has.
    width: int
    #: (index, header, attribute's key, attribute).
    facts: tuple[tuple[int, str, str, Attribute], ...]

    def header_of(self, attribute: str) -> str:
        """Return what the header calls an attribute."""
        return next(header for _, header, key, _ in self.facts if key == attribute)


def read_header(header: Sequence[str], attributes: Attributes) -> Columns:
    """Return what the columns are. Raises ListRefused."""
    names = [name.strip() for name in header]
    keys = [(n, name) for n, name in enumerate(names) if name in _KEYS]
    if len(keys) != 1:
        raise ListRefused(
            "第一行是列名，其中要有且只有一列说明是哪位客户：" + "、".join(_KEYS) + f"；现在有 {len(keys)} 列"
        )
    facts, seen = [], dict[str, str]()
    for n, name in enumerate(names):
        if name in _KEYS or not name or name.startswith(_UNREAD):
            continue
        key = attributes.find(name)
        if key is None:
            raise ListRefused(
                f"没有“{name[:40]}”这一项资料；列名写资料项的名称或代号，不需要读的列在列名前加 {_UNREAD}，"
                "自有的资料项写进 attributes.yaml"
            )
        if key in seen:
            raise ListRefused(f"“{name}”和“{seen[key]}”是同一项资料；只留一列")
        seen[key] = name
        facts.append((n, name, key, attributes.by_key[key]))
    if not facts:
        raise ListRefused("除了客户，没有任何一列资料；至少要有一列，列名写资料项的名称或代号")
    [(key_at, key_name)] = keys
    return Columns(kind=_KEYS[key_name], key_at=key_at, key_name=key_name, width=len(names), facts=tuple(facts))


def read_row(
    number: int, cells: Sequence[str], columns: Columns, opened: OpenList
) -> tuple[ListedRow | None, list[BadCell]]:
    """Return what a row says, None when it names nobody or says nothing; and which of its cells cannot be used."""
    key = cells[columns.key_at].strip() if columns.key_at < len(cells) else ""
    if not any(cell.strip() for cell in cells):
        return None, []
    if why := _key_problem(key, columns.kind):
        return None, [
            BadCell(row=number, column=columns.key_name, why=why, mend="改正后重新导入，已经导入的行不受影响")
        ]
    if any(cell.strip() for cell in cells[columns.width :]):
        # A comma inside of a value: what stands behind it stands in the wrong columns.
        why = f"有 {len(cells)} 格，列名只有 {columns.width} 个，这一行没有使用"
        return None, [
            BadCell(row=number, column=columns.key_name, why=why, mend="含逗号的值加上引号，或删掉多出来的格子")
        ]
    told, bad = [], []
    for at, header, name, attribute in columns.facts:
        cell = cells[at].strip() if at < len(cells) else ""
        if not cell:
            continue
        parts = [part for part in _BETWEEN.split(cell) if part.strip()] if attribute.many else [cell]
        try:
            if len(parts) > _MOST_VALUES:
                raise BadValue(f"有 {len(parts)} 个值，最多 {_MOST_VALUES} 个", "分成几行")
            told += [_told(name, attribute, part, opened) for part in parts]
        except BadValue as wrong:
            bad.append(BadCell(row=number, column=header, why=wrong.what, mend=wrong.mend))
    return (ListedRow(row=number, key=key, facts=tuple(told)) if told else None), bad


def _told(name: str, attribute: Attribute, text: str, opened: OpenList) -> Told:
    return Told(
        attribute=name,
        is_many=attribute.many,
        is_sensitive=attribute.sensitive,
        value=attribute.read(text),
        unit=attribute.unit,
        valid_to=ends_at(attribute, opened.as_of),
    )


def _key_problem(key: str, kind: KeyKind) -> str:
    if not key:
        return "没有写是哪位客户"
    if len(key) > _LONGEST_KEY or not key.isprintable():
        return "客户的编号太长，或者有不可见的字符"
    if kind is KeyKind.CUSTOMER and not _NUMBER.fullmatch(key):
        return "客户编号不是数字"
    return ""
