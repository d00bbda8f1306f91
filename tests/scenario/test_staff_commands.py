"""An administrator on the command line: passwords, owners, deputies, keys; on the real database of a home."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.scenario.places import SERVICE, settings_text
from tests.scenario.processes import run_command
from tests.scenario.town import run_query

Zhike = Callable[..., CompletedProcess[str]]


@pytest.fixture
def zhike(home: Path, new_town_database: Callable[[], str]) -> Zhike:
    """Return a runner of commands in a home with one account and two members of staff."""
    home.mkdir()
    (home / "zhike.toml").write_text(
        settings_text("http://127.0.0.1:1", places=[SERVICE], clock={"sandbox_url": ""}), "utf-8"
    )
    database_url = new_town_database()

    def run(*arguments: str, typed: str = "") -> CompletedProcess[str]:
        return run_command(*arguments, home=home, database_url=database_url, typed=typed)

    return run


def test_a_password_is_set_for_who_is_named_and_a_weak_one_refused(zhike: Zhike) -> None:
    done = zhike("staff", "password", "zhangwei", typed="正确的马电池钉书针\n")
    weak = zhike("staff", "password", "zhangwei", typed="12345678\n")
    nobody = zhike("staff", "password", "nobody", typed="正确的马电池钉书针\n")

    assert (done.returncode, weak.returncode, nobody.returncode) == (0, 1, 78), done.stderr
    assert "太容易猜到" in weak.stderr
    assert "no active member of staff has the userid 'nobody'" in nobody.stderr
    assert "正确的马" not in done.stdout + done.stderr


def test_a_deputy_is_appointed_for_a_time(zhike: Zhike) -> None:
    done = zhike("staff", "deputy", "zhangwei", "lina", "--since", "2026-05-01", "--until", "2026-05-08")
    backward = zhike("staff", "deputy", "zhangwei", "lina", "--since", "2026-05-08", "--until", "2026-05-01")

    assert json.loads(done.stdout)["deputy"] == "lina"
    assert backward.returncode == 78
    assert "whose end lies after its beginning" in backward.stderr


def test_a_customer_that_is_not_there_is_given_to_nobody(zhike: Zhike) -> None:
    refused = zhike("customer", "assign", "1", "zhangwei")
    assert refused.returncode == 78
    assert "no customer 1" in refused.stderr


def test_a_key_is_printed_once_listed_without_its_secret_and_ended(zhike: Zhike) -> None:
    made = json.loads(zhike("key", "add", "crm", "--may", "customers.read", "--days", "30").stdout)
    listed = json.loads(zhike("key", "list").stdout)
    ended = zhike("key", "end", str(made["key"]))
    again = zhike("key", "end", str(made["key"]))

    assert made["secret"].startswith("zk_")
    assert (listed["name"], listed["permissions"], listed["ended_at"]) == ("crm", ["customers.read"], None)
    assert made["secret"] not in json.dumps(listed)
    assert json.loads(ended.stdout) == {"ended": made["key"]}
    assert again.returncode == 78


def test_archived_chats_are_imported_once_and_a_wrong_line_is_named(zhike: Zhike, home: Path) -> None:
    line = {"id": "m1", "at": "2026-05-01T09:30:00+08:00", "customer": "wm1", "staff": "zhangwei", "from": "customer"}
    chats = home / "chats.jsonl"
    chats.write_text(json.dumps(line | {"text": "想问下重疾险"}, ensure_ascii=False) + "\n", "utf-8")
    first = zhike("archive", "import", str(chats), "--realm", "ww1")
    again = zhike("archive", "import", str(chats), "--realm", "ww1")
    chats.write_text("{}\n", "utf-8")
    wrong = zhike("archive", "import", str(chats), "--realm", "ww1")
    exported = json.loads(zhike("log", "export", "--account", "archive").stdout)

    assert json.loads(first.stdout) == {"new": 1, "known": 0, "refused": 0}
    assert json.loads(again.stdout) == {"new": 0, "known": 1, "refused": 0}
    assert (wrong.returncode, "chats.jsonl:1: id: " in wrong.stderr) == (78, True)
    assert (exported["content"]["content"], exported["sent_at"]) == ("想问下重疾险", "2026-05-01T01:30:00+00:00")


def test_every_command_that_shows_or_changes_people_leaves_a_row(
    home: Path, new_town_database: Callable[[], str]
) -> None:
    home.mkdir()
    settings = settings_text("http://127.0.0.1:1", places=[SERVICE], clock={"sandbox_url": ""})
    (home / "zhike.toml").write_text(settings, "utf-8")
    url = new_town_database()

    def run(*arguments: str, typed: str = "") -> None:
        done = run_command(*arguments, home=home, database_url=url, typed=typed)
        assert done.returncode == 0, done.stderr

    line = {"at": "2026-05-01T09:30:00+08:00", "staff": "zhangwei", "from": "customer", "text": "好"}
    chats = [line | {"id": who, "customer": who} for who in ("a", "b")]
    (home / "chats.jsonl").write_text("\n".join(map(json.dumps, chats)), "utf-8")
    run("archive", "import", str(home / "chats.jsonl"), "--realm", "ww1")
    run("customer", "find", "a")
    run("customer", "merge", "1", "2", "--cause", "one person")
    run("customer", "unmerge", "2", "--cause", "two people")
    run("customer", "assign", "1", "zhangwei")
    run("staff", "password", "zhangwei", typed="正确的马电池钉书针\n")
    run("staff", "deputy", "zhangwei", "lina", "--since", "2026-05-01", "--until", "2026-05-08")
    run("key", "add", "crm", "--may", "customers.read")
    run("key", "end", "1")
    run("log", "export")

    rows = asyncio.run(run_query(url, "SELECT action, subject FROM audit_entry ORDER BY id", {}))
    assert [tuple(row) for row in rows] == [
        ("read", "customer"),
        ("merged", "customer"),
        ("unmerged", "customer"),
        ("assigned", "customer"),
        ("password_set", "staff"),
        ("appointed", "staff"),
        ("made", "key"),
        ("ended", "key"),
        ("exported", "log"),
    ]
