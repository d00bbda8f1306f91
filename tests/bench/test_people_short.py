"""The short people benchmark: it fills, indexes and finds what was planted. Its speed says nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SEARCHES = ("rare", "common", "two", "character", "number", "none", "never_together", "elsewhere")
PAGES = ("customers", "timeline", *[f"search_{name}" for name in SEARCHES])


@pytest.mark.slow
def test_the_benchmark_finds_what_was_planted_and_prints_its_keys(tmp_path: Path) -> None:
    command = [sys.executable, "tests/bench/people.py", "--short", "--folder", str(tmp_path / "run")]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240)
    assert ended.returncode == 0, ended.stderr[-2000:]
    figures = json.loads(ended.stdout.strip().splitlines()[-1])
    rows = {
        name: {scope: shown["rows"] for scope, shown in scopes.items()} for name, scopes in figures["pages"].items()
    }

    assert (figures["messages"], figures["indexed"]) == (20_000, 20_000)
    assert tuple(rows) == PAGES
    assert figures["masking_leaks"] == 0
    assert {"page_p95_ms", "search_p95_ms", "worst", "like_ms", "index_bytes", "machine"} <= figures.keys()
    assert rows["search_rare"]["all"] == 1
    assert rows["search_common"]["all"] == rows["search_two"]["all"] == rows["customers"]["all"] == 50
    assert rows["search_elsewhere"]["all"] > 0
    for name, scope in (("none", "all"), ("never_together", "all"), ("elsewhere", "own"), ("elsewhere", "branch")):
        assert rows[f"search_{name}"][scope] == 0, (name, scope)
