"""A customer's own data: downloaded once by a link, corrected through a task, deleted in two steps over real HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.scenario.places import SERVICE
from tests.scenario.processes import run_command
from tests.scenario.town import Town

_MARK = "鹬蚌Zq81"


@pytest.fixture(scope="module")
def place_of_law(
    kind: str, new_town_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Town]:
    home = tmp_path_factory.mktemp("town")
    with Town(home, new_town_database(), places=(SERVICE,), console={"public_url": "https://bot.example"}) as town:
        yield town


def _ask(town: Town, path: str, method: str = "GET") -> tuple[int, str]:
    request = Request(f"http://127.0.0.1:{town.bot.port}{path}", method=method, data=b"" if method == "POST" else None)
    try:
        with urlopen(request, timeout=10) as response:
            return response.status, response.read().decode()
    except HTTPError as refused:
        return refused.code, refused.read().decode()


def test_a_customer_downloads_their_data_by_a_link_that_works_once(place_of_law: Town) -> None:
    town = place_of_law
    town.follow(SERVICE, "hua")
    town.says(SERVICE, "hua", f"我家的猫叫{_MARK}")
    answer = town.says(SERVICE, "hua", "导出我的数据")["shown"][0]["text"]
    [path] = re.findall(r"https://bot\.example(/my-data/[A-Za-z0-9_-]{43})", answer)

    assert _ask(town, path)[0] == 200
    status, body = _ask(town, path, "POST")
    assert status == 200
    found = json.loads(body)
    said = [(row["direction"], row["content"]) for row in found["messages"]]
    assert ("in", {"content": f"我家的猫叫{_MARK}"}) in said
    assert any(direction == "out" for direction, _ in said)
    assert [each["external_id"] for each in found["identities"]] == [SERVICE.openid("hua")]

    assert _ask(town, path, "POST")[0] == 410
    assert _ask(town, path)[0] == 410
    assert _ask(town, "/my-data/" + "x" * 43, "POST")[0] == 410
    rows = town.rows("SELECT viewer, action, detail FROM audit_entry WHERE subject = 'customer'")
    assert ("customer", "exported", "by link") in rows


def test_a_correction_opens_a_task(place_of_law: Town) -> None:
    town = place_of_law
    town.follow(SERVICE, "jia")
    answer = town.says(SERVICE, "jia", "更正我的资料 手机号换了")
    assert "已记下您要更正的内容" in answer["shown"][0]["text"]
    made = "SELECT cause FROM task WHERE cause = 'correction'"
    town.until(lambda: bool(town.rows(made)), "the task")


def test_a_customer_deletes_their_data_in_two_steps(place_of_law: Town) -> None:
    town = place_of_law
    town.follow(SERVICE, "ming")
    town.says(SERVICE, "ming", f"我想咨询{_MARK}删")
    assert "请先发送「删除我的数据」" in town.says(SERVICE, "ming", "确认删除")["shown"][0]["text"]
    asked = town.says(SERVICE, "ming", "删除我的数据")["shown"][0]["text"]
    assert "确定要删除，请回复「确认删除」" in asked
    assert town.rows("SELECT state FROM erasure") == []
    assert "您的数据即将删除" in town.says(SERVICE, "ming", "确认删除")["shown"][0]["text"]
    [(before,)] = town.rows("SELECT customer_id FROM identity WHERE external_id = :p", p=SERVICE.openid("ming"))

    town.advance(180, step=5)
    done = "SELECT id FROM erasure WHERE state = 'confirmed'"
    town.until(lambda: bool(town.rows(done)), "the erasure")

    assert town.rows("SELECT fields FROM content WHERE fields LIKE :m", m=f"%{_MARK}删%") == []
    assert town.rows("SELECT id FROM identity WHERE external_id = :p", p=SERVICE.openid("ming")) == []
    words = f"{_MARK}删".encode()
    escaped = json.dumps(f"{_MARK}删")[1:-1].encode()
    for path in _kept_by_the_bot(town.home):
        raw = path.read_bytes()
        assert words not in raw, path
        assert escaped not in raw, path
    verified = town.command("log", "verify")
    assert verified.returncode == 0, verified.stdout
    assert "destroyed" in verified.stdout

    # Whoever comes back is somebody new.
    town.says(SERVICE, "ming", "保单怎么查？")
    [(after,)] = town.rows("SELECT customer_id FROM identity WHERE external_id = :p", p=SERVICE.openid("ming"))
    assert after != before


def test_a_backup_restores_into_an_empty_place_without_who_was_erased(
    place_of_law: Town, tmp_path_factory: pytest.TempPathFactory
) -> None:
    town, home = place_of_law, tmp_path_factory.mktemp("restored")
    town.follow(SERVICE, "qiu", "xia")
    town.says(SERVICE, "xia", "保单怎么查？")
    town.says(SERVICE, "qiu", f"先备份再删{_MARK}秋")
    town.advance(5, step=5)
    made = town.command("backup", str(home / "backup.zip"))
    assert made.returncode == 0, made.stderr
    again = town.command("backup", str(home / "backup.zip"))
    assert (again.returncode, "there already" in again.stderr) == (78, True)
    [(customer,)] = town.rows("SELECT customer_id FROM identity WHERE external_id = :p", p=SERVICE.openid("qiu"))
    asked = town.command("customer", "erase", str(customer), "--reason", "asked in writing")
    number = json.loads(asked.stdout)["erasure"]
    town.advance(180, step=5)
    state = "SELECT state FROM erasure WHERE id = :id"
    town.until(lambda: town.rows(state, id=number) == [("confirmed",)], "the erasure")
    assert json.loads(town.command("erasure", "show", str(number)).stdout)["report"]["kept"] == {"contents": 0}

    (home / "zhike.toml").write_bytes((town.home / "zhike.toml").read_bytes())
    url = f"sqlite+aiosqlite:///{home / 'restored.db'}"
    newest = str(town.home / "erasures.jsonl")
    done = run_command("restore", str(home / "backup.zip"), "--erasures", newest, home=home, database_url=url)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["erased_again"] == [customer]
    assert f"再删{_MARK}秋".encode() not in (home / "restored.db").read_bytes()
    found = run_command("customer", "find", SERVICE.openid("xia"), home=home, database_url=url)
    assert json.loads(found.stdout.splitlines()[0])["person"] == SERVICE.openid("xia")
    verified = run_command("log", "verify", home=home, database_url=url)
    assert verified.returncode == 0, verified.stdout


def _kept_by_the_bot(home: Path) -> list[Path]:
    """Return the bot's files: database, log files, seals; not the sandbox's, which is the platform's memory."""
    return [
        path
        for path in home.rglob("*")
        if path.is_file() and path.name != "record.jsonl" and "sandbox" not in path.name
    ]
