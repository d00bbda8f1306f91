"""A generator that keeps its rate: requests leave at intended times whatever the answers do; latencies count from then.

Run as a process of its own; prints one JSON object. Without a rate it keeps all connections busy until the file ends.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.bench.callbacks import read_requests

#: The longest that everything may take beyond the intended times.
_LATEST_SECONDS: Final = 300.0


@dataclass(slots=True)
class _Tally:
    """What has come back."""

    latencies: list[float] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)


class _Connection(asyncio.Protocol):
    """One kept connection: one request at a time."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._transport: asyncio.WriteTransport | None = None
        self._intended = 0.0
        self._received = b""
        self.busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)

    def send(self, request: bytes, intended: float) -> None:
        """Send one request that was meant to leave at `intended`."""
        assert self._transport is not None
        self.busy = True
        self._intended = intended
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found or len(body) < _content_length(head):
            return
        self._received = b""
        self.busy = False
        self._pace.answered(self, head[9:12].decode(), self._intended)

    def connection_lost(self, _error: Exception | None) -> None:
        if self.busy:
            self.busy = False
            self._pace.answered(self, "lost", self._intended)


class Pace:
    """Sends `requests` at `rate` a second (None: as fast as they are answered) over the given connections."""

    def __init__(self, requests: deque[bytes], *, rate: float | None) -> None:
        self._requests = requests
        self._total = len(requests)
        self._rate = rate
        self._due: deque[tuple[bytes, float]] = deque()
        self._idle: deque[_Connection] = deque()
        self._finished = asyncio.Event()
        self._launched = 0
        self.tally = _Tally()

    async def run(self, connections: list[_Connection]) -> float:
        """Send everything; return the seconds it took."""
        self._idle.extend(connections)
        began = time.perf_counter()
        async with asyncio.timeout(_LATEST_SECONDS + (self._total / self._rate if self._rate else 0)):
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._launch(began))
                tasks.create_task(self._finished.wait())
        return time.perf_counter() - began

    def answered(self, connection: _Connection, status: str, intended: float) -> None:
        """Count an answer and give the connection what is due next."""
        self.tally.latencies.append(time.perf_counter() - intended)
        self.tally.statuses[status] = self.tally.statuses.get(status, 0) + 1
        if status != "lost":
            self._idle.append(connection)
        if len(self.tally.latencies) == self._total:
            self._finished.set()
        self._dispatch()

    async def _launch(self, began: float) -> None:
        """Make requests due at their times."""
        while self._requests:
            now = time.perf_counter()
            due = self._total if self._rate is None else int((now - began) * self._rate) + 1
            while self._requests and self._launched < due:
                intended = now if self._rate is None else began + self._launched / self._rate
                self._due.append((self._requests.popleft(), intended))
                self._launched += 1
            self._dispatch()
            await asyncio.sleep(0.0005)

    def _dispatch(self) -> None:
        while self._due and self._idle:
            request, intended = self._due.popleft()
            self._idle.popleft().send(request, intended)


def _content_length(head: bytes) -> int:
    lower = head.lower()
    place = lower.find(b"content-length:")
    return int(lower[place + 15 :].split(b"\r\n", 1)[0]) if place >= 0 else 0


async def _run(path: Path, *, port: int, rate: float | None, connections: int) -> dict[str, object]:
    loop = asyncio.get_running_loop()
    pace = Pace(deque(read_requests(path)), rate=rate)
    opened = [(await loop.create_connection(lambda: _Connection(pace), "127.0.0.1", port)) for _ in range(connections)]
    seconds = await pace.run([protocol for _, protocol in opened])
    for transport, _ in opened:
        transport.close()
    latencies = sorted(pace.tally.latencies)
    return {
        "requests": len(latencies),
        "seconds": round(seconds, 3),
        "rate": round(len(latencies) / seconds, 1),
        "statuses": pace.tally.statuses,
        "p50_ms": _milliseconds(latencies, 0.50),
        "p99_ms": _milliseconds(latencies, 0.99),
        "max_ms": _milliseconds(latencies, 1.0),
    }


def _milliseconds(ordered: list[float], share: float) -> float:
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000, 2)


def main() -> None:
    """Send a file's requests and print what came back."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--file", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--rate", type=float, help="requests a second; none: as fast as they are answered")
    parser.add_argument("--connections", type=int, default=64)
    given = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        work = _run(given.file, port=given.port, rate=given.rate, connections=given.connections)
        print(json.dumps(runner.run(work)))


if __name__ == "__main__":
    main()
