"""Times on China's wall clock."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.web.console.moments import Moments
from bot.web.console.words import load_words
from tests.fakes.clock import ManualClock

#: Half past midnight in Shanghai, while it is still the day before in UTC.
_NOW = datetime(2026, 5, 1, 16, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (datetime(2026, 5, 1, 16, 29, tzinfo=UTC), "今天 00:29"),
        (datetime(2026, 5, 1, 15, 59, tzinfo=UTC), "昨天 23:59"),
        (datetime(2026, 4, 30, 15, 59, tzinfo=UTC), "2026-04-30 23:59"),
        (datetime(2026, 5, 3, 0, 0, tzinfo=UTC), "明天 08:00"),
        (datetime(2026, 5, 2, 15, 59, tzinfo=UTC), "今天 23:59"),
        (datetime(2026, 5, 4, 0, 0, tzinfo=UTC), "2026-05-04 08:00"),
    ],
)
def test_days_change_at_midnight_in_shanghai(at: datetime, said: str) -> None:
    assert Moments(ManualClock(_NOW)).moment(load_words()["zh"], at) == said


def test_the_exact_moment_has_seconds_and_zone() -> None:
    assert Moments(ManualClock(_NOW)).exact(_NOW) == "2026-05-02 00:30:00+08:00"
