"""Handover to a person as authored: words that ask for one, hours, times, and every sentence around it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Annotated, Final

from pydantic import Field, model_validator

from content.authored import Authored, Identifier, Phrase, Words
from content.normal_form import normalise
from content.opening_hours import OpeningHours

#: Stands where words were taken out; no normal form holds it.
_GAP: Final = "\n"
_NEVER: Final = re.compile(r"(?!)")


class Asking(Authored):
    """Which messages ask for a person: those of `exact`, or with one of `contains` once `not_meant` is taken out."""

    exact: tuple[Phrase, ...]
    contains: tuple[Phrase, ...]
    not_meant: tuple[Phrase, ...] = ()
    #: Menu keys, and ids of answers that an option names, which ask for one too.
    keys: tuple[Identifier, ...] = ()
    yes: Annotated[tuple[str, ...], Field(min_length=3)]
    no: Annotated[tuple[str, ...], Field(min_length=3)]

    def asks(self, normal: str) -> bool:
        """Tell whether a message, in its normal form, asks for a person."""
        contained = _one_of(self.contains)
        # Asked of every message of a customer: most hold none of the words.
        if contained.search(normal) is None:
            return normal in _normal_forms(self.exact)
        if normal in _normal_forms(self.exact):
            return True
        return contained.search(_one_of(self.not_meant).sub(_GAP, normal)) is not None

    @model_validator(mode="after")
    def _does_what_its_examples_say(self) -> Asking:
        for example in self.yes:
            if not self.asks(normalise(example)):
                raise ValueError(f"{example!r} is to ask for a person and does not; add words to `exact` or `contains`")
        for example in self.no:
            if self.asks(normalise(example)):
                raise ValueError(f"{example!r} asks for a person, where it must not; add to `not_meant`")
        return self


@lru_cache(maxsize=64)
def _normal_forms(phrases: tuple[str, ...]) -> frozenset[str]:
    return frozenset(map(normalise, phrases))


@lru_cache(maxsize=64)
def _one_of(phrases: tuple[str, ...]) -> re.Pattern[str]:
    words = sorted(map(normalise, phrases), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, words))) if words else _NEVER


class CustomerTexts(Authored):
    """What customers are told; `HANDOVER_SLOTS` says what is filled in beside `{account}` and `{hotline}`."""

    queued: Words
    #: In hours, and nobody is on duty.
    nobody: Words
    place: Words
    #: Outside of the hours.
    closed_now: Words
    noted: Words
    #: The hours end while somebody waits.
    shelved: Words
    #: The hours begin.
    opened: Words
    accepted: Words
    #: In the platform's own queue, which tells no place.
    pooled: Words
    #: Whoever served is away.
    returned: Words
    #: The question for satisfaction, asked when it is over; and the choices from 1 to 5.
    over: Words
    scores: Annotated[tuple[Words, ...], Field(min_length=5, max_length=5)]
    #: Closed by the customer before anybody served.
    cancelled: Words
    rated: Words
    rated_before: Words
    #: When the platform tells no name.
    nameless: Words


class StaffTexts(Authored):
    """What staff are told."""

    on_duty: Words
    on_duty_before: Words
    #: Outside of the hours nobody comes on duty.
    not_open: Words
    off_duty: Words
    off_duty_before: Words
    offer: Words
    offer_detail: Words
    take: Words
    pass_on: Words
    context: Words
    said_customer: Words
    said_bot: Words
    said_staff: Words
    #: Instead of words: a picture, a voice message without a transcript.
    no_words: Words
    gone: Words
    not_on_duty: Words
    not_yours: Words
    passed: Words
    no_colleague: Words
    late: Words
    relay: Words
    #: Before pictures that a customer sent before anybody accepted; in the place of one that could not be brought over.
    pictures: Words
    picture_lost: Words
    sent: Words
    refused: Words
    undelivered: Words
    hold: Words
    hold_picture: Words
    hold_detail: Words
    sent_before: Words
    only_words: Words
    only_number: Words
    list_head: Words
    list_offered: Words
    list_running: Words
    list_none: Words
    list_foot: Words
    closed: Words
    left: Words
    silence: Words
    #: The customer no longer follows the account.
    unfollowed: Words
    away: Words
    #: Customers whom staff serve at the platform itself (kf).
    context_there: Words
    answer_there: Words
    all_there: Words
    session_not_yours: Words
    session_refused: Words
    session_over: Words


_ONE: Final = frozenset({"id", "name"})
#: What may stand in each text, beside `{account}` and `{hotline}` in those for customers.
HANDOVER_SLOTS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "queued": frozenset({"place"}),
        "nobody": frozenset({"place"}),
        "place": frozenset({"place"}),
        "closed_now": frozenset({"opening"}),
        "noted": frozenset({"opening"}),
        "shelved": frozenset({"opening"}),
        "opened": frozenset({"place"}),
        "accepted": frozenset({"staff"}),
        "returned": frozenset({"place"}),
        "off_duty": frozenset({"count"}),
        "not_open": frozenset({"opening"}),
        "offer": _ONE,
        "offer_detail": _ONE | {"account", "waited", "seconds"},
        "context": _ONE | {"account"},
        "no_words": frozenset({"kind"}),
        "gone": _ONE,
        "not_on_duty": _ONE,
        "not_yours": _ONE,
        "passed": _ONE,
        "no_colleague": _ONE | {"colleague"},
        "late": _ONE,
        "relay": _ONE | {"words"},
        "pictures": _ONE,
        "picture_lost": _ONE,
        "sent": _ONE | {"left"},
        "refused": _ONE | {"reason"},
        "undelivered": _ONE | {"reason"},
        "sent_before": _ONE,
        "only_number": _ONE,
        "list_head": frozenset({"count"}),
        "list_offered": _ONE | {"account"},
        "list_running": _ONE | {"account", "words"},
        "closed": _ONE,
        "left": _ONE,
        "silence": _ONE,
        "unfollowed": _ONE,
        "away": _ONE,
        "context_there": _ONE | {"account"},
        "session_not_yours": _ONE,
        "session_refused": _ONE,
        "session_over": _ONE,
    }
)


class Handover(Authored):
    """The whole file."""

    asking: Asking
    #: Whole messages with which a customer ends it.
    ending: tuple[Phrase, ...]
    hours: OpeningHours
    #: So long an offer stands.
    offer_seconds: Annotated[int, Field(ge=10, le=3600)] = 90
    #: After so long whoever passed or missed an offer may be asked again, when nobody else is left.
    again_minutes: Annotated[int, Field(ge=1, le=240)] = 5
    #: So long neither side says anything, and it is over.
    silence_minutes: Annotated[int, Field(ge=1, le=1440)] = 30
    #: Between two notices of the place, and how many there are beside the first answer: each uses up a reply.
    place_seconds: Annotated[int, Field(ge=30, le=3600)] = 120
    place_notices: Annotated[int, Field(ge=0, le=3)] = 1
    customer: CustomerTexts
    staff: StaffTexts
