"""When a subject is due: every night, at its own minutes, never where everybody comes."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from handlers.sync.nightly import due_at

_NOW = datetime(2026, 5, 1, 9, 30, tzinfo=UTC)


def test_a_subject_is_due_some_minutes_after_the_time_in_china_and_every_night_the_same() -> None:
    first = due_at(time(2, 5), "followers:1", now=_NOW)
    second = due_at(time(2, 5), "followers:1", now=_NOW + timedelta(days=1))
    earliest = datetime(2026, 4, 30, 18, 5, tzinfo=UTC)

    assert second - first == timedelta(days=1)
    assert earliest <= first.astimezone(UTC) <= earliest + timedelta(minutes=21)


def test_the_day_is_chinas() -> None:
    late_evening = datetime(2026, 5, 1, 18, 30, tzinfo=UTC)
    assert due_at(time(2, 5), "followers:1", now=late_evening).astimezone(UTC).date().isoformat() == "2026-05-01"


def test_nobody_comes_at_minute_0_or_30_and_not_all_at_once() -> None:
    moments = {due_at(time(1, 50), f"followers:{number}", now=_NOW) for number in range(500)}
    half = {due_at(time(2, 20), f"followers:{number}", now=_NOW) for number in range(500)}

    assert len(moments) > 300
    assert {moment.minute for moment in moments | half} & {0, 30} == set()
