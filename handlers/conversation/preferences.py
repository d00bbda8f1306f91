"""The customer's choices about marketing: which topics and how often at most, seen and changed at any time."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Protocol

from content.consent import Consent, ConsentState
from content.marketing import OFTEN, PREFERENCE, SHOW, Frequency, Marketing, Topic, frequency_id, topic_id
from content.messages import Inbound, Option
from content.normal_form import normalise
from content.slots import fill
from content.tree import Content
from handlers.conversation.elder import chosen_id
from handlers.conversation.phrasing import Phrasing
from handlers.conversation.turn import NOT_HANDLED, NotHandled, Outcome, PreferenceChanged, Reply, Turn
from storage.preference_rows import ChosenFrequency, Preferences, TopicChoice

#: What the last word of a topic's choice means.
_CHOICES: Final = {"on": TopicChoice.TAKEN, "off": TopicChoice.REFUSED}


class Book(Protocol):
    """Where it is looked up what a customer chose."""

    async def of(self, customer_id: int) -> Preferences:
        """Return a customer's choices. Raises StorageError."""
        ...


class PreferenceDesk:
    """Shows the choices and takes them down; it looks into the book, so its route is declared as waiting."""

    def __init__(self, content: Content, phrasing: Phrasing, book: Book) -> None:
        self._marketing = content.marketing
        self._texts = content.marketing.texts
        self._elder = content.elder
        self._phrasing = phrasing
        self._book = book
        self._words = preference_words(content)

    def is_choice(self, turn: Turn) -> bool:
        """Tell whether a customer makes such a choice or wants to see them, by a tap or in so many words."""
        return not turn.with_staff and bool(self._chosen(turn))

    async def choose(self, turn: Turn) -> Outcome | NotHandled:
        """Take the choices of the turn down, in their order; answer the last. Raises StorageError."""
        stands = await self._book.of(turn.who.customer_id)
        effects: list[PreferenceChanged] = []
        reply: Reply | None = None
        for chosen, message in self._chosen(turn):
            step = None
            match chosen.removeprefix(PREFERENCE).split("."):
                case ["topic", name, "on" | "off" as word] if topic := self._marketing.topic(name):
                    step = self._topic_step(message, topic, stands, _CHOICES[word])
                    words = self._texts.topic_on if word == "on" else self._texts.topic_off
                    reply = self._confirmed(turn, words, title=topic.title)
                case ["frequency", name] if frequency := self._marketing.frequency(name):
                    step = self._frequency_step(message, frequency, stands)
                    reply = self._confirmed(turn, self._texts.frequency_set, title=frequency.title)
                case ["topic", name, "show"] if topic := self._marketing.topic(name):
                    reply = self._one(turn, topic, stands)
                case ["often"]:
                    reply = self._often(turn, stands)
                case ["show"]:
                    reply = self._list(turn, stands)
            if step is not None:
                effects.append(step)
                stands = _after(stands, step)
        return NOT_HANDLED if reply is None else Outcome(replies=(reply,), effects=tuple(effects))

    def _chosen(self, turn: Turn) -> list[tuple[str, Inbound]]:
        """Return the ids of the choices, each with the message that shows it."""
        tapped = chosen_id(turn)
        if tapped:
            return [(tapped, turn.last)] if tapped.startswith(PREFERENCE) else []
        return [(self._words[part.normal], part.message) for part in turn.fragments if part.normal in self._words]

    # What becomes of a choice

    def _topic_step(
        self, message: Inbound, topic: Topic, stands: Preferences, choice: TopicChoice
    ) -> PreferenceChanged | None:
        before = TopicChoice.REFUSED if topic.id in stands.refused_topics else TopicChoice.TAKEN
        if choice is before:
            return None
        version = self._phrasing.version
        return PreferenceChanged(topic=topic.id, choice=choice, text_version=version, evidence=message)

    def _frequency_step(self, message: Inbound, chosen: Frequency, stands: Preferences) -> PreferenceChanged | None:
        if self._holds(chosen, stands.frequency):
            return None
        version = self._phrasing.version
        return PreferenceChanged(choice=chosen.id, limit=chosen.limit, text_version=version, evidence=message)

    def _holds(self, frequency: Frequency, chosen: ChosenFrequency | None) -> bool:
        """Tell whether a frequency is the one that counts: who never chose has none but the one without a limit."""
        if chosen is None:
            return frequency.limit is None
        return (frequency.id, frequency.limit) == (chosen.name, chosen.limit)

    # What is said

    def _confirmed(self, turn: Turn, text: str, *, title: str) -> Reply:
        """Return that it is noted, and what it means while marketing is not allowed."""
        said = self._phrasing.say(turn, text, title=title)
        note = self._note(turn)
        if note is None:
            return said
        words = [self._phrasing.words(turn, text, title=title), self._phrasing.words(turn, note)]
        return replace(self._phrasing.told(turn, "\n".join(words)), short=said.short)

    def _note(self, turn: Turn) -> str | None:
        match turn.standing.state(Consent.MARKETING):
            case ConsentState.GRANTED:
                return None
            case ConsentState.REFUSED | ConsentState.WITHDRAWN:
                return self._texts.resting
            case _:
                return self._texts.undecided

    def _list(self, turn: Turn, stands: Preferences) -> Reply:
        note = self._note(turn)
        lines = [
            self._texts.shown,
            *(f"· {topic.title}：{self._state(topic, stands)}" for topic in self._marketing.topics),
            f"· {self._texts.often}：{self._title(stands)}",
            *([note] if note else []),
        ]
        whole = self._phrasing.words(turn, "\n".join(lines))
        if turn.standing.elder:
            return self._short_list(turn, stands, whole)
        options = (*(self._switch(topic, stands) for topic in self._marketing.topics), *self._others(stands))
        return self._phrasing.told(turn, whole, options)

    def _short_list(self, turn: Turn, stands: Preferences, whole: str) -> Reply:
        """Return how many topics are taken, and each by its name: a tap shows it. All of it stands behind."""
        topics = self._marketing.topics
        taken = sum(topic.id not in stands.refused_topics for topic in topics)
        options = [Option(id=topic_id(topic.id, "show"), label=topic.title) for topic in topics]
        options.append(Option(id=OFTEN, label=self._texts.often))
        short = self._phrasing.words(turn, self._elder.topics, taken=str(taken), title=self._title(stands))
        return replace(self._phrasing.told(turn, whole, tuple(options)), short=short)

    def _one(self, turn: Turn, topic: Topic, stands: Preferences) -> Reply:
        words = self._phrasing.words(turn, self._elder.topic, title=topic.title, state=self._state(topic, stands))
        return self._phrasing.told(turn, words, (self._switch(topic, stands),))

    def _often(self, turn: Turn, stands: Preferences) -> Reply:
        words = self._phrasing.words(turn, self._elder.frequency, title=self._title(stands))
        return self._phrasing.told(turn, words, self._others(stands))

    def _state(self, topic: Topic, stands: Preferences) -> str:
        return self._texts.refused if topic.id in stands.refused_topics else self._texts.taken

    def _title(self, stands: Preferences) -> str:
        """Return what the frequency that counts is called."""
        chosen = stands.frequency
        return (
            self._marketing.unlimited.title if chosen is None else self._marketing.title_of(chosen.name, chosen.limit)
        )

    def _switch(self, topic: Topic, stands: Preferences) -> Option:
        word = "on" if topic.id in stands.refused_topics else "off"
        text = self._texts.switch_on if word == "on" else self._texts.switch_off
        return Option(id=topic_id(topic.id, word), label=fill(text, {"title": topic.title}))

    def _others(self, stands: Preferences) -> tuple[Option, ...]:
        """Return the frequencies that can be chosen instead."""
        return tuple(
            Option(id=frequency_id(each.id), label=each.title)
            for each in self._marketing.frequencies
            if not self._holds(each, stands.frequency)
        )


