"""Short forms as authored: too long, named wrongly or filled by nothing is said with file and line."""

from __future__ import annotations

from typing import Any

import pytest

from content.elder import MOST, authored_characters, characters
from content.loader import BUILT_IN, load_content
from content.tree import Content

ELDER = (BUILT_IN / "elder.yaml").read_text("utf-8")


@pytest.fixture(scope="module")
def content() -> Content:
    return load_content(None)


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def test_the_built_in_answers_that_are_long_all_have_a_short_form(content: Content) -> None:
    room = MOST - characters(content.elder.person.label)
    lacking = [
        rule.id
        for rule in content.answers.rules
        if rule.reply.text is not None and rule.reply.short is None and authored_characters(rule.reply.text) > room
    ]
    assert lacking == []


def test_the_built_in_sentences_of_the_bot_that_are_long_all_have_one(content: Content) -> None:
    room = MOST - characters(content.elder.person.label)
    sentences = {name: text for name, text in content.texts if isinstance(text, str) and not name.startswith("staff")}
    sentences |= {name: text for name, text in content.handover.customer if isinstance(text, str)}
    sentences |= {name: getattr(content.notice, name) for name in ("text", "thanks", "declined")}
    sentences |= {name: asked.ask for name, asked in content.notice.consents}
    texts = content.policies
    spoken = ("how_to_bind", "not_bound", "bound", "not_found", "too_many", "unbound", "code_sent", "no_phone", "down")
    sentences |= {name: getattr(texts, name) for name in spoken}
    lacking = [
        name for name, text in sentences.items() if text not in content.shorts and authored_characters(text) > room
    ]
    assert lacking == []


def test_one_that_is_too_long_is_a_mistake(complaints: Any) -> None:
    long = "退保可能会有损失，" * 7
    rules = f"rules:\n  - id: a\n    match: {{exact: [甲]}}\n    reply:\n      short: {long}\n      text: 全文\n"
    assert complaints(answers=rules) == [
        "answers.yaml:5: the short form has about 63 characters, and its choices 4: 60 are allowed in all; "
        "shorten it to 56"
    ]


def test_a_sentence_that_is_not_there_and_a_slot_that_nothing_fills_are_mistakes(complaints: Any) -> None:
    changed = ELDER.replace("    fallback: ", "    fallbak: ").replace("排第{place}位，请稍等", "排第{plaec}位，请稍等")
    found = complaints(elder=changed)
    assert found[0] == (
        f"elder.yaml:{line_of(changed, 'fallbak')}: texts.yaml has no sentence `fallbak`; "
        "name one of its sentences, or delete the line"
    )
    assert found[1].startswith(
        f"elder.yaml:{line_of(changed, 'customer.queued')}: nothing fills the slot {{plaec}}; use "
    )


def test_choices_beside_a_sentence_count(complaints: Any) -> None:
    changed = ELDER.replace("    text: 咨询会留记录，", "    text: 您在这里的每一次咨询我们都会留下完整的记录，")
    [found] = complaints(elder=changed)
    assert f"elder.yaml:{line_of(changed, '您在这里的每一次')}" in found
    assert "60 are allowed in all; shorten it to 39" in found


def test_a_sentence_that_was_rewritten_is_not_said_in_the_old_short_words(author: Any) -> None:
    own = (
        (BUILT_IN / "texts.yaml").read_text("utf-8").replace("抱歉，这个问题我暂时答不上来", "这个问题我们要请同事来答")
    )
    content = load_content(author(texts=own))
    assert content.texts.fallback not in content.shorts
    assert content.shorts[content.texts.voice_unknown] == "没听清，请再说一遍或打字；也可以找人工。"


def test_a_short_form_of_nothing_is_a_mistake(complaints: Any) -> None:
    reply = "{news: {title: t, url: 'https://e.com'}, short: 短}"
    [found] = complaints(answers=f"rules:\n  - id: a\n    match: {{exact: [甲]}}\n    reply: {reply}\n")
    assert "`short` shortens a `text` or the head of a `menu`, and there is none; delete it" in found


def test_addresses_and_line_breaks_are_not_read() -> None:
    assert characters("点链接：\nhttps://bot.example/my-data/abcdef 下载") == len("点链接： 下载")
    assert characters("请看https://a.example/x，" + "字" * 100) == len("请看，") + 100
