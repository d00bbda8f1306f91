"""The mode for the elderly as authored: the words that turn it on, its own sentences, and the short forms of others.

Every message is at most `MOST` characters and its first choice is a person (docs/elder.md). A sentence of another file
has its short form here, by the name it has there; a reply (answers, welcome, menu) has `short` beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Final

from pydantic import BaseModel, Field

from content.authored import Authored, Phrase, Words
from content.normal_form import normalise
from content.wording import Choice, Wording

#: So many characters a message has at most, its choices among them.
MOST: Final = 60
#: Before every id of a choice about the mode.
ELDER: Final = "elder."
ON: Final = f"{ELDER}on"
OFF: Final = f"{ELDER}off"
MORE: Final = f"{ELDER}more"

#: So many characters a slot is taken to fill when a short form is measured; what turns out longer is split when sent.
SLOT_ROOM: Final[Mapping[str, int]] = {"account": 10, "hotline": 12, "opening": 16, "url": 0}
_SLOT_ROOM: Final = 8
_SLOT: Final = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
#: What follows an address without a blank is Chinese, and no part of it.
_ADDRESS: Final = re.compile(r"https?://[!-~]+")

#: How a question ends in its normal form, which has no marks.
_ASKING: Final = ("吗", "呢", "么")

Phrases = Annotated[tuple[Phrase, ...], Field(min_length=1)]
Label = Annotated[str, Field(min_length=1, max_length=10)]
Sentences = dict[str, Words]


def characters(*parts: str) -> int:
    """Return how many characters there are to read: line breaks and web addresses, which are tapped, do not count."""
    return sum(len(_ADDRESS.sub("", part).replace("\n", "")) for part in parts)


def authored_characters(text: str) -> int:
    """Return the same of a text with slots, each counted as what it is taken to fill."""
    return characters(_SLOT.sub(lambda found: "字" * SLOT_ROOM.get(found[1], _SLOT_ROOM), text))


class Shorts(Authored):
    """Short forms by the file whose sentence they stand for, and by its name there, with dots inside a part."""

    texts: Sentences = Field(default_factory=dict)
    notice: Sentences = Field(default_factory=dict)
    marketing: Sentences = Field(default_factory=dict)
    policies: Sentences = Field(default_factory=dict)
    retention: Sentences = Field(default_factory=dict)
    handover: Sentences = Field(default_factory=dict)
    tasks: Sentences = Field(default_factory=dict)


class Score(Authored):
    """One choice of the closing question after a handover."""

    label: Label
    score: Annotated[int, Field(ge=1, le=5)]


class Elder(Authored):
    """The whole file."""

    #: Whole messages, apart from `courtesy` around them.
    on: Phrases
    off: Phrases
    #: Ask what it is, or show that it would help: it is offered, never turned on.
    about: Phrases
    #: What may be typed instead of a tap on `more`.
    go_on: Phrases
    courtesy: tuple[Phrase, ...] = ()
    #: The first choice of every message: an answer's id or a menu key.
    person: Choice
    #: What it brings where neither an answer nor a menu key has that id, and nobody is handed over.
    person_answer: Words
    more: Label
    switch_on: Label
    switch_off: Label
    turned_on: Words
    already_on: Words
    turned_off: Words
    already_off: Words
    offer: Words
    nothing_more: Words
    #: The message whose rest was tapped is not found any more.
    too_long_ago: Words
    #: Above choices that are left alone on a message.
    choose: Words
    #: `{granted}` of the five consents are given; a tap on one shows it.
    consents: Words
    #: `{title}`, `{state}`: one of them.
    consent: Words
    #: `{taken}` of the topics of marketing are taken, and the frequency's `{title}`; a tap shows each.
    topics: Words
    #: `{title}`, `{state}`: one topic.
    topic: Words
    #: `{title}` of the frequency; the others stand below.
    frequency: Words
    #: Answers to the closing question, instead of five with digits.
    scores: Annotated[tuple[Score, ...], Field(min_length=2, max_length=5)]
    #: Behind the customer's name, for staff; and how to write to them.
    staff_mark: Label
    staff_note: Words
    short: Shorts = Shorts()

    def sentences(self) -> Iterator[tuple[str, str, tuple[str, ...]]]:
        """Yield (name, text, labels beside the person's) of the mode's own sentences that stand by themselves."""
        yield from (
            (name, getattr(self, name), labels)
            for name, labels in (
                ("turned_on", ()),
                ("already_on", ()),
                ("turned_off", ()),
                ("already_off", ()),
                ("offer", (self.switch_on,)),
                ("nothing_more", ()),
                ("too_long_ago", ()),
                ("person_answer", ()),
                ("choose", (self.more,)),
            )
        )


def sentence_of(model: BaseModel, name: str) -> str | None:
    """Return the sentence of a dotted name in a model; None when there is none."""
    found: object = model
    for part in name.split("."):
        if not isinstance(found, BaseModel) or part not in type(found).model_fields:
            return None
        found = getattr(found, part)
    return found if isinstance(found, str) else None


def labels_of(wording: Wording, *, person: str) -> list[str]:
    """Return the labels of an authored reply's choices, without the one that stands first anyway."""
    return [choice.label for choice in wording.menu.options if choice.id != person] if wording.menu else []


class Phrasebook:
    """Which messages are about the mode, compiled."""

    def __init__(self, elder: Elder) -> None:
        self._courtesy = sorted(map(normalise, elder.courtesy), key=len, reverse=True)
        self._on = self._forms(elder.on)
        self._off = self._forms(elder.off)
        self._about = self._forms(elder.about)
        self.go_on: Final = frozenset(map(normalise, elder.go_on))

    def choice(self, normal: str) -> str | None:
        """Return ON, OFF, ELDER (it is asked about) or None for a message in its normal form.

        The name of the mode in a question turns nothing on: it is offered.
        """
        core = self._core(normal)
        if core in self._on:
            return ELDER if normal.endswith(_ASKING) else ON
        if core in self._off:
            return OFF
        return ELDER if core in self._about else None

    def _forms(self, phrases: Sequence[str]) -> frozenset[str]:
        return frozenset(self._core(normalise(phrase)) for phrase in phrases)

    def _core(self, normal: str) -> str:
        """Return a message without the courtesy around it, the longest word of it first; never nothing."""
        for word in self._courtesy:
            shorter = normal.removeprefix(word).removesuffix(word)
            if shorter and shorter != normal:
                return self._core(shorter)
        return normal
