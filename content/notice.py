"""The notice of how personal data are used, and the consents it asks for: each with a purpose and a version of its own.

Voluntary, informed, withdrawable; the sensitive one is asked by itself (Personal Information Protection Law, articles
14 to 17 and 29: `docs/consent.md`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final

from pydantic import Field, model_validator

from content.authored import Authored, Phrase, Words
from content.consent import Consent
from content.lengths import TEXT_BYTES, question_bytes

#: Before every id of a choice about consents; no authored answer or menu key begins so.
CHOICE: Final = "consent."
ALL: Final = f"{CHOICE}all"
EACH: Final = f"{CHOICE}each"
NONE: Final = f"{CHOICE}none"
#: How the version of a notice's text begins in a consent's row; what a customer says unasked bears the content's.
VERSION: Final = "notice-"

#: Slots that a text may hold beside `{account}` and `{hotline}`.
NOTICE_SLOTS: Final = {
    "switch_on": frozenset({"title"}),
    "switch_off": frozenset({"title"}),
    "turned_on": frozenset({"title"}),
    "turned_off": frozenset({"title"}),
    "why_answer": frozenset({"at", "cause", "version"}),
    "why_service": frozenset({"at", "version"}),
    "why_marketing": frozenset({"at", "since", "version"}),
    "why_no_consent": frozenset({"at", "version"}),
}

Version = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,31}$")]
Label = Annotated[str, Field(min_length=1, max_length=20)]


class AskedConsent(Authored):
    """One consent as it is asked for."""

    #: A new version asks again those who had agreed to an older one, and those who never answered.
    version: Version
    #: What it is called in lists.
    title: Label
    #: What is done with which data, and what a refusal changes; stands by itself as a question.
    ask: Words
    #: Whole messages that give it or take it back.
    on: tuple[Phrase, ...] = ()
    off: tuple[Phrase, ...] = ()


class Labels(Authored):
    """What can be chosen."""

    all: Label
    each: Label
    none: Label
    agree: Label
    refuse: Label


class States(Authored):
    """What people call the states of a consent."""

    unasked: Label
    asked: Label
    granted: Label
    refused: Label
    withdrawn: Label


class Acts(Authored):
    """What people call the acts that a message may answer."""

    follow: Label
    scan: Label
    menu_click: Label
    image: Label
    voice: Label
    video: Label
    location: Label
    link: Label
    other: Label


class AskedConsents(Authored):
    """The five consents (docs/states.md), in the order in which they are asked for."""

    profile: AskedConsent
    marketing: AskedConsent
    personalisation: AskedConsent
    archive: AskedConsent
    sensitive: AskedConsent

    def of(self, consent: Consent) -> AskedConsent:
        """Return the one of a consent."""
        asked: AskedConsent = getattr(self, consent.value)
        return asked

    def names(self) -> tuple[Consent, ...]:
        """Return the consents in their order."""
        return tuple(Consent(name) for name in type(self).model_fields)


#: Offered together, each of which can be chosen by itself; `sensitive` is never among them.
TOGETHER: Final = (Consent.PROFILE, Consent.MARKETING, Consent.PERSONALISATION, Consent.ARCHIVE)


class Notice(Authored):
    """The notice, its questions, and what is said to the answers. `{account}` and `{hotline}` may stand in texts."""

    #: Who processes what for what, for how long, and the rights; the choices come after it.
    text: Words
    choices: Labels
    consents: AskedConsents
    states: States
    #: Words that show the choices made: whole messages.
    show: Annotated[tuple[Phrase, ...], Field(min_length=1)]
    #: Above the list of the choices.
    shown: Words
    #: After all choices, when something was agreed to, and when nothing was.
    thanks: Words
    declined: Words
    #: `{title}`: the switch of one consent in the list.
    switch_on: Label
    switch_off: Label
    #: `{title}`: one consent was given or taken back.
    turned_on: Words
    turned_off: Words
    #: Whole messages that ask why the last message came, and what is said: `{at}`, `{cause}`, `{since}`, `{version}`.
    why: Annotated[tuple[Phrase, ...], Field(min_length=1)]
    why_answer: Words
    why_service: Words
    why_marketing: Words
    #: It was marketing, and no consent that is older than it stands on record.
    why_no_consent: Words
    why_nothing: Words
    acts: Acts

    @model_validator(mode="after")
    def _fits(self) -> Notice:
        labels = ((ALL, self.choices.all), (EACH, self.choices.each), (NONE, self.choices.none))
        size = question_bytes(self.text, labels, "")
        if size > TEXT_BYTES // 2:
            raise ValueError(
                f"the notice has about {size} bytes with its choices; {TEXT_BYTES // 2} are allowed, for on some"
                " accounts it stands behind an answer in one message: shorten it and link to the long text"
            )
        return self

    def version_of(self, consent: Consent) -> str:
        """Return what a consent's row says was shown."""
        return VERSION + self.consents.of(consent).version

    def phrases(self) -> Iterator[tuple[Consent, bool, str]]:
        """Yield each phrase that turns a consent on (True) or off."""
        for consent in Consent:
            asked = self.consents.of(consent)
            yield from ((consent, True, phrase) for phrase in asked.on)
            yield from ((consent, False, phrase) for phrase in asked.off)
