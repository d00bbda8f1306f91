"""The short crash run: three kills at named points, judged by the sandbox's record."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
KEYS = (
    "database",
    "kills",
    "acknowledged",
    "missing",
    "logged_twice",
    "reply_twice",
    "out_of_order",
    "gave_up",
    "unknown",
    "chain_ok",
    "recovery_s_max",
)
MUST_BE_ZERO = (
    "missing",
    "logged_twice",
    "reply_twice",
    "out_of_order",
    "unanswered",
    "lost_active",
    "failed_active",
    "refused_unexplained",
    "unexpected_exits",
)


@pytest.mark.slow
def test_no_acknowledged_message_is_lost_doubled_or_answered_twice_when_the_bot_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "tests/crash/inbound.py", "--short", "--home", str(tmp_path / "run")]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240)
    lines = ended.stdout.strip().splitlines()
    assert lines, ended.stderr[-2000:]
    figures = json.loads(lines[-1])
    assert tuple(figures)[: len(KEYS)] == KEYS
    assert figures["kills"] == 3
    assert figures["acknowledged"] > 500
    assert {key: figures[key] for key in MUST_BE_ZERO} == dict.fromkeys(MUST_BE_ZERO, 0), lines[-2:]
    # The platform gives up after 10 s; a machine that needs longer to start Python cannot be blamed on the bot.
    assert figures["gave_up"] == 0 or figures["restart_s_max"] > 5
    assert figures["unknown"] <= figures["unknown_limit"]
    assert figures["sandbox_us_per_call"] > 0
    assert figures["chain_ok"]
    assert figures["drained"]
