"""Hours of people: weekdays, holidays of China, shifted working days, days of their own."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from content.loader import load_content
from content.opening_hours import OpeningHours

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
_WEEK: dict[str, Any] = {day: ["09:00-12:00", "13:00-18:00"] for day in _DAYS}


def _hours(**more: Any) -> OpeningHours:
    return OpeningHours.model_validate({**_WEEK, **more})


def _at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}+08:00")


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("05-06T09:00", True),
        ("05-06T08:59", False),
        ("05-06T12:00", False),
        ("05-06T17:59", True),
        ("05-06T18:00", False),
        ("05-09T10:00", False),
    ],
)
def test_the_times_of_a_day_count_from_their_beginning_to_before_their_end(moment: str, is_open: bool) -> None:
    assert _hours().is_open(_at(moment)) is is_open
    assert _hours().is_open(_at(moment).astimezone(UTC)) is is_open


def test_a_holiday_closes_a_shifted_day_opens_and_a_day_of_its_own_says_the_last_word() -> None:
    hours = _hours(
        holidays=[{"name": "劳动节", "first": "2026-05-01", "last": "2026-05-05"}],
        workdays=["2026-05-09"],
        special={"2026-05-05": ["10:00-11:00"], "2026-05-07": []},
    )
    assert [hours.is_open(_at(f"05-0{day}T10:30")) for day in (4, 5, 6, 7, 8, 9)] == [
        False,
        True,
        True,
        False,
        True,
        True,
    ]


def test_the_next_opening_is_found_over_a_row_of_holidays_and_not_when_there_is_none() -> None:
    hours = _hours(holidays=[{"name": "春节", "first": "2026-02-15", "last": "2026-02-23"}])
    assert hours.next_opening(_at("02-13T19:00")) == _at("02-24T09:00")
    assert hours.next_opening(_at("02-24T12:30")) == _at("02-24T13:00")
    assert OpeningHours().next_opening(_at("02-13T19:00")) is None


def test_a_day_can_last_until_midnight() -> None:
    hours = OpeningHours.model_validate({"friday": ["18:00-24:00"]})
    assert hours.is_open(_at("05-08T23:59"))
    assert not hours.is_open(_at("05-09T00:00"))


@pytest.mark.parametrize("span", ["9:00-18:00", "18:00-09:00", "09:00", "09:00-25:00", "09:00-24:30"])
def test_what_is_no_time_of_a_day_is_refused_with_its_mend(span: str) -> None:
    with pytest.raises(ValidationError, match="write it like 09:00-18:00"):
        OpeningHours.model_validate({"monday": [span]})


def test_a_holiday_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValidationError, match="ends before it begins"):
        _hours(holidays=[{"name": "春节", "first": "2026-02-23", "last": "2026-02-15"}])


def test_the_built_in_file_has_the_year_as_the_state_council_arranged_it() -> None:
    hours = load_content(None).handover.hours
    days = [date.fromordinal(date(2026, 1, 1).toordinal() + n) for n in range(365)]
    assert hours.knows(2026)
    assert not hours.knows(2027)
    assert sum(bool(hours.on(day)) for day in days) == 248
    worked = [f"{day:%m-%d}" for day in days if day.weekday() >= 5 and hours.on(day)]
    assert worked == ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"]
