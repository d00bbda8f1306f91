"""The short campaign benchmark: segment and flat table agree, and it prints its keys. Its speed says nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_benchmark_finds_what_the_flat_table_has_and_prints_its_keys(tmp_path: Path) -> None:
    command = [sys.executable, "tests/bench/campaign.py", "--short", "--folder", str(tmp_path / "run")]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 0, ended.stderr[-2000:]
    figures = json.loads(ended.stdout.strip().splitlines()[-1])

    assert (figures["database"], figures["customers"], figures["facts"]) == ("sqlite", 4_000, 40_000)
    assert 150 < figures["segment_rows"] < 250
    assert 1_800 < figures["materialise_rows"] < 2_200
    wanted = {"segment_s", "materialise_rate", "flat_segment_s", "flat_materialise_rate", "machine"}
    assert wanted <= figures.keys()
