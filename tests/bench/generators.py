"""The two generators: wrk for rates, `paced.py` for latencies and for exact numbers of messages."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.bench.servers import ROOT

CONNECTIONS: Final = 64
_SCRIPT: Final = Path(__file__).with_name("callbacks.lua")


class LoadFailed(Exception):
    """Requests were refused or lost; nothing measured with them counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a generator did: how many requests were answered in how long."""

    requests: int
    seconds: float
    p50_ms: float = 0.0
    p99_ms: float = 0.0

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


def missing_wrk() -> str | None:
    """Return the sentence that says how to get wrk, None when it is there."""
    if shutil.which("wrk"):
        return None
    return "wrk is not installed; on Debian or Ubuntu: apt-get install wrk"


def closed_loop(file: Path, *, port: int, seconds: int, wrap: bool = False) -> Load:
    """Run wrk for `seconds` with the requests of `file`. Raises LoadFailed when one was not answered with 200."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "10s", "-s", str(_SCRIPT)]
    command += [f"http://127.0.0.1:{port}", "--", str(file), *(["wrap"] if wrap else [])]
    result = _last_line(command)
    if result["failed"] or result["refused"]:
        raise LoadFailed(f"wrk counted {result['failed']} failed and {result['refused']} refused requests")
    return Load(requests=result["requests"], seconds=result["seconds"])


def open_loop(file: Path, *, port: int, rate: float | None) -> Load:
    """Send all of `file` at `rate` a second (None: as fast as it is answered). Raises LoadFailed as above."""
    command = [sys.executable, "-m", "tests.bench.paced", "--file", str(file), "--port", str(port)]
    command += ["--connections", str(CONNECTIONS), *([] if rate is None else ["--rate", f"{rate:g}"])]
    result = _last_line(command)
    if set(result["statuses"]) != {"200"}:
        raise LoadFailed(f"not every request was answered with 200: {result['statuses']}")
    return Load(
        requests=result["requests"], seconds=result["seconds"], p50_ms=result["p50_ms"], p99_ms=result["p99_ms"]
    )


def _last_line(command: list[str]) -> dict[str, Any]:
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise LoadFailed(f"{command[0]} ended with {ended.returncode}: {(ended.stderr or ended.stdout).strip()[-500:]}")
    result: dict[str, Any] = json.loads(ended.stdout.strip().splitlines()[-1])
    return result
