"""Loading: the built-in content, one's own over it, and the version of both."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from content.errors import ContentError
from content.loader import BUILT_IN, FILES, load_content


def test_the_built_in_content_is_complete() -> None:
    content = load_content(None)
    assert len(content.answers.rules) >= 20
    assert [button.label for button in content.menu.buttons] == ["我的服务", "产品与福利", "联系我们"]
    assert {entry.id for entry in content.welcome.scenes} == {"agent", "campaign", "hall"}


def test_every_built_in_file_is_read_and_no_other_lies_there() -> None:
    assert sorted(path.name for path in BUILT_IN.iterdir()) == sorted(FILES)


def test_a_home_without_content_changes_nothing(tmp_path: Path) -> None:
    assert load_content(tmp_path) == load_content(None)


def test_a_file_of_ones_own_takes_the_place_of_the_built_in_one(loaded: Any) -> None:
    content = loaded(menu="buttons: [{label: 一, key: a}]\nreplies: {a: {text: 甲}}")
    assert [button.label for button in content.menu.buttons] == ["一"]
    assert content.texts == load_content(None).texts


def test_answers_of_ones_own_come_first_and_the_built_in_ones_stay(loaded: Any) -> None:
    content = loaded(answers="rules: [{id: mine, match: {exact: [x]}, reply: none}]")
    assert [rule.id for rule in content.answers.rules[:2]] == ["mine", "greeting"]


def test_an_answer_of_the_same_id_takes_the_place_of_the_built_in_one(loaded: Any) -> None:
    content = loaded(answers="rules: [{id: claim, match: {exact: [理赔]}, reply: {text: 新}}]")
    assert [rule.reply.text for rule in content.answers.rules if rule.id == "claim"] == ["新"]


def test_the_built_in_answers_can_be_dropped(loaded: Any) -> None:
    answers = "builtin: drop\nrules: [{id: mine, match: {exact: [x]}, reply: none}]"
    content = loaded(answers=answers, menu="buttons: []\nreplies: {}")
    assert [rule.id for rule in content.answers.rules] == ["mine"]


def test_a_byte_order_mark_does_no_harm(loaded: Any) -> None:
    assert loaded(menu=b"\xef\xbb\xbfbuttons: []\nreplies: {}").menu.buttons == ()


def test_the_version_is_short_and_the_same_for_the_same_files() -> None:
    versions = {load_content(None).version for _ in range(2)}
    assert len(versions) == 1
    assert re.fullmatch(r"[0-9a-f]{12}", versions.pop())


def test_any_change_of_a_file_changes_the_version(loaded: Any) -> None:
    first = loaded(menu="buttons: []\nreplies: {}").version
    second = loaded(menu="buttons: []\nreplies: {} ").version
    assert len({first, second, load_content(None).version}) == 3


def test_the_content_cannot_be_changed() -> None:
    content = load_content(None)
    with pytest.raises(AttributeError):
        content.version = "x"  # type: ignore[misc]
    with pytest.raises(ValueError, match="frozen"):
        content.texts.fallback = "x"  # type: ignore[misc]


def test_the_problems_of_all_files_are_told_at_once(complaints: Any) -> None:
    told = complaints(menu="buttons: 1", welcome="follow: 2")
    assert {line.split(":")[0] for line in told} == {"menu.yaml", "welcome.yaml"}


def test_an_error_keeps_its_problems_as_values(author: Any) -> None:
    home = author(menu="buttons: []\nreplies: {}\nextra: 1")
    with pytest.raises(ContentError) as refused:
        load_content(home)
    (problem,) = refused.value.problems
    assert (problem.path, problem.line) == (home / "content" / "menu.yaml", 3)
    assert str(problem) == f"{problem.path}:3: {problem.what}; {problem.mend}"
