"""Content from a file to a follower's phone by commands: checked, approved by a second person, tried out, stopped."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.scenario.places import CORP_ID, SERVICE, block
from tests.scenario.town import Town

_FILE = """
key: birthday
kind: text
name: 生日祝福
purpose: service
variables:
  name: {type: text, example: 王女士}
variants:
  A: {text: "%s"}
"""


@pytest.fixture(scope="module")
def town(kind: str, new_town_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    testers = {"testers": [f"{SERVICE.name}:{SERVICE.openid('lin')}"]}
    home = tmp_path_factory.mktemp("town")
    with Town(home, new_town_database(), places=[SERVICE], contents=testers) as town:
        people = (("SunLei", "campaign_manager"), ("ZhouMin", "reviewer"))
        of = {"realm": CORP_ID, "branch": "上海分公司"}
        blocks = [block("[[staff]]", {**of, "userid": userid, "name": userid, "role": role}) for userid, role in people]
        with (home / "zhike.toml").open("a", encoding="utf-8") as file:
            file.write("\n" + "\n".join(blocks))
        yield town


def _write(town: Town, words: str) -> str:
    path = Path(town.home) / "birthday.yaml"
    path.write_text(_FILE % words, encoding="utf-8")
    return str(path)


def _does(town: Town, *arguments: str) -> tuple[int, str]:
    done = town.command("content", *arguments)
    return done.returncode, done.stdout + done.stderr


def _show(town: Town) -> Any:
    return json.loads(_does(town, "show", "birthday")[1])


def test_from_a_file_to_the_phone_and_no_further_once_it_is_stopped(town: Town) -> None:
    status, told = _does(town, "check", _write(town, "稳赚不赔"))
    assert status == 1
    assert "birthday.yaml:9: [critical " in told
    assert "「稳赚不赔」" in told
    file = _write(town, "{{ name }}，祝您生日快乐！")
    assert _does(town, "draft", file, "--by", "SunLei")[0] == 0
    assert _does(town, "submit", "birthday", "--by", "SunLei")[0] == 0
    status, told = _does(town, "approve", "birthday", "--by", "SunLei")
    assert (status, "contents.review" in told) == (78, True)
    assert _does(town, "approve", "birthday", "--by", "ZhouMin")[0] == 0

    town.follow(SERVICE, "lin")
    town.says(SERVICE, "lin", "你好")
    assert _does(town, "try", "birthday", "--by", "SunLei")[0] == 0
    assert [row[0] for row in town.settled(SERVICE, "lin")][-1] == "sent"
    assert "王女士，祝您生日快乐！" in town.seen(SERVICE, "lin")

    status, told = _does(town, "stop", "birthday", "--reason", "条款有误")
    assert (status, json.loads(told)) == (0, {"stopped": "birthday", "waiting": 0, "new": True})
    assert _does(town, "try", "birthday", "--by", "SunLei")[0] == 0
    assert town.settled(SERVICE, "lin", 2)[-1][:2] == ("refused", "content_stopped")
    assert town.seen(SERVICE, "lin").count("王女士，祝您生日快乐！") == 1
    shown = _show(town)
    assert (shown["state"], shown["sendable"], shown["stopped"]) == ("approved", False, "条款有误")
    assert shown["versions"][0]["reviewer"] == "ZhouMin"
