"""What customers choose about marketing, as values that cross the border of this package: topics and a frequency."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from content.marketing import Limit
from content.value import value


class TopicChoice(StrEnum):
    """What a customer said of one topic; the words are stored."""

    TAKEN = "taken"
    REFUSED = "refused"


@value
class ChosenFrequency:
    """How often at most; the limit is that of the words which the customer chose, whatever they mean by now."""

    name: str
    limit: Limit | None = None

    def is_lower_than(self, other: ChosenFrequency) -> bool:
        """Tell whether it lets less through."""
        if self.limit is None or other.limit is None:
            return self.limit is not None and other.limit is None
        return self.limit.is_lower_than(other.limit)


@value
class Preferences:
    """Where a customer's choices stand. A topic they never spoke of is taken; no frequency is no limit."""

    refused_topics: frozenset[str] = frozenset()
    frequency: ChosenFrequency | None = None
    #: When messages of marketing went out to the customer that arrived or may have; only as far back as the frequency
    #: reaches, and only where a delivery is decided about.
    sent: tuple[datetime, ...] = ()


@value
class PreferenceDraft:
    """One choice to be written: of a topic, or (None) of the frequency."""

    topic: str | None
    #: A `TopicChoice`, or the frequency's id.
    choice: str
    limit: Limit | None = None
    text_version: str
    #: The message that shows it.
    seq: int
