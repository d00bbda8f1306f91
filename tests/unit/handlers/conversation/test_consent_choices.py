"""What customers choose about consents: answering the notice, seeing and changing what was chosen."""

from __future__ import annotations

from typing import Any

import pytest

from content.consent import Consent, ConsentState
from content.messages import MenuReply, Option, Text
from content.notice import ALL, EACH, NONE, TOGETHER
from content.tree import Content
from handlers.conversation.consent_choices import consent_labels
from handlers.conversation.turn import ConsentChanged, Standing
from tests.unit.handlers.conversation.test_notice import standing

ASKED = standing(**{consent.value: "asked" for consent in TOGETHER})
SENSITIVE_ASKED = standing(**{consent.value: "granted" for consent in TOGETHER}, sensitive="asked")


def steps(heard: Any) -> dict[str, str]:
    return {effect.consent.value: effect.state.value for effect in heard.effects if isinstance(effect, ConsentChanged)}


def tap(identifier: str) -> Text:
    return Text(content="（点选）", option=identifier)


async def test_agreeing_to_the_four_asks_the_sensitive_one_by_itself(desk: Any) -> None:
    heard = await desk.hears(tap(ALL), standing=ASKED)
    assert heard.route == "consent.choice"
    assert steps(heard) == {consent.value: "granted" for consent in TOGETHER} | {"sensitive": "asked"}
    [question] = heard.contents
    assert isinstance(question, MenuReply)
    assert "单独同意" in question.head
    assert [option.id for option in question.options] == ["consent.sensitive.yes", "consent.sensitive.no"]


async def test_refusing_all_is_taken_and_costs_no_service(desk: Any) -> None:
    heard = await desk.hears(tap(NONE), standing=ASKED)
    assert steps(heard) == {consent.value: "refused" for consent in TOGETHER}
    assert "服务不受影响" in heard.texts[0]


async def test_one_by_one_each_is_asked_until_all_have_an_answer(desk: Any) -> None:
    states = {consent.value: "asked" for consent in TOGETHER}
    heard = await desk.hears(tap(EACH), standing=standing(**states))
    said = []
    for consent, word in zip(TOGETHER, ("yes", "no", "yes", "no"), strict=True):
        [question] = heard.contents
        assert isinstance(question, MenuReply)
        assert [option.id for option in question.options] == [f"consent.{consent}.yes", f"consent.{consent}.no"]
        heard = await desk.hears(tap(f"consent.{consent}.{word}"), standing=standing(**states))
        said.append(steps(heard))
        states |= said[-1]
    assert said[:3] == [{"profile": "granted"}, {"marketing": "refused"}, {"personalisation": "granted"}]
    assert said[3] == {"archive": "refused", "sensitive": "asked"}
    done = await desk.hears(tap("consent.sensitive.no"), standing=standing(**states))
    assert steps(done) == {"sensitive": "refused"}
    assert done.texts[0].startswith("已按您的选择记下")


@pytest.mark.parametrize(
    ("words", "before", "after"),
    [
        ("关闭个性化", "granted", {"personalisation": "withdrawn"}),
        ("开启 个性化！", "withdrawn", {"personalisation": "granted"}),
        ("关闭个性化推荐", "withdrawn", {}),
    ],
)
async def test_words_switch_a_consent_and_repeat_nothing(
    desk: Any, words: str, before: str, after: dict[str, str]
) -> None:
    heard = await desk.hears(Text(content=words), standing=standing(personalisation=before))
    assert heard.route == "consent.word"
    assert steps(heard) == after
    assert heard.texts[0].startswith("「个性化推荐」已")


async def test_the_list_shows_state_and_day_and_switches_each(desk: Any) -> None:
    before = standing(profile="granted", marketing="withdrawn", sensitive="refused")
    [shown] = (await desk.hears(Text(content="隐私设置"), standing=before)).contents
    assert isinstance(shown, MenuReply)
    assert "· 服务档案：已同意（2026-03-01）" in shown.head
    assert "· 活动消息：已撤回（2026-03-01）" in shown.head
    assert shown.head.endswith("· 会话存档：未询问")
    assert [option.id.removeprefix("consent.") for option in shown.options] == [
        "profile.off",
        "sensitive.on",
        "marketing.on",
        "personalisation.on",
        "archive.on",
        "elder.on",
    ]
    switched = await desk.hears(tap("consent.profile.off"), standing=before)
    assert steps(switched) == {"profile": "withdrawn"}


async def test_a_number_or_a_label_chooses_like_a_tap(desk: Any, content: Content) -> None:
    options = (Option(id=ALL, label="以上四项都同意"), Option(id=NONE, label="都不同意"))
    offered = Standing(consents=ASKED.consents, offered=options)
    by_number = await desk.hears(Text(content="2"), standing=offered)
    by_label = await desk.hears(Text(content="都不同意"), standing=offered)
    assert steps(by_number) == steps(by_label) == {consent.value: "refused" for consent in TOGETHER}
    assert {option.label for option in options} <= consent_labels(content)


async def test_what_was_granted_is_withdrawn_not_refused_and_an_old_tap_revives_nothing(desk: Any) -> None:
    granted = standing(profile="granted", marketing="granted", personalisation="granted", archive="granted")
    assert steps(await desk.hears(tap("consent.archive.no"), standing=granted))["archive"] == "withdrawn"
    opted_out = standing(profile="refused", marketing="withdrawn", personalisation="refused", archive="refused")
    heard = await desk.hears(tap(ALL), standing=opted_out)
    assert steps(heard) == {}
    assert isinstance(heard.contents[0], MenuReply)


async def test_staff_are_asked_nothing_and_an_unknown_choice_is_answered(desk: Any) -> None:
    heard = await desk.hears(Text(content="隐私设置"), channel="wecom")
    assert not heard.route.startswith("consent")
    unknown = await desk.hears(tap("consent.telepathy.on"))
    assert unknown.route == "menu.option"
    assert unknown.effects == ()


async def test_every_way_through_the_notice_stays_on_the_states_of_the_specification(desk: Any) -> None:
    allowed = {
        "unasked": {"asked", "granted", "refused", "withdrawn"},
        "asked": {"asked", "granted", "refused", "withdrawn"},
        "granted": {"asked", "withdrawn"},
        "refused": {"granted", "withdrawn"},
        "withdrawn": {"granted"},
    }
    names = [
        ALL,
        EACH,
        NONE,
        *(f"consent.{consent}.{word}" for consent in Consent for word in ("yes", "no", "on", "off")),
    ]
    for state in ConsentState:
        states = {} if state is ConsentState.UNASKED else {consent.value: state.value for consent in Consent}
        for name in names:
            for after in steps(await desk.hears(tap(name), standing=standing(**states))).values():
                assert after in allowed[state.value], (state, name, after)
