"""A customer complains: the agent hears of it in WeCom within a minute, and the supervisor when nobody looks."""

from __future__ import annotations

import json

from tests.scenario.places import ASSISTANT, SERVICE
from tests.scenario.town import Town


def _follow_by_card(town: Town, person: str) -> None:
    town.act(SERVICE, person, "scan", scene="agent:ZhangWei")


def _told(town: Town, userid: str, count: int) -> list[str]:
    def done() -> bool:
        town.advance(0.25)  # the sending loop lives in the platform's time
        return len(town.seen(ASSISTANT, userid)) >= count

    town.until(done, f"{userid} to be told")
    return town.seen(ASSISTANT, userid)


def test_the_agent_is_told_asks_what_there_is_to_do_and_finishes_it(own_town: Town) -> None:
    town = own_town
    _follow_by_card(town, "angry")
    before = len(town.seen(ASSISTANT, "ZhangWei"))
    town.says(SERVICE, "angry", "我要投诉你们，没人管")
    said = town.now()
    told = _told(town, "ZhangWei", before + 1)[-1]
    assert "客户投诉" in told
    assert "没人管" not in told, "the customer's words stay in the log"
    assert town.now() - said < 60

    town.says(ASSISTANT, "ZhangWei", "今日待办")
    listed = _told(town, "ZhangWei", before + 2)[-1]
    number = listed.split("#")[1].split()[0]
    assert "您有 1 件待办" in listed
    town.says(ASSISTANT, "ZhangWei", f"完成 {number} 已回电，客户满意")
    assert "已办结" in _told(town, "ZhangWei", before + 3)[-1]
    town.says(ASSISTANT, "ZhangWei", "今日待办")
    assert "没有待办" in _told(town, "ZhangWei", before + 4)[-1]
    assert town.rows("SELECT state, disposition FROM task") == [("done", "已回电，客户满意")]


def test_a_task_that_nobody_looks_at_comes_to_the_supervisor(own_town: Town) -> None:
    town = own_town
    _follow_by_card(town, "forgotten")
    town.says(SERVICE, "forgotten", "我要举报")
    town.until(
        lambda: town.rows("SELECT told_at FROM task WHERE state = 'assigned' AND told_at > 0") != [], "the telling"
    )
    town.advance(31 * 60, step=60)
    assert "原由 张伟 负责" in _told(town, "LiNa", 1)[-1]
    log = town.export(ASSISTANT)
    assert [line["content"]["content"][:3] for line in log if line["person"] == "lina"] == ["待办 "], json.dumps(log)
