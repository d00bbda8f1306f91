"""The nightly drop: three CSV files and, written last, `drop.json`, in one folder (docs/policies.md)."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError

from content.policy import Holder, PolicyBook
from content.value import value
from handlers.clock import Clock
from handlers.policies.ports import SourceDown
from storage.errors import StorageError
from storage.policy_drops import PolicyDrops

DONE: Final = "drop.json"
_Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
_Some = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
_Day = Annotated[date | None, BeforeValidator(lambda text: text or None)]
_Money = Annotated[Decimal | None, BeforeValidator(lambda text: text or None)]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class _HolderRow(_Row):
    holder: _Words
    name: _Words
    id_tail: Annotated[str, StringConstraints(pattern=r"^[0-9]{5}[0-9Xx]$")]
    phone: Annotated[str, StringConstraints(pattern=r"^(\+?[0-9]{6,15})?$")]


class _PolicyRow(_Row):
    holder: _Words
    number: _Words
    product: _Words
    insured: _Words
    status: _Words
    start: _Day
    end: _Day
    premium: _Money
    paid_until: _Day
    next_due: _Day
    sum_insured: _Money
    #: Younger than a policy system's export may be: the column may be absent.
    callback_due: _Day = None


class _CaseRow(_Row):
    holder: _Words
    number: _Words
    kind: _Words
    step: _Words
    since: _Day
    next_step: _Some


_ROWS: Final[dict[str, type[_Row]]] = {"holders": _HolderRow, "policies": _PolicyRow, "cases": _CaseRow}


class DropRefused(Exception):
    """A drop is not whole; nothing of it is used. The sentence says which file, and what to do."""


@value
class Loaded:
    """What was loaded of a drop."""

    as_of: datetime
    #: By file.
    rows: dict[str, int]
    #: Rows that cannot be used: file, line and reason; no value of them.
    bad: tuple[str, ...]


class DropLoader:
    """Loads the drop of a folder into the database."""

    def __init__(self, drops: PolicyDrops, *, clock: Clock) -> None:
        self._drops = drops
        self._clock = clock

    async def look(self, folder: Path) -> Loaded | None:
        """Load the drop of a folder when it is newer than the current one. Raises DropRefused and StorageError."""
        if not (folder / DONE).is_file():
            return None
        current = await self._drops.current()
        as_of, _ = _read_done(folder)
        return await self.load(folder) if current is None or as_of > current else None

    async def load(self, folder: Path) -> Loaded:
        """Load the drop and put it in the place of the current one. Raises DropRefused and StorageError."""
        as_of, expected = _read_done(folder)
        bad: list[str] = []
        drop_id = await self._drops.begin(as_of=as_of, now=self._clock.now())
        counts = {}
        for file in _ROWS:
            before = len(bad)
            counts[file] = await self._drops.add(drop_id, file, _rows(folder, file, bad))
            found = counts[file] + len(bad) - before
            if found != expected[file]:
                raise DropRefused(
                    f"{folder / file}.csv has {found} rows, {DONE} says {expected[file]}: the drop is not whole; "
                    "write it again"
                )
        await self._drops.finish(drop_id)
        return Loaded(as_of=as_of, rows=counts, bad=tuple(bad))


class DropSource:
    """The policy source over the current drop: a `PolicySource`."""

    def __init__(self, drops: PolicyDrops, *, clock: Clock, stale: timedelta) -> None:
        """What is older than `stale` is not shown: the source counts as down."""
        self._drops = drops
        self._clock = clock
        self._stale = stale

    async def find(self, *, name: str, policy: str, id_tail: str) -> Holder | None:
        """Return the holder that the three belong to."""
        await self._fresh()
        try:
            return await self._drops.find(name=name, policy=policy, id_tail=id_tail)
        except StorageError as error:
            raise SourceDown(str(error)) from error

    async def holder(self, holder: str) -> Holder | None:
        """Return a holder."""
        await self._fresh()
        return await self._drops.holder(holder)

    async def book(self, holder: str) -> PolicyBook:
        """Return what the drop has of a holder."""
        await self._fresh()
        book = await self._drops.book(holder)
        if book is None:
            raise SourceDown("there is no drop; run `zhike policy import FOLDER`")
        return book

    async def _fresh(self) -> None:
        try:
            as_of = await self._drops.current()
        except StorageError as error:
            raise SourceDown(str(error)) from error
        if as_of is None:
            raise SourceDown("there is no drop; run `zhike policy import FOLDER`")
        if self._clock.now() - as_of > self._stale:
            raise SourceDown(f"the last drop is of {as_of.isoformat()}, which is too old")


def _read_done(folder: Path) -> tuple[datetime, dict[str, int]]:
    path = folder / DONE
    try:
        done = json.loads(path.read_text("utf-8"))
        as_of = datetime.fromisoformat(done["as_of"])
        counts = {file: int(done[file]) for file in _ROWS}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DropRefused(
            f"{path} cannot be read ({type(error).__name__}: {error}); it needs as_of and the rows of "
            + ", ".join(_ROWS)
        ) from error
    if as_of.tzinfo is None:
        raise DropRefused(f"{path}: as_of {done['as_of']!r} has no time zone; write it like 2026-11-27T22:00:00+08:00")
    return as_of, counts


def examine_drop(folder: Path) -> datetime:
    """Return as of when the drop of a folder is whose files can be read and have their columns. Raises DropRefused."""
    as_of, _ = _read_done(folder)
    for file, model in _ROWS.items():
        path = folder / f"{file}.csv"
        try:
            with path.open(encoding="utf-8-sig", newline="") as lines:
                header = next(csv.reader(lines), [])
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise DropRefused(
                f"{path} cannot be read ({type(error).__name__}: {error}); write the drop again"
            ) from error
        needed = {name for name, column in model.model_fields.items() if column.is_required()}
        absent, unknown = needed - set(header), set(header) - set(model.model_fields)
        if absent or unknown:
            raise DropRefused(f"{path}: the header lacks {sorted(absent)} and has {sorted(unknown)} beyond its columns")
    return as_of


def _rows(folder: Path, file: str, bad: list[str]) -> Iterator[dict[str, Any]]:
    """Yield the rows of a file as they are stored; what cannot be used is added to `bad`."""
    path, model, seen = folder / f"{file}.csv", _ROWS[file], set[str]()
    key = "holder" if file == "holders" else "number"
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            for raw in reader:
                try:
                    row = model.model_validate(raw)
                except ValidationError as error:
                    first = error.errors()[0]
                    where = ".".join(map(str, first["loc"]))
                    bad.append(f"{path.name}:{reader.line_num}: {where}: {first['msg']}")
                    continue
                number = str(getattr(row, key))
                if number in seen:
                    bad.append(f"{path.name}:{reader.line_num}: {key}: it stands in the file twice")
                    continue
                seen.add(number)
                yield _stored(row)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DropRefused(f"{path} cannot be read ({type(error).__name__}: {error}); write the drop again") from error


def _stored(row: _Row) -> dict[str, Any]:
    found = row.model_dump()
    for name in ("premium", "sum_insured"):
        if found.get(name) is not None:
            found[name] = str(found[name])
    if "id_tail" in found:
        found["id_tail"] = found["id_tail"].upper()
    return found
