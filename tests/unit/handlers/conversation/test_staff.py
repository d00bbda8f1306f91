"""The application chat of staff."""

from __future__ import annotations

from typing import Any

import pytest

from content.messages import Entered, Follow, Image, MenuClick, Text, Unfollow
from handlers.conversation.turn import Staff

ZHANG = Staff(userid="zhangwei", name="张伟", role="agent", branch="上海分公司")


@pytest.mark.parametrize("words", ["帮助", "help", "HELP", "帮助。"])
async def test_help_tells_staff_what_they_can_do(desk: Any, words: Any) -> None:
    heard = await desk.hears(Text(content=words), channel="wecom", staff=ZHANG)
    assert (heard.route, heard.texts[0][:7]) == ("staff.help", "您可以这样用我")


@pytest.mark.parametrize(("key", "route"), [("help", "staff.help"), ("whoami", "staff.whoami")])
async def test_a_button_of_the_applications_menu_asks_the_same(desk: Any, key: str, route: str) -> None:
    assert (await desk.hears(MenuClick(key=key), channel="wecom", staff=ZHANG)).route == route


@pytest.mark.parametrize("words", ["我是谁", "我是谁？", "whoami", "Who am I?"])
async def test_whoami_tells_who_is_bound(desk: Any, words: Any) -> None:
    heard = await desk.hears(Text(content=words), channel="wecom", staff=ZHANG)
    assert heard.texts == ["姓名：张伟\n账号：zhangwei\n角色：代理人\n机构：上海分公司"]


async def test_whoami_without_a_branch_says_so(desk: Any) -> None:
    staff = Staff(userid="wang", name="王芳", role="compliance")
    heard = await desk.hears(Text(content="我是谁"), channel="wecom", staff=staff)
    assert heard.texts[0].endswith("角色：合规\n机构：未登记")


@pytest.mark.parametrize(
    "body", [Text(content="帮助"), Text(content="我是谁"), Image(media_id="i"), MenuClick(key="k")]
)
async def test_an_unknown_member_learns_how_to_be_bound(desk: Any, body: Any) -> None:
    heard = await desk.hears(body, channel="wecom")
    assert heard.route == "staff.unbound"
    assert "lisi 还没有绑定" in heard.texts[0]


async def test_staff_can_try_what_customers_are_told(desk: Any) -> None:
    assert (await desk.hears(Text(content="怎么报案"), channel="wecom", staff=ZHANG)).route == "answers"


async def test_what_nobody_knows_points_staff_to_help(desk: Any) -> None:
    heard = await desk.hears(Text(content="今天天气"), channel="wecom", staff=ZHANG)
    assert "发送「帮助」" in heard.texts[0]


async def test_a_member_who_comes_into_scope_is_greeted_by_name(desk: Any) -> None:
    heard = await desk.hears(Follow(), channel="wecom", staff=ZHANG)
    assert heard.texts[0].startswith("张伟，您好，这里是知客助手")


async def test_an_unknown_member_who_comes_into_scope_learns_how_to_be_bound(desk: Any) -> None:
    heard = await desk.hears(Follow(), channel="wecom")
    assert "lisi 还没有绑定" in heard.texts[0]


async def test_opening_the_chat_is_no_reason_to_talk(desk: Any) -> None:
    assert (await desk.hears(Entered(), channel="wecom", staff=ZHANG)).contents == []


async def test_to_who_left_the_scope_nothing_is_said(desk: Any) -> None:
    assert (await desk.hears(Unfollow(), channel="wecom")).contents == []


async def test_customers_do_not_reach_the_commands_of_staff(desk: Any) -> None:
    assert (await desk.hears(Text(content="我是谁"))).route == "fallback"


async def test_staff_are_never_sent_to_a_menu_that_the_application_may_not_have(desk: Any) -> None:
    asked = [Text(content="旧选项", option="retired"), MenuClick(key="retired"), Text(content="今天天气怎么样")]
    asked += [Text(content="选项", option=rule.id) for rule in desk.content.answers.rules]
    heard = [await desk.hears(body, channel="wecom", staff=ZHANG) for body in asked]
    assert [text for one in heard for text in one.texts if "下方菜单" in text] == []
