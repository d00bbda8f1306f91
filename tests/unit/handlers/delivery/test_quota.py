"""What a quota is worth at a time. How it comes to stand as it does: tests/contract/storage/test_quota.py."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from handlers.delivery.quota import Quota

END = datetime(2026, 5, 1, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("quota", "before", "at_the_end"),
    [(Quota(left=3, until=END), 3, 0), (Quota(left=0, until=END), 0, 0), (Quota(left=-1, until=END), 0, 0)],
)
def test_at_its_end_a_quota_is_worth_nothing_and_it_is_never_worth_less(
    quota: Quota, before: int, at_the_end: int
) -> None:
    assert (quota.at(END - INSTANT), quota.at(END)) == (before, at_the_end)


def test_what_was_never_opened_is_worth_nothing() -> None:
    assert Quota(left=5).at(END) == 0
