"""An agent writes to the WeCom application: help, whoami, and what somebody hears who is not bound."""

from __future__ import annotations

from tests.scenario.places import ASSISTANT, DESK
from tests.scenario.town import Town


def test_the_application_proves_its_address(town: Town) -> None:
    assert town.control("POST", "/sandbox/verify", {"account": ASSISTANT.name})["ok"]


def test_an_agent_gets_help(town: Town) -> None:
    done = town.says(ASSISTANT, "ZhangWei", "帮助")
    assert "您可以这样用我" in done["shown"][0]["text"]


def test_an_agent_is_told_who_they_are(town: Town) -> None:
    done = town.says(ASSISTANT, "ZhangWei", "我是谁")
    assert "姓名：张伟" in done["shown"][0]["text"]
    assert "角色：代理人" in done["shown"][0]["text"]
    assert "机构：上海分公司" in done["shown"][0]["text"]


def test_a_member_of_staff_without_a_branch_is_told_so(town: Town) -> None:
    assert "机构：未登记" in town.says(ASSISTANT, "QianYi", "whoami")["shown"][0]["text"]


def test_a_member_who_is_not_bound_learns_their_userid_and_how_to_be_bound(town: Town) -> None:
    done = town.says(ASSISTANT, "NewHere", "帮助")
    assert "NewHere 还没有绑定为员工" in done["shown"][0]["text"]
    assert "staff" in done["shown"][0]["text"]


def test_opening_the_application_is_logged_and_says_nothing(town: Town) -> None:
    done = town.act(ASSISTANT, "SunLei", "enter")
    assert (done["result"], done["shown"]) == ("empty", [])
    assert town.log_of(ASSISTANT, "SunLei") == [("in", "entered")]


def test_a_member_who_comes_into_scope_is_welcomed(town: Town) -> None:
    done = town.act(DESK, "LiNa", "follow")
    assert done["result"] == "empty"
    assert [line["text"] for line in town.wait_for(1, what="shown", account=DESK.name, person="LiNa")] == [
        f"李娜，您好，这里是{DESK.title}。\n发送「帮助」，看看我现在能为您做什么；发送「我是谁」，核对您的身份。"
    ]


def test_an_application_that_answers_by_itself_answers_through_message_send(town: Town) -> None:
    town.says(DESK, "ZhangWei", "我是谁")
    shown = town.wait_for(1, what="shown", account=DESK.name, person="ZhangWei")
    assert [(line["via"], "张伟" in line["text"]) for line in shown] == [("message_send", True)]
    assert town.settled(DESK, "ZhangWei") == [("sent", None, 1)]
