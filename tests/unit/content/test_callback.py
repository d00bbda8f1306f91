"""The call-back's questions as authored: mistakes are said with file and line, other words are another edition."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from content.callback import Value
from content.normal_form import normalise
from content.tree import Content

#: What stands in the built-in file, what an author makes of it, and what is said of that.
MISTAKES = {
    "an id twice": (
        "  - id: cover\n",
        "  - id: signature\n",
        "`signature` is used a second time (first on line 18); choose another",
    ),
    "an id with a dot": (
        "  - id: cover\n",
        "  - id: co.ver\n",
        "the id `co.ver` holds a dot, which parts a choice's id; use letters, digits, `_` and `-`",
    ),
    "doubt without unclear": (
        "    doubt: [no, unclear]\n",
        "    doubt: [no]\n",
        "`doubt`: `unclear` always needs a person; add it",
    ),
    "a doubt that is no answer": (
        "    doubt: [no, unclear]\n",
        "    doubt: [maybe, unclear]\n",
        "input should be 'yes', 'no' or 'unclear', not the text 'maybe'; correct it",
    ),
    "words that say two things": (
        "words: [不是我签的, ",
        "words: [我签的, 不是我签的, ",
        "'我签的' is read as `yes` already and cannot be `no`; keep it in one",
    ),
    "words that leave it": (
        "words: [本人签的, ",
        "words: [退出, 本人签的, ",
        "'退出' is read as `leave` already and cannot be `yes`; keep it in one",
    ),
    "two answers of one label": (
        "no: {label: 不是本人签的, ",
        "no: {label: 是本人签的, ",
        "'是本人签的' is read as `yes` already and cannot be `no`; keep it in one",
    ),
    "a slot in a question": (
        "    text: 投保单和投保提示书上的签名，",
        "    text: 投保单（{tail}）和投保提示书上的签名，",
        "nothing fills the slot {tail}: a question is kept with its answer word for word; write the words out",
    ),
    "a slot that nothing fills": (
        "  left: 好的，",
        "  left: 好的{name}，",
        "nothing fills the slot {name}; use {account}, {hotline} or write the words out",
    ),
    "an answer that is missing": (
        "      yes: {label: 是本人签的, words: [本人签的, 我签的, 我自己签的, 是我签的]}\n",
        "",
        "`yes` is missing; add `yes: …` here",
    ),
    "no version": ('version: "2026-11-28"\n', "", "`version` is missing; add `version: …` here"),
}


@pytest.mark.parametrize(("found", "made", "said"), list(MISTAKES.values()), ids=list(MISTAKES))
def test_a_mistake_is_named_with_file_and_line(
    complaints: Callable[..., list[str]], built_in: Callable[[str], str], found: str, made: str, said: str
) -> None:
    text = built_in("callback.yaml")
    assert found in text
    [complaint] = complaints(callback=text.replace(found, made, 1))
    place, _, words = complaint.partition(": ")
    line = text[: text.index(found)].count("\n") + 1
    if made:
        assert place == f"callback.yaml:{line}"
    assert words.removeprefix("this entry: ") == said


def test_a_question_too_long_for_a_message_is_refused(complaints: Any, built_in: Callable[[str], str]) -> None:
    text = built_in("callback.yaml").replace("    text: 投保单和", f"    text: {'很' * 400}投保单和")
    [complaint] = complaints(callback=text)
    assert "are allowed; shorten it" in complaint


@pytest.mark.parametrize(
    ("found", "made"),
    [("是您本人签的吗？", "是您自己签的吗？"), ("label: 是本人签的", "label: 本人亲笔"), ("2026-11-28", "2026-12-01")],
    ids=["a question", "a label", "the version"],
)
def test_other_words_are_another_edition_even_under_the_same_version(
    loaded: Callable[..., Content], built_in: Callable[[str], str], found: str, made: str
) -> None:
    text = built_in("callback.yaml")
    before, after = loaded(callback=text), loaded(callback=text.replace(found, made, 1))
    assert before.callback.edition != after.callback.edition
    assert before.version != after.version


def test_other_texts_around_the_questions_are_the_same_edition(
    loaded: Callable[..., Content], built_in: Callable[[str], str]
) -> None:
    text = built_in("callback.yaml")
    changed = loaded(callback=text.replace("  left: 好的，", "  left: 行，"))
    assert changed.callback.edition == loaded(callback=text).callback.edition


def test_the_built_in_questions_are_the_five_and_every_no_and_unclear_of_them_raises_doubt(
    loaded: Callable[..., Content],
) -> None:
    callback = loaded().callback
    ids = ["signature", "cover", "payment", "hesitation", "uncertain"]
    assert [question.id for question in callback.questions] == ids
    assert {question.doubt for question in callback.questions} == {(Value.NO, Value.UNCLEAR)}


@pytest.mark.parametrize(
    ("words", "value"),
    [("是的！", Value.YES), ("不太清楚", Value.UNCLEAR), ("业务员代签的", Value.NO), ("没人告诉我", Value.UNCLEAR)],
)
def test_what_people_type_is_read_as_the_answer_it_is(loaded: Callable[..., Content], words: str, value: Value) -> None:
    callback = loaded().callback
    read = {normalise(phrase): each for each in Value for phrase in callback.spoken(callback.questions[0], each)}
    assert read[normalise(words)] is value
