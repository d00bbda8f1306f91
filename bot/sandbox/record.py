"""The append-only record of what reached whom: one JSON object a line, fsynced before anybody sees the effect.

One thread writes; lines that arrive while it is busy share the next fsync. The lines are read back from the file, so
that a long run costs eight bytes of memory a line. Lines of one write belong together: all but the last say `more`, and
a record that ends within them loses them all when it is opened again.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
from array import array
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

#: Where `_number` puts the mark of a line that is not its write's last; no text of a line can stand so early.
_MORE = b',"more":true,'
_HEAD_BYTES = 64
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class RecordBroken(Exception):
    """The record can no longer be written; the sandbox must stop, because nothing it does would be on record."""


class Record:
    """The oracle. `write` returns when its lines are durable; line numbers `n` go on where an earlier run stopped."""

    def __init__(self, path: Path, *, now: Callable[[], float]) -> None:
        self._path = path
        self._now = now
        self._offsets = array("Q", [0])
        self._last = 0
        self._pending: list[tuple[list[bytes], asyncio.Future[None]]] = []
        self._wake = threading.Condition()
        self._closing = False
        self._broken: OSError | None = None
        self._waiting = 0
        self._grown = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
        self._resume()
        self._thread = threading.Thread(target=self._run, name="sandbox-record", daemon=True)
        self._thread.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._wake:
            self._closing = True
            self._wake.notify()
        await asyncio.to_thread(self._thread.join)
        os.close(self._file)

    @property
    def last(self) -> int:
        """The number of the newest durable line; 0 when there is none."""
        return len(self._offsets) - 1

    @property
    def waiting(self) -> int:
        """How many writes are not durable yet."""
        return self._waiting

    async def write(self, *lines: Mapping[str, Any]) -> None:
        """Append `lines` in order, numbered and dated, and return when they are on the disk.

        Raises:
            RecordBroken: The file could not be written; the state of the disk is unknown.
        """
        if self._broken is not None:
            raise RecordBroken(f"the record {self._path} cannot be written: {self._broken}")
        encoded = [self._number(line, more=at < len(lines)) for at, line in enumerate(lines, start=1)]
        durable: asyncio.Future[None] = self._loop.create_future()
        self._waiting += 1
        with self._wake:
            self._pending.append((encoded, durable))
            self._wake.notify()
        await asyncio.shield(durable)

    async def settle(self) -> None:
        """Return when nothing is on its way to the disk and what waited for it has run."""
        quiet = 0
        while quiet < 10:
            await asyncio.sleep(0)
            quiet = quiet + 1 if self._waiting == 0 else 0
            if self._waiting:
                await self._grown.wait()

    async def read(self, *, after: int, limit: int) -> list[bytes]:
        """Return up to `limit` durable lines with n > `after`, each one JSON object without its newline."""
        first = max(0, min(after, self.last))
        end = min(self.last, first + limit)
        size = self._offsets[end] - self._offsets[first]
        data = await asyncio.to_thread(os.pread, self._file, size, self._offsets[first])
        return data.split(b"\n")[:-1]

    async def grows_past(self, n: int) -> None:
        """Return when a line with a number above `n` is durable."""
        while self.last <= n:
            await self._grown.wait()

    def _number(self, line: Mapping[str, Any], *, more: bool) -> bytes:
        self._last += 1
        numbered = {"n": self._last, "at": round(self._now(), 3), **({"more": True} if more else {}), **line}
        return _encode(numbered).encode("utf-8", "replace") + b"\n"

    def _resume(self) -> None:
        size = whole = 0
        ends: list[int] = []
        with os.fdopen(os.dup(self._file), "rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    break  # a torn write of a killed sandbox: nobody saw its effect
                size += len(line)
                ends.append(size)
                if _MORE not in line[:_HEAD_BYTES]:
                    self._offsets.extend(ends)
                    whole = size
                    ends.clear()
        size = whole
        os.ftruncate(self._file, size)
        os.lseek(self._file, size, os.SEEK_SET)
        self._last = self.last

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._pending and not self._closing:
                    self._wake.wait()
                batch, self._pending = self._pending, []
            if not batch:
                return
            error: OSError | None = None
            lines = [line for encoded, _ in batch for line in encoded]
            try:
                self._store(b"".join(lines))
            except OSError as failure:
                error = failure
            self._loop.call_soon_threadsafe(self._announce, batch, lines, error)

    def _store(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._file, view) :]
        os.fdatasync(self._file)

    def _announce(
        self, batch: list[tuple[list[bytes], asyncio.Future[None]]], lines: list[bytes], error: OSError | None
    ) -> None:
        self._waiting -= len(batch)
        if error is not None:
            self._broken = error
        else:
            for line in lines:
                self._offsets.append(self._offsets[-1] + len(line))
        for _, durable in batch:
            if durable.cancelled():
                continue
            if error is None:
                durable.set_result(None)
            else:
                durable.set_exception(RecordBroken(f"the record {self._path} cannot be written: {error}"))
        self._grown.set()
        self._grown = asyncio.Event()
