"""The list of erasures outside the database, so that a restored backup does not bring anybody back.

One JSON line an erasure, appended and fsynced before the person is put out of use. It holds marks that find a person in
a backup without naming them: BLAKE2b of realm and id under a key of the file's own. Whoever has the file and knows an
id can tell whether it was erased, and nothing else; so it belongs where the seals belong.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from content.value import value

ERASURES: Final = "erasures.jsonl"
_MARK_BYTES: Final = 16


@value
class ErasedLine:
    """One erasure as it stands outside."""

    erasure_id: int
    at: datetime
    marks: frozenset[str]


@value
class ErasedMarks:
    """Everybody who was ever erased, by mark."""

    key: bytes = b""
    marks: frozenset[str] = frozenset()

    def of(self, realm: str, external_ids: Sequence[str]) -> frozenset[str]:
        """Return those of a realm's ids that were erased."""
        if not self.marks:
            return frozenset()
        return frozenset(each for each in external_ids if mark_of(self.key, realm, each) in self.marks)


class ErasureFile:
    """The list in `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        #: What was read last, and how long the file was then: it only grows.
        self._read: tuple[int, ErasedMarks] = (0, ErasedMarks())

    async def add(self, erasure_id: int, ids: Sequence[tuple[str, str]], *, at: datetime) -> None:
        """Append an erasure of people with these (realm, external id); durable when it returns. Raises OSError."""
        await asyncio.to_thread(self._add, erasure_id, ids, at)

    async def read(self) -> list[ErasedLine]:
        """Return the list; a line that a kill tore is passed over, it is written again. Raises OSError."""
        return await asyncio.to_thread(lambda: list(self._lines()))

    async def key(self) -> bytes | None:
        """Return the file's key for `mark_of`, None while there is no list. Raises OSError."""
        return await asyncio.to_thread(self._key)

    async def marks(self) -> ErasedMarks:
        """Return the marks of all erasures; the file is read anew only when it has grown. Raises OSError."""
        return await asyncio.to_thread(self._marks)

    def _marks(self) -> ErasedMarks:
        size = self._path.stat().st_size if self._path.exists() else 0
        if size != self._read[0]:
            marks = frozenset(mark for line in self._lines() for mark in line.marks)
            self._read = (size, ErasedMarks(key=self._key() or b"", marks=marks))
        return self._read[1]

    def _add(self, erasure_id: int, ids: Sequence[tuple[str, str]], at: datetime) -> None:
        key = self._key() or self._begin()
        marks = [mark_of(key, realm, external_id) for realm, external_id in ids]
        self._append({"erasure": erasure_id, "at": at.isoformat(), "marks": marks})

    def _begin(self) -> bytes:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if not self._path.exists():
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
        key = secrets.token_bytes(32)
        self._append({"key": key.hex()})
        return key

    def _append(self, record: dict[str, Any]) -> None:
        with self._path.open("ab") as file:
            # A line torn by a kill ends here; an empty line is skipped when reading.
            file.write(b"\n" + json.dumps(record).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def _key(self) -> bytes | None:
        return next((bytes.fromhex(record["key"]) for record in self._records() if "key" in record), None)

    def _lines(self) -> Iterator[ErasedLine]:
        for record in self._records():
            if "erasure" in record:
                yield ErasedLine(
                    erasure_id=int(record["erasure"]),
                    at=datetime.fromisoformat(record["at"]),
                    marks=frozenset(record["marks"]),
                )

    def _records(self) -> Iterator[dict[str, Any]]:
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            for raw in file:
                try:
                    record = json.loads(raw) if raw.strip() else None
                except ValueError:
                    continue
                if isinstance(record, dict):
                    yield record


def mark_of(key: bytes, realm: str, external_id: str) -> str:
    """Return the mark of a person under a file's key."""
    words = f"{realm}\0{external_id}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(words, key=key, digest_size=_MARK_BYTES).hexdigest()
