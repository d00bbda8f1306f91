"""Following, leaving, scanning."""

from __future__ import annotations

from typing import Any

from content.messages import Follow, Scan, Unfollow
from handlers.conversation.turn import Attributed


async def test_a_new_follower_is_welcomed_by_the_accounts_name(desk: Any) -> None:
    heard = await desk.hears(Follow())
    assert heard.texts[0].startswith("您好，欢迎关注安和人寿（演示）！")
    assert heard.effects == ()


async def test_a_follower_by_an_agents_code_is_attributed_to_the_agent(desk: Any) -> None:
    heard = await desk.hears(Follow(scene="agent:zhangwei"))
    assert "服务顾问的专属二维码" in heard.texts[0]
    assert heard.effects == (Attributed(scene="agent:zhangwei", agent="zhangwei"),)


async def test_a_campaign_poster_of_an_agent_names_both(desk: Any) -> None:
    scene = "campaign:spring2026:agent:zhangwei"
    heard = await desk.hears(Follow(scene=scene))
    assert Attributed(scene=scene, campaign="spring2026", agent="zhangwei") in heard.effects


async def test_a_scene_that_names_nothing_is_still_kept_as_the_source(desk: Any) -> None:
    heard = await desk.hears(Follow(scene="20190101"))
    assert Attributed(scene="20190101") in heard.effects
    assert heard.texts == (await desk.hears(Follow())).texts


async def test_to_who_left_nothing_is_said(desk: Any) -> None:
    heard = await desk.hears(Unfollow())
    assert (heard.contents, heard.effects) == ([], ())


async def test_a_follower_who_scans_gets_the_words_for_a_scan(desk: Any) -> None:
    heard = await desk.hears(Scan(scene="agent:zhangwei"))
    assert heard.texts[0].startswith("您好，您扫的服务顾问二维码我已经记下")
    assert heard.effects == (Attributed(scene="agent:zhangwei", agent="zhangwei"),)


async def test_a_scan_without_words_of_its_own_gets_those_of_the_follow(desk_with: Any) -> None:
    hall = "{id: hall, scene: hall, follow: {text: 欢迎光临}}"
    desk = desk_with(welcome=f"follow: {{text: 欢迎}}\nscan: {{text: 又来了}}\nscenes: [{hall}]")
    assert (await desk.hears(Scan(scene="hall"))).texts == (await desk.hears(Follow(scene="hall"))).texts