def _after(stands: Preferences, step: PreferenceChanged) -> Preferences:
    """Return where the customer stands when a step is taken."""
    if step.topic is None:
        return replace(stands, frequency=ChosenFrequency(name=step.choice, limit=step.limit))
    others = stands.refused_topics - {step.topic}
    refused = others | {step.topic} if step.choice == TopicChoice.REFUSED else others
    return replace(stands, refused_topics=refused)


def preference_choice(marketing: Marketing) -> Option:
    """Return the choice that leads from the consents to topics and frequency."""
    return Option(id=SHOW, label=marketing.texts.open)


def preference_words(content: Content) -> dict[str, str]:
    """Return, by whole messages in their normal form, the ids of the choices that they are: labels too, but titles."""
    marketing, texts = content.marketing, content.marketing.texts
    words = {normalise(texts.open): SHOW}
    for topic in marketing.topics:
        for text, word in ((texts.switch_on, "on"), (texts.switch_off, "off")):
            words[normalise(fill(text, {"title": topic.title}))] = topic_id(topic.id, word)
    return words | {normalise(phrase): meant for _, phrase, meant in marketing.phrases()}


def preference_labels(content: Content) -> frozenset[str]:
    """Return the labels of every choice about topics and frequency."""
    marketing, texts = content.marketing, content.marketing.texts
    titles = [*(topic.title for topic in marketing.topics), *(each.title for each in marketing.frequencies)]
    switches = [
        fill(text, {"title": topic.title}) for topic in marketing.topics for text in (texts.switch_on, texts.switch_off)
    ]
    return frozenset([texts.open, texts.often, *titles, *switches])
