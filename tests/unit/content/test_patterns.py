"""Patterns that authors may write, and those that could keep the bot busy."""

from __future__ import annotations

import time
from typing import Any

import pytest

from content.patterns import SUBJECT_CHARACTERS, compile_pattern


@pytest.mark.parametrize(
    "source",
    [
        r"(?s)回声\s(?P<words>.+)",
        r"保单(号|编号)?\s{0,3}(?P<number>[0-9*]{6,20})",
        r"(?:我要|想)(?P<what>[^，。]+)",
        r"a\+\*\?\(b\)+",
        r"[+*?(){}]+",
        r"(理赔|报案|出险|住院|投保|退保|续期|保全|查询|热线|网点|投诉|发票|复效|贷款|红利|回访|抄录|签名|受益人)",
    ],
)
def test_a_simple_pattern_is_accepted(source: Any) -> None:
    assert compile_pattern(source).pattern == source


@pytest.mark.parametrize(
    "source", ["(a+)+", "(a|a)*", "(?:a?){30}", "((a)){2,}", r"(.*)\)(b)*", "(a+){3,4}", "(a*)+?", "(a|b)*+"]
)
def test_a_repeated_group_is_refused(source: Any) -> None:
    with pytest.raises(ValueError, match="repeated group"):
        compile_pattern(source)


@pytest.mark.parametrize("source", [".*.*.*", "a+b+c+", "a{3,}b*c+", "(a|a)" * 20, "a?" * 25, "a{0,90}" * 3])
def test_too_many_repetitions_are_refused(source: Any) -> None:
    with pytest.raises(ValueError, match="so many repetitions"):
        compile_pattern(source)


def test_a_long_pattern_is_refused() -> None:
    with pytest.raises(ValueError, match="201 characters, 200 are allowed"):
        compile_pattern("a" * 201)


def test_a_verbose_pattern_is_refused() -> None:
    with pytest.raises(ValueError, match="flag `x`"):
        compile_pattern("(?x) a [b # ]")


@pytest.mark.parametrize(
    ("source", "subject"),
    [
        (".*.*x", "a"),
        ("(?:a|a)" * 8 + "a*x", "a"),
        ("a?a?a?a?a?a?a?a?a*x", "a"),
        (r"\s*(?P<words>.+)x", " "),
    ],
)
def test_what_is_accepted_is_done_with_the_worst_message_in_a_moment(source: Any, subject: Any) -> None:
    pattern = compile_pattern(source)
    started = time.process_time()
    assert pattern.fullmatch(subject * SUBJECT_CHARACTERS) is None
    # Milliseconds on any machine; a pattern that explodes would take hours.
    assert time.process_time() - started < 1
