"""A customer answers the call-back after a sale, through a restart; what is unclear comes to the supervisor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from content.loader import load_content
from tests.fakes.policy_drop import POLICIES, write_drop
from tests.scenario.places import ASSISTANT, SERVICE
from tests.scenario.test_my_policies import CLAIM, SECTION, codes, said
from tests.scenario.town import Town

CALLBACK = load_content(None).callback


@pytest.fixture(scope="module")
def office(kind: str, new_town_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    home = tmp_path_factory.mktemp("town")
    with Town(home, new_town_database(), places=(SERVICE, ASSISTANT), policies=SECTION) as town:
        now = datetime.fromtimestamp(town.now(), UTC)
        due = f"{now + timedelta(days=10):%Y-%m-%d}"
        lines = [
            f"{POLICIES[0]},callback_due",
            *(f"{line},{due if 'P20260002' in line else ''}" for line in POLICIES[1:]),
        ]
        folder = write_drop(home / "drop", now - timedelta(hours=1), lines={"policies": lines})
        done = town.command("policy", "import", str(folder))
        assert done.returncode == 0, done.stderr
        yield town


def answers(town: Town, person: str) -> list[tuple[Any, ...]]:
    return town.rows(
        "SELECT a.question, a.value, a.edition, a.text FROM callback_answer a JOIN callback c ON c.id = a.callback_id "
        "JOIN identity i ON i.id = c.identity_id WHERE i.external_id = :person ORDER BY a.seq",
        person=SERVICE.openid(person),
    )


def test_a_call_back_is_answered_through_a_restart_and_the_unclear_comes_to_the_supervisor(office: Town) -> None:
    town = office
    town.act(SERVICE, "lin", "scan", scene="agent:ZhangWei")
    assert "已绑定林晓燕名下的保单" in said(town, "lin", CLAIM)
    said(town, "lin", "我的保单")
    assert "您有保单等待回访" in said(town, "lin", codes(town)[-1])

    opened = said(town, "lin", "回访")
    assert "安和医疗险（保单尾号 0002）的回访，共 5 题" in opened
    assert "第 1 题" in opened
    assert "第 2 题" in said(town, "lin", "1")
    assert "第 3 题" in said(town, "lin", "知道")
    unclear = said(town, "lin", "不清楚")
    assert "会有我们的同事联系您讲清楚" in unclear
    assert "第 4 题" in unclear

    town.restart_bot()
    town.listen_directly()
    assert "第 5 题" in said(town, "lin", "1")
    assert "没有听懂" in said(town, "lin", "这是什么意思呀呀呀")
    assert "还不清楚的地方，会有我们的同事联系您" in said(town, "lin", "知道")

    assert answers(town, "lin") == [
        (question.id, "unclear" if question.id == "payment" else "yes", CALLBACK.edition, question.text)
        for question in CALLBACK.questions
    ]
    tasks = town.rows("SELECT t.cause, s.userid FROM task t JOIN staff s ON s.id = t.owner_id")
    assert tasks == [("callback", "lina")]

    def told() -> bool:
        town.advance(0.25)
        return bool(town.seen(ASSISTANT, "LiNa"))

    town.until(told, "the supervisor to be told")
    assert "回访有疑问，请联系客户" in town.seen(ASSISTANT, "LiNa")[-1]
    assert town.seen(ASSISTANT, "ZhangWei") == []

    # What was answered stays; a correction is another round.
    assert "回答不能更改" in said(town, "lin", "回访")
    assert "第 1 题" in said(town, "lin", "1")
    assert "第 2 题" in said(town, "lin", "不是我签的")
    assert [row[:2] for row in answers(town, "lin")][:1] == [("signature", "yes")]
    assert len(answers(town, "lin")) == 6
