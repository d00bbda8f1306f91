"""When people are there: hours by weekday, holidays and shifted working days of China, days with hours of their own."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator

from content.authored import Authored, Words

ZONE: Final = ZoneInfo("Asia/Shanghai")
_SPAN: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
#: Days that are looked at for the next opening: longer than any row of holidays, shorter than for ever.
_LOOK_AHEAD: Final = 60


def _check_span(text: str) -> str:
    found = _SPAN.fullmatch(text)
    if found is None or text[:5] >= text[6:] or text[6:] > "24:00":
        raise ValueError(f"{text!r} is no time of a day; write it like 09:00-18:00, the end after the beginning")
    return text


Span = Annotated[str, AfterValidator(_check_span)]


class Holiday(Authored):
    """Days on which nobody is there."""

    name: Words
    first: date
    last: date

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Holiday:
        if self.last < self.first:
            raise ValueError(f"{self.name} ends before it begins; write the earlier day as `first`")
        return self


class OpeningHours(Authored):
    """Times of day by weekday in China's time; of several statements about a day the more special one counts."""

    monday: tuple[Span, ...] = ()
    tuesday: tuple[Span, ...] = ()
    wednesday: tuple[Span, ...] = ()
    thursday: tuple[Span, ...] = ()
    friday: tuple[Span, ...] = ()
    saturday: tuple[Span, ...] = ()
    sunday: tuple[Span, ...] = ()
    #: The State Council's arrangement of a year, and one's own.
    holidays: tuple[Holiday, ...] = ()
    #: Saturdays and Sundays that are worked because of a holiday: hours as on a Monday.
    workdays: tuple[date, ...] = ()
    #: Days with hours of their own; an empty list closes the day.
    special: dict[date, tuple[Span, ...]] = Field(default_factory=dict)

    def on(self, day: date) -> tuple[tuple[time, time], ...]:
        """Return the times of a day, as (from, until)."""
        if day in self.special:
            spans = self.special[day]
        elif day in self.workdays:
            spans = self.monday
        elif any(holiday.first <= day <= holiday.last for holiday in self.holidays):
            spans = ()
        else:
            week = (self.monday, self.tuesday, self.wednesday, self.thursday, self.friday, self.saturday, self.sunday)
            spans = week[day.weekday()]
        return tuple(sorted((_time(span[:5]), _time(span[6:])) for span in spans))

    def is_open(self, moment: datetime) -> bool:
        """Tell whether people are there at an aware moment; not any more at the very end."""
        local = moment.astimezone(ZONE)
        return any(begin <= local.time() < end for begin, end in self.on(local.date()))

    def next_opening(self, moment: datetime) -> datetime | None:
        """Return the next beginning after a moment, in China's time; None when there is none within two months."""
        local = moment.astimezone(ZONE)
        for ahead in range(_LOOK_AHEAD):
            day = local.date() + timedelta(days=ahead)
            for begin, _ in self.on(day):
                opening = datetime.combine(day, begin, ZONE)
                if opening > local:
                    return opening
        return None

    def knows(self, year: int) -> bool:
        """Tell whether any holiday of a year is written down."""
        return any(year in (holiday.first.year, holiday.last.year) for holiday in self.holidays)


def _time(text: str) -> time:
    # The end of a day is its last moment here: nothing falls between it and the next day.
    return time.max if text == "24:00" else time.fromisoformat(text)
