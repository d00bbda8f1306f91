"""The governor and what customers chose about marketing: topics, a frequency, and nothing else touched by them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.marketing import Limit
from content.messages import Purpose
from handlers.delivery.apis import Audience
from handlers.delivery.governor import Allow, OutgoingFacts, Reason, Standing, standing_of
from storage.preference_rows import ChosenFrequency, Preferences
from tests.unit.handlers.delivery.test_governor import (
    FOLLOWER,
    GOVERNOR,
    NOTE,
    NOW,
    OFFER,
    PERSON,
    REPLY,
    facts_of_any_kind,
    often,
    reason_of,
    standings,
)

WEEK = timedelta(days=7)
WEEKLY = Limit(messages=1, days=7)


def chose(*sent: datetime, limit: Limit | None = WEEKLY) -> Standing:
    """Return a follower who refuses products and wants a frequency, and whom marketing reached at these times."""
    frequency = ChosenFrequency(name="own", limit=limit)
    preferences = Preferences(refused_topics=frozenset({"products"}), frequency=frequency, sent=sent)
    return replace(FOLLOWER, preferences=preferences)


@pytest.mark.parametrize(
    ("facts", "standing", "reason"),
    [
        (replace(OFFER, topic="products"), chose(), Reason.TOPIC_REFUSED),
        (replace(OFFER, topic="benefits"), chose(), None),
        (OFFER, chose(), None),
        (OFFER, chose(NOW - WEEK), None),
        (OFFER, chose(NOW - WEEK + timedelta(microseconds=1)), Reason.FREQUENCY_CHOSEN),
        (OFFER, chose(NOW - WEEK, NOW - timedelta(days=6)), Reason.FREQUENCY_CHOSEN),
        (OFFER, chose(*[NOW] * 9, limit=None), None),
        (OFFER, chose(NOW, limit=Limit(messages=2, days=7)), None),
        (OFFER, chose(NOW, NOW, limit=Limit(messages=2, days=7)), Reason.FREQUENCY_CHOSEN),
        (replace(OFFER, topic="products"), replace(chose(NOW), window_until=None), Reason.TOPIC_REFUSED),
        (replace(OFFER, topic="products"), replace(chose(NOW), consents={}), Reason.CONSENT_MISSING),
        (OFFER, replace(chose(NOW), window_until=None), Reason.FREQUENCY_CHOSEN),
        (replace(REPLY, topic="products"), chose(NOW), None),
        (replace(NOTE, purpose=Purpose.MARKETING, topic="products"), replace(chose(NOW), followed=None), None),
    ],
)
def test_each_case_has_its_reason(facts: OutgoingFacts, standing: Standing, reason: Reason | None) -> None:
    assert reason_of(GOVERNOR.decide(facts, standing, now=NOW)) is reason


def test_what_storage_knows_is_what_the_governor_is_told() -> None:
    assert standing_of(PERSON).preferences == Preferences()
    preferences = chose(NOW).preferences
    assert standing_of(replace(PERSON, preferences=preferences)).preferences == preferences


preferences_of_any_kind = st.builds(
    Preferences,
    refused_topics=st.frozensets(st.sampled_from(["products", "benefits"])),
    frequency=st.none()
    | st.builds(
        ChosenFrequency,
        name=st.just("own"),
        limit=st.none() | st.builds(Limit, messages=st.integers(1, 3), days=st.integers(1, 9)),
    ),
    sent=st.lists(st.integers(0, 10).map(lambda days: NOW - timedelta(days=days)), max_size=5).map(tuple),
)


@often
@given(facts_of_any_kind, standings, preferences_of_any_kind, st.sampled_from([None, "products", "wealth"]))
def test_to_choose_never_lets_more_through_and_never_stops_anything_but_marketing_to_customers(
    facts: OutgoingFacts, standing: Standing, preferences: Preferences, topic: str | None
) -> None:
    facts = replace(facts, topic=topic)
    before = GOVERNOR.decide(facts, standing, now=NOW)
    after = GOVERNOR.decide(facts, replace(standing, preferences=preferences), now=NOW)
    if isinstance(after, Allow):
        assert after == before
    if facts.purpose is not Purpose.MARKETING or facts.audience is not Audience.CUSTOMER:
        assert after == before
