"""What a figure was measured on: cores, and how long the disk takes to make a write durable."""

from __future__ import annotations

import os
import time
from pathlib import Path
from statistics import median
from typing import Any, Final

_SYNCS: Final = 200
_BYTES: Final = 4096


def describe_machine(folder: Path) -> dict[str, Any]:
    """Return the cores this process may use, and the median milliseconds of an fdatasync in `folder`."""
    return {"cores": len(os.sched_getaffinity(0)), "fdatasync_ms": round(fdatasync_seconds(folder) * 1000, 3)}


def fdatasync_seconds(folder: Path) -> float:
    """Return the median seconds of making 4 KiB durable in `folder`."""
    path = folder / "fdatasync.probe"
    block = os.urandom(_BYTES)
    times: list[float] = []
    file = os.open(path, os.O_WRONLY | os.O_CREAT)
    try:
        for _ in range(_SYNCS):
            os.write(file, block)
            began = time.perf_counter()
            os.fdatasync(file)
            times.append(time.perf_counter() - began)
    finally:
        os.close(file)
        path.unlink()
    return median(times)
