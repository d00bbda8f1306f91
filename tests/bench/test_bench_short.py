"""The short benchmark: it runs, counts its rows, and prints the keys that scripts rely on. Its speed says nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
KEYS = (
    "database",
    "rate",
    "bare_rate",
    "ratio",
    "answered_ratio",
    "p50_ms",
    "p99_ms",
    "cpu_us_per_message",
    "rss_growth",
)


def run_short(folder: Path, path: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "tests/bench/inbound.py", "--short", "--folder", str(folder)]
    return subprocess.run(
        command, cwd=ROOT, env={"PATH": path}, capture_output=True, text=True, check=False, timeout=240
    )


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed (apt-get install wrk)")
def test_every_acknowledged_callback_of_the_benchmark_is_a_row_of_its_own(tmp_path: Path) -> None:
    ended = run_short(tmp_path / "run", str(Path(shutil.which("wrk") or "").parent))
    assert ended.returncode == 0, ended.stderr[-2000:]
    figures = json.loads(ended.stdout.strip().splitlines()[-1])
    assert tuple(figures)[: len(KEYS)] == KEYS
    assert {"spread", "machine"} <= figures.keys()
    assert min(figures["rate"], figures["bare_rate"], figures["answered_rate"]) > 0
    assert figures["rows"]["recorded"] > 3_000
    assert figures["replied"] > 0.95


def test_without_wrk_the_benchmark_says_how_to_install_it(tmp_path: Path) -> None:
    ended = run_short(tmp_path / "run", str(tmp_path))
    assert ended.returncode == 2
    assert "apt-get install wrk" in ended.stderr
