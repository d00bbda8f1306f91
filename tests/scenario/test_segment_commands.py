"""`zhike segment` on the database of a home: a list brought in twice, a segment counted, sampled, explained."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from tests.scenario.places import SERVICE, settings_text
from tests.scenario.processes import run_command

_OWN = """version: 1
segments:
  - {id: car, title: 车主, rule: {fact: finance.has_car, is: true}}
"""


def test_a_list_becomes_facts_and_a_segment_finds_them(home: Path) -> None:
    home.mkdir()
    text = settings_text("http://127.0.0.1:1", places=[SERVICE], clock={"sandbox_url": ""})
    (home / "zhike.toml").write_text(text, "utf-8")
    (home / "content").mkdir()
    (home / "content" / "segments.yaml").write_text(_OWN, "utf-8")
    url = "sqlite+aiosqlite:///zhike.db"

    def zhike(*words: str) -> tuple[int, str, str]:
        done = run_command(*words, home=home, database_url=url)
        return done.returncode, done.stdout, done.stderr

    zhike("migrate")
    with sqlite3.connect(home / "zhike.db") as database:
        for number in (1, 2, 3):
            database.execute("INSERT INTO customer (id, created_at) VALUES (?, 1)", (number,))
    listed = home / "list.csv"
    listed.write_text("客户编号,有车\r\n1,是\r\n2,否\r\n3,大概\r\n", "gb18030")
    first, again = zhike("segment", "import", str(listed)), zhike("segment", "import", str(listed))

    assert (first[0], json.loads(first[1])["facts"], json.loads(again[1])["facts"]) == (1, 2, 0)
    assert "第 4 行“有车”：大概 不是“是”或“否”；写“是”或“否”" in first[2]
    assert [json.loads(line)["name"] for line in zhike("segment", "list")[1].splitlines()] == ["car"]
    assert json.loads(zhike("segment", "count", "car")[1]) == {"name": "car", "count": 1}
    assert json.loads(zhike("segment", "sample", "car")[1])["customer"] == 1
    assert zhike("segment", "why", "car", "1")[1].startswith("✓ 有车：是：是（")
    assert zhike("segment", "why", "car", "9")[0] == 1
