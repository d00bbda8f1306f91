"""What is known of a customer, read within the scope and with a trace; and what they fill in, taken down."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from content.attributes import Attribute, Attributes, BadValue, FactValue
from content.facts import ends_at
from content.masking import mask
from content.rights import Permission
from content.value import value
from handlers.clock import Clock
from handlers.people.rights import require
from storage.audit import Audit, Deed
from storage.customer_cards import CustomerCards
from storage.fact_lists import Told
from storage.facts import Entered, Entry, FactBook, KnownFact
from storage.viewer import Viewer


@value
class ShownFact:
    """A fact with what its attribute is called and its value in words, numbers in it masked."""

    label: str
    text: str
    fact: KnownFact


@value
class BadFact:
    """One value of a form that cannot be used."""

    attribute: str
    why: str


@value
class EntryReport:
    """What became of a form."""

    outcome: Entered
    new: int
    #: What was left out because the customer did not consent to it.
    not_allowed: tuple[str, ...]


class FactReading:
    """The one way to the facts of one customer, for console, API and commands."""

    def __init__(
        self, *, cards: CustomerCards, book: FactBook, attributes: Attributes, audit: Audit, clock: Clock
    ) -> None:
        self._cards = cards
        self._book = book
        self._attributes = attributes
        self._audit = audit
        self._clock = clock

    async def of(self, viewer: Viewer, customer_id: int) -> list[ShownFact] | None:
        """Return what is known of a customer of the scope, None when there is none. Raises Forbidden.

        What a customer does not allow (a profile, sensitive facts) is not shown.
        """
        require(viewer, Permission.FACTS_READ)
        card = await self._cards.card(customer_id, viewer=viewer)
        if card is None:
            return None
        now = self._clock.now()
        found = await self._book.of(card.id, sensitive=self._attributes.sensitive, now=now)
        deed = Deed(action="read", subject="facts", subject_id=card.id)
        await self._audit.note(viewer, deed, now=now)
        return [self._shown(each) for each in found]

    def read(self, given: Mapping[str, Sequence[str]]) -> tuple[tuple[Told, ...], list[BadFact]]:
        """Return the values of a form, by attribute, as they are stored; and which of them cannot be used."""
        told, bad = [], []
        now = self._clock.now()
        for name, texts in given.items():
            attribute = self._attributes.get(name)
            if attribute is None:
                bad.append(BadFact(attribute=name, why="there is no such attribute; use one of content/profile.yaml"))
                continue
            if len(texts) > 1 and not attribute.many:
                bad.append(BadFact(attribute=name, why="it holds one value; send one"))
                continue
            try:
                told += [
                    Told(
                        attribute=name,
                        is_many=attribute.many,
                        is_sensitive=attribute.sensitive,
                        value=attribute.read(text),
                        unit=attribute.unit,
                        valid_to=ends_at(attribute, now),
                    )
                    for text in texts
                ]
            except BadValue as wrong:
                bad.append(BadFact(attribute=name, why=str(wrong)))
        return tuple(told), bad

    async def enter(self, viewer: Viewer, customer_id: int, entry: Entry) -> EntryReport:
        """Take down what a customer of the scope filled in. Raises Forbidden."""
        require(viewer, Permission.FACTS_WRITE)
        outcome, new, left_out = await self._book.enter(customer_id, entry, viewer=viewer, now=self._clock.now())
        return EntryReport(outcome=outcome, new=new, not_allowed=left_out)

    def _shown(self, fact: KnownFact) -> ShownFact:
        attribute = self._attributes.get(fact.attribute)
        label = fact.attribute if attribute is None else attribute.label
        text = mask(words_of(attribute, fact))
        # Text may hold a number that is nobody's business, and a number may be one: masked it is a text.
        masked = mask(fact.value.json)
        if masked != fact.value.json:
            fact = replace(fact, value=FactValue(json=masked if masked.startswith('"') else json.dumps(masked)))
        return ShownFact(label=label, text=text, fact=fact)


def words_of(attribute: Attribute | None, fact: KnownFact) -> str:
    """Return a value in words; one whose attribute is gone, or that is disputed, as it is stored."""
    text = fact.value.json.strip('"') if attribute is None else attribute.show(fact.value.json)
    return text if fact.is_positive else f"不是 {text}"
