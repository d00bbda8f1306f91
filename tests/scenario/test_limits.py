"""The platforms' limits are settings: what the settings say is what the governor counts with."""

from __future__ import annotations

from tests.scenario.conftest import OpenTown
from tests.scenario.places import ACTIVE, DESK


def test_other_limits_than_the_published_ones_count(open_town: OpenTown) -> None:
    limits = {"reply_messages": 2, "member_per_minute": 1}
    town = open_town(places=(ACTIVE, DESK), delivery={"reply_reserve": 2}, limits=limits)
    town.follow(ACTIVE, "ann")
    town.says(ACTIVE, "ann", "怎么报案")
    assert town.settled(ACTIVE, "ann") == [("refused", "quota_reserved", 0)], "both of the two are kept for a person"

    town.says(DESK, "SunLei", "帮助")
    assert town.settled(DESK, "SunLei") == [("sent", None, 1)]
    town.says(DESK, "SunLei", "帮助")
    town.until_state(DESK, "SunLei", "retry")
    town.advance(61, step=1)
    assert town.settled(DESK, "SunLei", count=2) == [("sent", None, 1), ("sent", None, 1)]
