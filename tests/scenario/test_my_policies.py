"""A customer binds their policies, shows who they are by a code, asks, and is told nothing when the source is down."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.policy_drop import write_drop
from tests.scenario.places import SERVICE
from tests.scenario.town import Town

PHONE = "13900001234"
CLAIM = "林晓燕 P20260001 01234x"
SECTION = {
    "source": "csv",
    "folder": "drop",
    "codes_url": "{sandbox}/sms",
    "codes_secret": "gateway-secret",
    "code_key": "k" * 32,
}


@pytest.fixture(scope="module")
def office(kind: str, new_town_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    home = tmp_path_factory.mktemp("town")
    with Town(home, new_town_database(), places=(SERVICE,), policies=SECTION) as town:
        yield town


@pytest.fixture(scope="module")
def drop(office: Town) -> Path:
    """A fresh drop, loaded."""
    return bring(office, hours=1)


def bring(town: Town, *, hours: float) -> Path:
    """Load a drop that is so many hours old."""
    as_of = datetime.fromtimestamp(town.now(), UTC) - timedelta(hours=hours)
    folder = write_drop(town.home / "drop", as_of)
    done = town.command("policy", "import", str(folder))
    assert done.returncode == 0, done.stderr
    return folder


def said(town: Town, person: str, words: str) -> str:
    shown = town.says(SERVICE, person, words)["shown"]
    return "" if not shown else str(shown[0]["text"])


def codes(town: Town) -> list[str]:
    found: dict[str, Any] = town.control("GET", f"/sandbox/sms?phone={PHONE}")
    return [re.findall(r"验证码 (\d{6})", message["text"])[0] for message in found["messages"]]


def bound(town: Town, person: str) -> None:
    town.follow(SERVICE, person)
    assert "已绑定林晓燕名下的保单" in said(town, person, CLAIM)


def test_a_customer_binds_proves_who_they_are_and_reads_their_policies(office: Town, drop: Path) -> None:
    town = office
    town.follow(SERVICE, "lin")
    assert "还没有绑定" in said(town, "lin", "我的保单")
    assert "投保人姓名 保单号 证件号后六位" in said(town, "lin", "绑定保单")
    assert "没有核对上" in said(town, "lin", "林晓燕 P20260001 999999")
    answer = said(town, "lin", CLAIM)
    assert "已绑定林晓燕名下的保单" in answer
    assert "P20260001" not in answer

    before = len(codes(town))
    asked = said(town, "lin", "我的保单")
    assert "尾号 1234" in asked
    assert "安和" not in asked.replace("安和人寿", "")
    assert len(codes(town)) == before + 1
    wrong = "000000" if codes(town)[-1] != "000000" else "111111"
    assert "还可以再试 2 次" in said(town, "lin", wrong)
    shown = said(town, "lin", codes(town)[-1])
    assert "安和长护重疾险（保单尾号 0001）被保险人 林**，有效" in shown
    assert "下次应缴日 2027-03-01，12,000 元" in shown
    assert "数据截至" in shown
    assert "P20260001" not in shown

    # Known for a while: no second code.
    assert "资料审核中" in said(town, "lin", "我的理赔进度")
    assert "2027-03-01" in said(town, "lin", "我的续期")
    assert len(codes(town)) == before + 1
    town.advance(15 * 60 + 1, step=60)
    assert "尾号 1234" in said(town, "lin", "我的保单")
    assert "已解除绑定" in said(town, "lin", "解绑保单")
    assert "还没有绑定" in said(town, "lin", "我的保单")


def test_three_wrong_codes_end_a_code_and_it_ends_by_itself(office: Town, drop: Path) -> None:
    town = office
    bound(town, "wrong")
    said(town, "wrong", "我的保单")
    right = codes(town)[-1]
    wrong = "000000" if right != "000000" else "111111"
    answers = [said(town, "wrong", wrong) for _ in range(3)]
    assert ["再试 2 次" in answers[0], "再试 1 次" in answers[1], "已失效" in answers[2]] == [True] * 3
    assert "已失效" in said(town, "wrong", right)
    said(town, "wrong", "我的保单")
    late = codes(town)[-1]
    town.advance(5 * 60 + 1, step=60)
    assert "已失效" in said(town, "wrong", late)


def test_who_guesses_is_stopped_for_the_day_whoever_answers(office: Town, drop: Path) -> None:
    town = office
    town.follow(SERVICE, "guesser")
    answers = [said(town, "guesser", f"林晓燕 P20260001 00000{digit}") for digit in range(6)]
    assert ["没有核对上" in answer for answer in answers] == [True] * 5 + [False]
    assert "今天尝试的次数太多了" in answers[5]
    town.restart_bot()
    town.listen_directly()
    assert "今天尝试的次数太多了" in said(town, "guesser", CLAIM)


def test_a_code_shows_nothing_to_anybody_else(office: Town, drop: Path) -> None:
    town = office
    bound(town, "own")
    said(town, "own", "我的保单")
    town.follow(SERVICE, "other")
    assert "保单尾号" not in said(town, "other", codes(town)[-1])


def test_when_the_source_is_down_nothing_is_shown_and_somebody_sees_to_it(office: Town, drop: Path) -> None:
    town = office
    bound(town, "down")
    said(town, "down", "我的保单")
    assert "保单尾号" in said(town, "down", codes(town)[-1])
    bring(town, hours=49)
    for words in ("我的保单", "我的续期", "我的进度", CLAIM):
        answer = said(town, "down", words)
        assert "保单系统暂时查不到" in answer
        assert "保单尾号" not in answer
    tasks = town.rows(
        "SELECT t.cause, t.state, count(e.id) FROM task t JOIN task_evidence e ON e.task_id = t.id "
        "JOIN identity i ON i.customer_id = t.customer_id WHERE i.external_id = :person "
        "GROUP BY t.id, t.cause, t.state",
        person=SERVICE.openid("down"),
    )
    assert tasks == [("policy_source_down", "open", 4)]
    bring(town, hours=1)
    assert "保单尾号" in said(town, "down", "我的保单")


def test_no_code_and_no_identity_number_stands_in_the_processes_log(office: Town, drop: Path) -> None:
    bound(office, "quiet")
    said(office, "quiet", "我的保单")
    text = office.bot.log.read_text("utf-8")
    assert codes(office)[-1] not in text
    assert "01234" not in text
    assert PHONE not in text
