"""What marketing is about and how often at most a customer wants it, as authored, with what is said of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final

from pydantic import Field, model_validator

from content.authored import Authored, Phrase, Words
from content.lengths import TEXT_BYTES, question_bytes
from content.slots import fill
from content.value import value

#: Before every id of a choice about them.
PREFERENCE: Final = "marketing."
SHOW: Final = f"{PREFERENCE}show"
OFTEN: Final = f"{PREFERENCE}often"

#: Slots that a text may hold beside `{account}` and `{hotline}`.
MARKETING_SLOTS: Final = {
    "switch_on": frozenset({"title"}),
    "switch_off": frozenset({"title"}),
    "topic_on": frozenset({"title"}),
    "topic_off": frozenset({"title"}),
    "frequency_set": frozenset({"title"}),
    "limited": frozenset({"messages", "days"}),
}

#: No dot: ids of choices are taken apart at it.
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Label = Annotated[str, Field(min_length=1, max_length=12)]


@value
class Limit:
    """At most so many messages in any so many days."""

    messages: int
    days: int

    def is_lower_than(self, other: Limit) -> bool:
        """Tell whether it lets less through in the long run; of two that let the same through, the shorter does."""
        mine, theirs = self.messages * other.days, other.messages * self.days
        return mine < theirs or (mine == theirs and self.days < other.days)


class Topic(Authored):
    """One thing that marketing messages are about."""

    #: Stands on each message; never given a new meaning.
    id: Name
    title: Label
    #: Whole messages that take it or refuse it.
    on: tuple[Phrase, ...] = ()
    off: tuple[Phrase, ...] = ()


class Frequency(Authored):
    """One answer to how often."""

    id: Name
    title: Label
    messages: Annotated[int, Field(ge=1, le=100)] | None = None
    days: Annotated[int, Field(ge=1, le=366)] | None = None
    #: Whole messages that choose it.
    words: tuple[Phrase, ...] = ()

    @model_validator(mode="after")
    def _is_whole(self) -> Frequency:
        if (self.messages is None) != (self.days is None):
            raise ValueError("a limit is `messages` and `days` together; write both, or neither for no limit")
        return self

    @property
    def limit(self) -> Limit | None:
        """The limit, None for none."""
        return None if self.messages is None or self.days is None else Limit(messages=self.messages, days=self.days)


class MarketingTexts(Authored):
    """The sentences about the choices; `{title}` is a topic's or a frequency's."""

    #: The choice behind the list of consents that leads here.
    open: Label
    #: Above the list.
    shown: Words
    #: What a topic's line says.
    taken: Label
    refused: Label
    #: What the frequency's line, and the choice that leads to it, is called.
    often: Label
    switch_on: Label
    switch_off: Label
    topic_on: Words
    topic_off: Words
    frequency_set: Words
    #: A frequency that was chosen under another limit than the file has now: `{messages}`, `{days}`.
    limited: Words
    #: Behind it while the consent to marketing was never given, and while it is refused or withdrawn.
    undecided: Words
    resting: Words


class Marketing(Authored):
    """The whole file."""

    topics: Annotated[tuple[Topic, ...], Field(min_length=1, max_length=6)]
    frequencies: Annotated[tuple[Frequency, ...], Field(min_length=2, max_length=4)]
    #: Whole messages that show the choices.
    show: Annotated[tuple[Phrase, ...], Field(min_length=1)]
    texts: MarketingTexts

    @model_validator(mode="after")
    def _has_one_without_limit(self) -> Marketing:
        free = [each.id for each in self.frequencies if each.limit is None]
        if len(free) != 1:
            found = ", ".join(free) or "none"
            raise ValueError(
                f"exactly one of the frequencies must be without a limit ({found} is); it counts for who chose nothing,"
                " so leave `messages` and `days` out of one and write them for the others"
            )
        return self

    @model_validator(mode="after")
    def _fits(self) -> Marketing:
        texts = self.texts
        lines = [texts.shown, max(texts.undecided, texts.resting, key=len)]
        lines += [f"· {topic.title}：{max(texts.taken, texts.refused, key=len)}" for topic in self.topics]
        lines.append(f"· {texts.often}：{texts.limited}")
        label = max(texts.switch_on, texts.switch_off, key=len)
        choices = [(topic_id(topic.id, "off"), fill(label, {"title": topic.title})) for topic in self.topics]
        choices += [(frequency_id(each.id), each.title) for each in self.frequencies]
        size = question_bytes("\n".join(lines), choices, "")
        if size > TEXT_BYTES:
            raise ValueError(
                f"the list has about {size} bytes with its choices, {TEXT_BYTES} are allowed;"
                " shorten `shown` or the titles, or have fewer topics"
            )
        return self

    @property
    def unlimited(self) -> Frequency:
        """The frequency of who chose none."""
        return next(each for each in self.frequencies if each.limit is None)

    def topic(self, name: str) -> Topic | None:
        """Return the topic of an id, None when there is none."""
        return next((topic for topic in self.topics if topic.id == name), None)

    def frequency(self, name: str) -> Frequency | None:
        """Return the frequency of an id, None when there is none."""
        return next((each for each in self.frequencies if each.id == name), None)

    def title_of(self, frequency: str, limit: Limit | None) -> str:
        """Return what a frequency is called that was chosen under a limit: by the limit, when the file has another."""
        for each in self.frequencies:
            if (each.id, each.limit) == (frequency, limit):
                return each.title
        if limit is None:
            return self.unlimited.title
        return fill(self.texts.limited, {"messages": str(limit.messages), "days": str(limit.days)})

    def phrases(self) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
        """Yield (place in the file, phrase, id of the choice that it is) of all whole messages."""
        yield from ((("show", n), phrase, SHOW) for n, phrase in enumerate(self.show))
        for number, topic in enumerate(self.topics):
            for word, phrases in (("on", topic.on), ("off", topic.off)):
                for n, phrase in enumerate(phrases):
                    yield ("topics", number, word, n), phrase, topic_id(topic.id, word)
        for number, each in enumerate(self.frequencies):
            for n, phrase in enumerate(each.words):
                yield ("frequencies", number, "words", n), phrase, frequency_id(each.id)


def topic_id(topic: str, word: str) -> str:
    """Return the id of a choice about a topic: `word` is on, off or show."""
    return f"{PREFERENCE}topic.{topic}.{word}"


def frequency_id(frequency: str) -> str:
    """Return the id of the choice of a frequency."""
    return f"{PREFERENCE}frequency.{frequency}"
