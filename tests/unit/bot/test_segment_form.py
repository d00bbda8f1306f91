"""The form of a segment: what does not fit is told as a flaw and never counted as something else."""

from __future__ import annotations

from typing import Any

import pytest

from bot.web.console.segment_form import FormRow, rule_of
from content.audience import load_audience
from content.segment_checks import SegmentFlawed, read_segment

ATTRIBUTES = load_audience(None).attributes


def _rule(about: str, sign: str, text: str = "", days: str = "") -> dict[str, Any] | None:
    row = FormRow(about=about, sign=sign, text=text, days=days)
    return rule_of([row, FormRow()], joined="all", attributes=ATTRIBUTES)


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        (("fact:person.birthday", "month"), {"fact": "person.birthday", "month": "this"}),
        (("fact:person.birthday", "month", "5"), {"fact": "person.birthday", "month": 5}),
        (("event:message", "count", "", "30"), {"event": "message", "at_least": 1, "days": 30}),
        (("event:message", "none", "", "30"), {"event": "message", "at_most": 0, "days": 30}),
        (("policy:end", "not_is", "", "30"), {"not": {"policy": "end", "within": 30}}),
        (("consent:marketing", "none", "granted"), {"not": {"consent": "marketing", "is": "granted"}}),
    ],
)
def test_a_row_is_a_condition(row: tuple[str, ...], rule: dict[str, Any]) -> None:
    assert _rule(*row) == rule
    read_segment({"id": "a", "title": "a", "rule": rule})


@pytest.mark.parametrize(
    "row",
    [
        ("fact:person.birthday", "month", "5月"),
        ("fact:finance.has_car", "none", "是"),
        ("event:message", "count", "3次"),
        ("event:message", "count", "0"),
        ("event:message", "count", "1", "30天"),
        ("event:message", "less", "3"),
    ],
)
def test_what_a_row_cannot_mean_is_a_flaw(row: tuple[str, ...]) -> None:
    with pytest.raises(SegmentFlawed) as told:
        read_segment({"id": "a", "title": "a", "rule": _rule(*row)})
    assert told.value.flaws
