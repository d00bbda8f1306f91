"""What a new version changes, line by line, for whoever reviews it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Final, Literal

from content.piece import Piece
from content.value import value

Change = Literal["same", "added", "removed"]
#: Pairs of lines that are compared; where there are more, all between the first and the last change counts as changed.
_MOST_PAIRS: Final = 250_000


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
    """Yield the lines of both. Lines are compared as wholes: `difflib.ndiff` takes minutes for some hundred of them."""
    old, new = before.splitlines(), after.splitlines()
    begin = next((at for at, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), None)
    if begin is None:
        begin = min(len(old), len(new))
    rest = zip(reversed(old[begin:]), reversed(new[begin:]), strict=False)
    end = next((at for at, (one, other) in enumerate(rest) if one != other), min(len(old), len(new)) - begin)
    yield from (DiffLine(change="same", text=line) for line in old[:begin])
    yield from _changed(old[begin : len(old) - end], new[begin : len(new) - end])
    yield from (DiffLine(change="same", text=line) for line in old[len(old) - end :])


def _changed(old: list[str], new: list[str]) -> Iterator[DiffLine]:
    steps = [("replace", 0, len(old), 0, len(new))]
    if len(old) * len(new) <= _MOST_PAIRS:
        steps = list(difflib.SequenceMatcher(None, old, new).get_opcodes())
    for step, first, last, new_first, new_last in steps:
        if step == "equal":
            yield from (DiffLine(change="same", text=line) for line in old[first:last])
            continue
        yield from (DiffLine(change="removed", text=line) for line in old[first:last])
        yield from (DiffLine(change="added", text=line) for line in new[new_first:new_last])
