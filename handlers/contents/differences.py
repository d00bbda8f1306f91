"""What a new version changes, line by line, for whoever reviews it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Literal

from content.piece import Piece
from content.value import value

Change = Literal["same", "added", "removed"]


@value
class DiffLine:
    """One line of one field."""

    change: Change
    text: str


@value
class FieldDiff:
    """One field that is not as it was."""

    variant: str
    field: str
    lines: tuple[DiffLine, ...]


def differences(before: Piece | None, after: Piece) -> tuple[FieldDiff, ...]:
    """Return the fields in which a piece differs from an earlier one; all that are filled when there was none."""
    old = {} if before is None else dict(_fields(before))
    new = dict(_fields(after))
    found = []
    for key in dict.fromkeys([*new, *old]):
        lines = tuple(_lines(old.get(key, ""), new.get(key, "")))
        if any(line.change != "same" for line in lines):
            found.append(FieldDiff(variant=key[0], field=key[1], lines=lines))
    return tuple(found)


def _fields(piece: Piece) -> Iterator[tuple[tuple[str, str], str]]:
    yield ("", "name"), piece.name
    yield ("", "product"), piece.product
    yield ("", "purpose"), str(piece.purpose)
    yield ("", "topic"), piece.topic or ""
    yield ("", "channels"), " ".join(piece.channels)
    yield ("", "valid_days"), str(piece.valid_days)
    for name, variable in sorted(piece.variables.items()):
        yield ("", f"variables.{name}"), f"{variable.type} {variable.max} {variable.example}"
    for letter, variant in sorted(piece.variants.items()):
        for field in piece.fields:
            yield (letter, field), str(getattr(variant, field))


def _lines(before: str, after: str) -> Iterator[DiffLine]:
    marks: dict[str, Change] = {" ": "same", "+": "added", "-": "removed"}
    for line in difflib.ndiff(before.splitlines(), after.splitlines()):
        if line[0] in marks:
            yield DiffLine(change=marks[line[0]], text=line[2:])
