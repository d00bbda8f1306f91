"""The chain's heads outside the database: one JSON line a seal, appended and fsynced.

Keep a copy where the database's administrators cannot write; `zhike log verify` compares.
"""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class SealLine:
    """One seal as it stands outside."""

    account: str
    from_seq: int
    to_seq: int
    head: bytes
    #: The first bytes of each row's leaf, in order.
    marks: tuple[bytes, ...]
    sealed_at: datetime


class SealFile:
    """The seals of all accounts in `path`."""

    MARK_BYTES = 6

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last: dict[str, int] | None = None

    def append(self, line: SealLine) -> None:
        """Append one seal and return when it is on the disk."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        record = {
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
        self._known()[line.account] = line.to_seq

    def last_seq(self, account: str) -> int:
        """Return the last sealed seq of an account, 0 when there is none."""
        return self._known().get(account, 0)

    def lines(self, account: str) -> list[SealLine]:
        """Return an account's seals in order."""
        return [line for line in self._read() if line.account == account]

    def _known(self) -> dict[str, int]:
        if self._last is None:
            self._last = {line.account: line.to_seq for line in self._read()}
        return self._last

    def _read(self) -> list[SealLine]:
        if not self._path.exists():
            return []
        parsed = (self._parse(raw) for raw in self._path.read_bytes().split(b"\n") if raw.strip())
        return [line for line in parsed if line is not None]

    def _parse(self, raw: bytes) -> SealLine | None:
        """Return a line's seal; None for a line that a kill tore.

        A seal lost that way is written again; `Chain.verify` misses one lost in another way.
        """
        try:
            record = json.loads(raw)
            joined = base64.b64decode(record["marks"], validate=True)
            return SealLine(
                account=record["account"],
                from_seq=record["from"],
                to_seq=record["to"],
                head=bytes.fromhex(record["head"]),
                marks=tuple(joined[i : i + self.MARK_BYTES] for i in range(0, len(joined), self.MARK_BYTES)),
                sealed_at=datetime.fromisoformat(record["sealed_at"]),
            )
        except (ValueError, KeyError, TypeError):
            return None
