"""Following, leaving, scanning."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from content.messages import Entered, Follow, Scan, TextReply, Unfollow
from handlers.conversation.routing import first_match
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


async def test_a_customer_who_opens_the_chat_is_greeted_by_the_events_code_and_their_source_noted(desk: Any) -> None:
    heard = await desk.hears(Entered(scene="agent:zhangwei", code="C"), channel="kf")
    (greeting,) = heard.contents
    assert isinstance(greeting, TextReply)
    assert greeting.content.startswith("您好，这里是安和客服")
    assert greeting.code == "C"
    assert heard.effects == (Attributed(scene="agent:zhangwei", agent="zhangwei"),)


async def test_a_greeting_whose_code_counts_no_longer_is_not_made(desk: Any, turn_of: Any) -> None:
    turn = turn_of(Entered(code="C"), channel="kf")
    for age, greetings in ((18, 1), (19, 0)):
        late = replace(turn, now=turn.now + timedelta(seconds=age))
        assert len((await first_match(desk.routes, late)).outcome.replies) == greetings


async def test_without_a_code_or_words_nothing_is_said_to_who_opens_the_chat(desk: Any, desk_with: Any) -> None:
    assert (await desk.hears(Entered(), channel="kf")).contents == []
    wordless = desk_with(welcome="follow: {text: 欢迎}\nscan: {text: 又来了}")
    assert (await wordless.hears(Entered(code="C"), channel="kf")).contents == []


async def test_staff_who_open_the_application_are_not_greeted(desk: Any) -> None:
    assert (await desk.hears(Entered(), channel="wecom")).contents == []
