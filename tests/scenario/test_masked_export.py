"""Every export of the log leaves a trace, which says whether numbers were in it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from tests.scenario.places import SERVICE, settings_text
from tests.scenario.processes import run_command


def test_an_export_is_in_the_audit_with_how_it_was_made(tmp_path: Path) -> None:
    (tmp_path / "zhike.toml").write_text(
        settings_text("http://127.0.0.1:1", places=[SERVICE], clock={"sandbox_url": ""}), "utf-8"
    )
    database = tmp_path / "town.sqlite3"
    for arguments in (("migrate",), ("log", "export"), ("log", "export", "--clear")):
        done = run_command(*arguments, home=tmp_path, database_url=f"sqlite+aiosqlite:///{database}")
        assert done.returncode == 0, done.stderr

    connection = sqlite3.connect(database)
    rows = connection.execute("SELECT viewer, action, subject, detail FROM audit_entry ORDER BY id").fetchall()
    connection.close()
    assert rows == [
        ("command line", "exported", "log", "masked, all accounts"),
        ("command line", "exported", "log", "clear, all accounts"),
    ]
