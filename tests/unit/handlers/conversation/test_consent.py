"""Turning advertising off and on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from content.consent import Consent, ConsentState
from content.messages import Text, Voice
from handlers.conversation.turn import ConsentChanged, ConsentStanding, Standing


def _standing(state: ConsentState) -> Standing:
    standing = ConsentStanding(state=state, text_version="v1", at=datetime(2026, 3, 1, tzinfo=UTC))
    return Standing(consents={Consent.MARKETING: standing})


GRANTED = _standing(ConsentState.GRANTED)
WITHDRAWN = _standing(ConsentState.WITHDRAWN)


@pytest.mark.parametrize("words", ["退订", "TD", "ｔｄ", "t", "退 订！", "不要再发了", "请别给我发广告", "取消订阅"])
async def test_words_of_refusal_turn_marketing_off(desk: Any, words: Any) -> None:
    heard = await desk.hears(Text(content=words), standing=GRANTED)
    assert heard.texts[0].startswith("已为您关闭活动和推广消息")
    assert [(effect.consent, effect.state) for effect in heard.effects] == [(Consent.MARKETING, ConsentState.WITHDRAWN)]


@pytest.mark.parametrize("words", ["恢复订阅", "取消退订", "不退订了"])
async def test_words_of_return_turn_marketing_on(desk: Any, words: Any) -> None:
    heard = await desk.hears(Text(content=words), standing=WITHDRAWN)
    assert heard.texts[0].startswith("已为您恢复活动和推广消息")
    assert [effect.state for effect in heard.effects] == [ConsentState.GRANTED]


async def test_the_change_names_the_message_that_shows_it_and_the_version_of_the_text(desk: Any) -> None:
    heard = await desk.hears(Text(content="你好"), Text(content="退订"))
    (changed,) = heard.effects
    assert isinstance(changed, ConsentChanged)
    assert (changed.consent, changed.state) == (Consent.MARKETING, ConsentState.WITHDRAWN)
    assert changed.text_version == desk.content.version
    assert changed.evidence.key == "m:1"


async def test_a_spoken_refusal_counts(desk: Any) -> None:
    heard = await desk.hears(Voice(media_id="v", recognition="退订。"))
    assert [effect.state for effect in heard.effects] == [ConsentState.WITHDRAWN]


async def test_a_refusal_among_fragments_is_not_lost_and_the_question_is_answered(desk: Any) -> None:
    heard = await desk.hears(Text(content="退订"), Text(content="保单怎么查"))
    assert [text[:5] for text in heard.texts] == ["已为您关闭", "查保单可以"]
    assert [effect.state for effect in heard.effects] == [ConsentState.WITHDRAWN]


async def test_the_last_of_two_choices_counts(desk: Any) -> None:
    heard = await desk.hears(Text(content="退订"), Text(content="恢复订阅"), standing=WITHDRAWN)
    assert [effect.state for effect in heard.effects] == [ConsentState.GRANTED]


async def test_saying_it_twice_is_confirmed_and_changes_nothing(desk: Any) -> None:
    heard = await desk.hears(Text(content="退订"), standing=WITHDRAWN)
    assert (heard.texts[0][:9], heard.effects) == ("您此前已经关闭了活", ())


async def test_after_a_refusal_questions_are_still_answered(desk: Any) -> None:
    heard = await desk.hears(Text(content="保单怎么查"), standing=WITHDRAWN)
    assert heard.texts[0].startswith("查保单可以这样")


@pytest.mark.parametrize(
    "words",
    ["我想退保", "上个月的账单不要再发到我旧的邮箱里了，请改成发到我的新邮箱，谢谢你们", "tom", "怎么停止续期扣款"],
)
async def test_words_about_something_else_are_no_refusal(desk: Any, words: Any) -> None:
    assert (await desk.hears(Text(content=words))).route != "consent.marketing"


async def test_staff_are_not_asked_for_marketing(desk: Any) -> None:
    assert (await desk.hears(Text(content="退订"), channel="wecom")).effects == ()
