"""What a customer allows, and the states of each permission (`docs/states.md`, Consent)."""

from __future__ import annotations

from enum import StrEnum


class Consent(StrEnum):
    """One permission of a customer; service messages need none of them."""

    #: Facts may be drawn from what the customer says and does.
    PROFILE = "profile"
    #: Sensitive facts (health, income, children) may be kept and used.
    SENSITIVE = "sensitive"
    #: Messages that advertise may be sent.
    MARKETING = "marketing"
    #: Content may be chosen by what is known about the customer.
    PERSONALISATION = "personalisation"
    #: Conversations with sellers may be archived.
    ARCHIVE = "archive"


class ConsentState(StrEnum):
    """Where a permission stands; the latest row counts, a merge of customers keeps the most restrictive."""

    #: The customer was never asked and never said anything about it.
    UNASKED = "unasked"
    #: A text (with its version) was shown; no answer yet.
    ASKED = "asked"
    GRANTED = "granted"
    REFUSED = "refused"
    #: The customer took it back, or said without being asked that it is not wanted.
    WITHDRAWN = "withdrawn"


def state_of(word: str) -> ConsentState:
    """Return the state that a stored word names; of one that a newer version added we only know it is no plain yes."""
    try:
        return ConsentState(word)
    except ValueError:
        return ConsentState.REFUSED
