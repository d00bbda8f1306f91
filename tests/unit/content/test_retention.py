"""Retention classes: the first that fits counts, the law's period begins with the last task, mistakes are told."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from content.loader import load_content

RETENTION = load_content(None).retention
NOW = datetime(2026, 5, 1, tzinfo=UTC)


def test_plain_chats_have_no_period_and_complaints_have_one() -> None:
    assert RETENTION.keeping({}, now=NOW) is None
    assert RETENTION.keeping({"surrender": NOW}, now=NOW) is None
    keeping = RETENTION.keeping({"complaint": datetime(2025, 3, 1, tzinfo=UTC)}, now=NOW)
    assert keeping is not None
    assert (keeping.category, keeping.until) == ("complaint", datetime(2028, 3, 1, tzinfo=UTC))


def test_a_period_that_is_over_keeps_nothing() -> None:
    assert RETENTION.keeping({"complaint": datetime(2020, 3, 1, tzinfo=UTC)}, now=NOW) is None


def test_a_leap_day_has_an_anniversary() -> None:
    keeping = RETENTION.keeping({"complaint": datetime(2024, 2, 29, tzinfo=UTC)}, now=NOW)
    assert keeping is not None
    assert keeping.until == datetime(2027, 2, 28, tzinfo=UTC)


def test_the_first_class_that_fits_counts() -> None:
    assert RETENTION.class_of({"complaint": NOW, "surrender": NOW}).id == "complaint"
    assert RETENTION.class_of({}).id == "chat"


def test_a_class_that_keeps_must_say_why(complaints: Any, built_in: Any) -> None:
    lines = built_in("retention.yaml").splitlines(keepends=True)
    text = "".join(line for line in lines if not line.startswith("    reason:"))
    [told] = complaints(retention=text)
    assert "say why in `reason`" in told


def test_a_cause_that_no_signal_has_is_told_at_its_line(complaints: Any, built_in: Any) -> None:
    text = built_in("retention.yaml").replace("causes: [complaint]", "causes: [complaints]")
    [told] = complaints(retention=text)
    assert told.startswith("retention.yaml:")
    assert "no signal in tasks.yaml is called `complaints`" in told


def test_only_the_last_class_is_for_everybody(complaints: Any, built_in: Any) -> None:
    text = built_in("retention.yaml").replace("    causes: [complaint]\n    keep_years: 3\n", "")
    [told] = complaints(retention=text)
    assert "exactly one class has no causes" in told
