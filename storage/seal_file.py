"""The chain's heads outside the database: one JSON line a seal, appended and fsynced.

Keep a copy where the database's administrators cannot write; `zhike log verify` compares.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from content.value import value


@value
class SealLine:
    """One seal as it stands outside."""

    #: None in a line of the time when only the name was noted.
    account_id: int | None
    #: For people: what the account was called.
    account: str
    from_seq: int
    to_seq: int
    head: bytes
    #: The first bytes of each row's leaf, in order.
    marks: tuple[bytes, ...]
    sealed_at: datetime

    @property
    def key(self) -> int | str:
        """What the account is known by: its number, or its name when no number stands in the line."""
        return self.account if self.account_id is None else self.account_id


class SealFile:
    """The seals of all accounts in `path`."""

    MARK_BYTES = 6

    def __init__(self, path: Path) -> None:
        self._path = path
        #: How much of the file has been read, and by account the last row and head found there.
        self._size = 0
        self._last: dict[int | str, tuple[int, bytes]] = {}
        self._anew: set[str] = set()

    def append(self, line: SealLine) -> None:
        """Append one seal and return when it is on the disk."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        record = {
            "id": line.account_id,
            "account": line.account,
            "from": line.from_seq,
            "to": line.to_seq,
            "head": line.head.hex(),
            "marks": base64.b64encode(b"".join(line.marks)).decode(),
            "sealed_at": line.sealed_at.isoformat(),
        }
        with self._path.open("ab") as file:
            # A line torn by a kill ends here; an empty line is skipped when reading.
            file.write(b"\n" + json.dumps(record).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self._last[line.key] = (line.to_seq, line.head)

    def refresh(self) -> None:
        """Read what was appended since the last call; a file that became shorter is read from its beginning."""
        size = self._path.stat().st_size if self._path.exists() else 0
        if size < self._size:
            self._size, self._last, self._anew = 0, {}, set()
        for record in self._records(after=self._size):
            if isinstance(record.get("anew"), str):
                self._anew.add(record["anew"])
            elif (line := self._line(record)) is not None:
                self._last[line.key] = (line.to_seq, line.head)
        self._size = size

    def last(self, account_id: int, account: str) -> tuple[int, bytes] | None:
        """Return the last sealed row of an account and the head there, None when there is none; see `refresh`."""
        found = (self._last[key] for key in (account_id, account) if key in self._last)
        return max(found, default=None)

    def begins_anew(self, account: str) -> bool:
        """Whether somebody wrote into the file that the account's seals are lost and it begins anew; see `refresh`."""
        return account in self._anew

    def read(self) -> dict[int | str, list[SealLine]]:
        """Return the seals of each account in order."""
        found: dict[int | str, list[SealLine]] = {}
        for record in self._records(after=0):
            if (line := self._line(record)) is not None:
                found.setdefault(line.key, []).append(line)
        return found

    def _records(self, *, after: int) -> Iterator[dict[str, Any]]:
        """Yield what the lines behind a place hold; a line that a kill tore is passed over.

        A seal lost that way is written again; `Chain.verify` misses one lost in another way.
        """
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(after)
            for raw in file:
                try:
                    record = json.loads(raw) if raw.strip() else None
                except ValueError:
                    continue
                if isinstance(record, dict):
                    yield record

    def _line(self, record: dict[str, Any]) -> SealLine | None:
        try:
            joined = base64.b64decode(record["marks"], validate=True)
            return SealLine(
                account_id=None if record.get("id") is None else int(record["id"]),
                account=str(record["account"]),
                from_seq=int(record["from"]),
                to_seq=int(record["to"]),
                head=bytes.fromhex(record["head"]),
                marks=tuple(joined[i : i + self.MARK_BYTES] for i in range(0, len(joined), self.MARK_BYTES)),
                sealed_at=datetime.fromisoformat(record["sealed_at"]),
            )
        except (ValueError, KeyError, TypeError):
            return None
