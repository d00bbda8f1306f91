"""The demonstration's processes: what of the caller's environment they see."""

from __future__ import annotations

from pathlib import Path

from bot.demo.processes import environment


def test_a_child_sees_none_of_the_callers_settings_and_all_else() -> None:
    caller = {"PATH": "/bin", "ZHIKE_HOME": "/real", "ZHIKE_DATABASE_URL": "postgresql+asyncpg://db/real"}
    assert environment(Path("/demo"), caller) == {"PATH": "/bin", "ZHIKE_HOME": "/demo"}
