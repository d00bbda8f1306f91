"""The words that turn the mode for the elderly on and off, and those that only ask about it."""

from __future__ import annotations

from typing import Any

import pytest

from content.messages import MenuReply, Text
from handlers.conversation.turn import ElderChanged, Standing


def elder_effects(heard: Any) -> list[bool]:
    return [effect.on for effect in heard.effects if isinstance(effect, ElderChanged)]


@pytest.mark.parametrize(
    "words", ["长辈模式", "请帮我打开长辈模式！", "我要长辈模式", "老年模式", "把长辈模式打开吧", "关怀模式吧"]
)
async def test_their_own_words_turn_it_on(desk: Any, words: str) -> None:
    heard = await desk.hears(Text(content=words))
    assert elder_effects(heard) == [True]


@pytest.mark.parametrize(
    "words", ["标准模式", "退出长辈模式", "不要长辈模式了", "请帮我关闭长辈模式", "把长辈模式关掉"]
)
async def test_and_off_again(desk: Any, words: str) -> None:
    heard = await desk.hears(Text(content=words), standing=Standing(elder=True))
    assert elder_effects(heard) == [False]


@pytest.mark.parametrize(
    "words",
    ["什么是长辈模式", "字太多了", "我年纪大了看不清", "长辈模式呢", "有长辈模式吗", "我要老年版", "请问长辈版"],
)
async def test_asking_about_it_only_offers_it(desk: Any, words: str) -> None:
    heard = await desk.hears(Text(content=words))
    assert elder_effects(heard) == []
    [offered] = heard.contents
    assert isinstance(offered, MenuReply)
    assert [option.id for option in offered.options] == ["elder.on"]


@pytest.mark.parametrize("words", ["我年纪大了能投保吗", "老人能买什么保险", "退休的标准是什么"])
async def test_words_about_age_are_questions_like_any_other(desk: Any, words: str) -> None:
    assert (await desk.hears(Text(content=words))).route != "elder"


async def test_saying_it_twice_changes_nothing(desk: Any) -> None:
    again = await desk.hears(Text(content="长辈模式"), standing=Standing(elder=True))
    assert again.effects == ()
    assert again.texts[0].startswith("长辈模式开着呢")
    assert (await desk.hears(Text(content="标准模式"))).texts[0].startswith("现在就是标准模式")


async def test_staff_have_no_such_mode(desk: Any) -> None:
    assert (await desk.hears(Text(content="长辈模式"), channel="wecom")).route != "elder"


async def test_what_is_said_first_comes_with_the_reply_only_for_who_has_it(desk: Any) -> None:
    plain = await desk.hears(Text(content="怎么退保"))
    elderly = await desk.hears(Text(content="怎么退保"), standing=Standing(elder=True))
    assert plain.outcome.replies[0].short == ""
    assert elderly.outcome.replies[0].short == "退保可能有损失，保障也没了。先打95500问清能退多少。"
    assert plain.contents == elderly.contents


async def test_a_person_is_there_to_tap_where_answers_know_none(desk_with: Any) -> None:
    desk = desk_with(answers="builtin: drop\nrules: []\n", menu="buttons: []\nreplies: {}\n")
    heard = await desk.hears(Text(content="人工", option="person"))
    assert heard.texts == ["找人工请打95500，同事会帮您。"]
