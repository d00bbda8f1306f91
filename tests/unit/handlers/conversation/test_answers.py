"""What people ask, in their many ways of asking it."""

from __future__ import annotations

from typing import Any

import pytest

from content.messages import Text
from handlers.conversation.answers import AnswerBook
from tests.fakes.echo import ECHO


@pytest.fixture
def book(content: Any) -> Any:
    return AnswerBook(content.answers)


@pytest.fixture
def found(book: Any, turn_of: Any) -> Any:
    def find(words: Any) -> Any:
        turn = turn_of(Text(content=words))
        match = book.find(turn.text, turn.normal)
        return match.rule.id if match else None

    return find


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("greeting", "你好！"),
        ("greeting", "ＨＥＬＬＯ"),
        ("claim_report", "理赔怎么报案"),
        ("claim_report", "我爸出车祸了"),
        ("claim_documents", "请问理赔需要哪些资料呢"),
        ("claim_progress", "我的理赔进度到哪了"),
        ("policy_query", "保单怎么查？"),
        ("policy_query", "我想看看我的保单"),
        ("policy_loan", "我的保单贷款怎么办"),
        ("electronic_policy", "保单丢了"),
        ("policy_change", "我换手机号了"),
        ("cooling_off", "犹豫期有几天"),
        ("surrender", "我要退保"),
        ("fraud", "有人说能全额退保"),
        ("renewal", "续期保费什么时候扣"),
        ("grace_period", "续期保费忘了交"),
        ("hotline", "客服电话多少"),
        ("hours", "你们周末营业吗"),
        ("person", "转人工"),
        ("complaint", "投诉电话是多少"),
        ("invoice", "能开发票么"),
        ("disclosure", "等待期是多久"),
    ],
)
def test_a_question_finds_its_answer(found: Any, answer: Any, words: Any) -> None:
    assert found(words) == answer


def test_a_question_that_is_almost_one_of_ours_finds_the_answer(found: Any) -> None:
    assert found("接到了自称你们公司的电话是真的吗") == "fraud"


def test_a_question_alike_in_form_but_about_something_else_finds_none(found: Any) -> None:
    assert found("自行车丢了怎么补") is None


@pytest.mark.parametrize("words", ["今天天气怎么样", "给我讲个笑话", "😀😀", "。。。", "1", "股票会涨吗"])
def test_what_we_know_nothing_about_finds_none(found: Any, words: Any) -> None:
    assert found(words) is None


def test_every_phrasing_of_every_question_finds_its_own_answer(content: Any, found: Any) -> None:
    asked = [(rule.id, phrase) for rule in content.answers.rules for phrase in rule.questions]
    assert [(found(phrase), phrase) for _, phrase in asked] == asked


async def test_a_slot_of_a_pattern_is_filled_with_what_was_captured_exactly_as_written(desk_with: Any) -> None:
    desk = desk_with(answers=ECHO)
    assert (await desk.hears(Text(content="回声 Ａb{account} 　。"))).texts == ["收到：Ａb{account} 　。"]


async def test_a_silent_rule_answers_with_nothing(desk: Any) -> None:
    heard = await desk.hears(Text(content="好的"))
    assert (heard.route, heard.contents) == ("answers", [])


async def test_a_question_in_two_fragments_is_one_question(desk: Any) -> None:
    assert (await desk.hears(Text(content="我的保"), Text(content="单怎么查"))).texts[0].startswith("查保单可以这样")


async def test_fragments_that_are_no_question_together_are_looked_at_one_by_one(desk: Any) -> None:
    assert (await desk.hears(Text(content="你好"), Text(content="在吗"))).route == "answers"


async def test_rules_of_ones_own_come_before_the_built_in_ones(desk_with: Any) -> None:
    desk = desk_with(answers="rules: [{id: mine, match: {any: [报案]}, reply: {text: 我的回答}}]")
    assert (await desk.hears(Text(content="怎么报案"))).texts == ["我的回答"]
    assert (await desk.hears(Text(content="转人工"))).route == "answers"


async def test_keywords_of_any_and_all_must_both_be_there(desk_with: Any) -> None:
    rule = "{id: mine, match: {any: [甲, 乙], all: [丙, 丁]}, reply: {text: 中}}"
    desk = desk_with(answers=f"rules: [{rule}]")
    assert (await desk.hears(Text(content="丁乙丙"))).texts == ["中"]
    assert (await desk.hears(Text(content="丁丙"))).route == "fallback"
    assert (await desk.hears(Text(content="丁乙"))).route == "fallback"


async def test_a_group_that_took_no_part_fills_its_slot_with_nothing(desk_with: Any) -> None:
    rule = "{id: mine, match: {pattern: '订(?P<what>单)?'}, reply: {text: '<{what}>'}}"
    desk = desk_with(answers=f"rules: [{rule}]")
    assert (await desk.hears(Text(content="订"))).texts == ["<>"]


async def test_a_message_longer_than_patterns_may_see_is_not_compared_with_them(desk_with: Any) -> None:
    desk = desk_with(answers=ECHO)
    assert (await desk.hears(Text(content="回声 " + "啊" * 498))).route == "fallback"
    assert (await desk.hears(Text(content="回声 " + "啊" * 497))).route == "answers"


async def test_a_rule_may_have_a_pattern_and_keywords(desk_with: Any) -> None:
    rule = "{id: mine, match: {pattern: '编号[0-9]{3}', any: [甲乙]}, reply: {text: 中}}"
    desk = desk_with(answers=f"rules: [{rule}]")
    assert (await desk.hears(Text(content="编号007"))).texts == ["中"]
    assert (await desk.hears(Text(content="请问甲乙"))).texts == ["中"]


@pytest.mark.parametrize(("route", "similarity"), [("answers", 0.8), ("fallback", 0.9)])
async def test_how_alike_a_question_must_be_is_the_rules_choice(desk_with: Any, route: Any, similarity: Any) -> None:
    # Five of six pairs are common: 2 × 5 / (6 + 6) = 0.83.
    rule = f"{{id: mine, questions: [甲乙丙丁戊己庚], similarity: {similarity}, reply: {{text: 中}}}}"
    desk = desk_with(answers=f"rules: [{rule}]")
    assert (await desk.hears(Text(content="甲乙丙丁戊己辛"))).route == route


async def test_an_alike_question_without_the_word_that_it_needs_is_another_question(desk_with: Any) -> None:
    rule = "{id: mine, questions: [申请理赔需要准备什么材料], needs: [理赔], similarity: 0.6, reply: {text: 中}}"
    desk = desk_with(answers=f"builtin: drop\nrules: [{rule}]", menu="buttons: []\nreplies: {}")
    assert (await desk.hears(Text(content="申请理赔要准备什么材料"))).route == "answers"
    assert (await desk.hears(Text(content="申请贷款需要准备什么材料"))).route == "fallback"
