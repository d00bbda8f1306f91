"""Whom a segment finds within a viewer's scope: counted, sampled, listed, explained, each with its trace."""

from __future__ import annotations

from datetime import timedelta

from content.attributes import Attributes
from content.local_time import local
from content.masking import mask
from content.rights import Permission
from content.segment_checks import SegmentFlawed, flaws
from content.segments import Condition
from content.value import value
from handlers.clock import Clock
from handlers.people.rights import require
from handlers.segments.shelf import SegmentMissing, SegmentShelf
from storage.audit import Audit, Deed
from storage.customer_cards import CustomerCard, CustomerCards
from storage.segment_sql import Asked
from storage.segments import SegmentQueries, Shown, Verdict
from storage.viewer import Viewer

#: Customers of a sample.
MOST_SAMPLED = 20
#: An equal count by the same person is one look: a form counts again with every change.
_ONE_LOOK = timedelta(minutes=10)


@value
class Reason:
    """One condition in words, whether it is true of a customer, and by what."""

    depth: int
    words: str
    is_true: bool
    evidence: tuple[str, ...]


class SegmentReading:
    """The one way to whom a segment finds, for console, API and commands."""

    def __init__(
        self, shelf: SegmentShelf, *, queries: SegmentQueries, cards: CustomerCards, audit: Audit, clock: Clock
    ) -> None:
        self._shelf = shelf
        self._queries = queries
        self._cards = cards
        self._audit = audit
        self._clock = clock

    async def rule_of(self, name: str) -> Condition:
        """Return a segment's rule. Raises SegmentMissing."""
        rules = await self._shelf.rules()
        if name not in rules:
            raise SegmentMissing(name)
        return rules[name]

    async def count(self, viewer: Viewer, rule: Condition, *, name: str = "") -> int:
        """Return how many customers of the scope are in; `name`: for the audit. Raises Forbidden, SegmentFlawed."""
        asked = await self._asked(viewer, rule)
        deed = Deed(action="counted", subject="segment", detail=name)
        since = self._clock.now() - _ONE_LOOK
        await self._audit.note_unless_recent(viewer, deed, since=since, now=self._clock.now())
        return await self._queries.count(rule, asked, viewer=viewer)

    async def sample(
        self, viewer: Viewer, rule: Condition, *, limit: int, seed: int, name: str = ""
    ) -> list[CustomerCard]:
        """Return some customers of the scope who are in, drawn by a seed. Raises Forbidden, SegmentFlawed."""
        asked = await self._asked(viewer, rule)
        await self._note(viewer, Deed(action="sampled", subject="segment", detail=f"{name} {seed}".strip()))
        drawn = await self._queries.sample(rule, asked, viewer=viewer, limit=min(limit, MOST_SAMPLED), seed=seed)
        cards = [await self._cards.card(number, viewer=viewer) for number in drawn]
        return [card for card in cards if card is not None]

    async def members(
        self, viewer: Viewer, rule: Condition, *, limit: int, after: int | None, name: str = ""
    ) -> list[int]:
        """Return customers of the scope who are in, in order of their ids. Raises Forbidden, SegmentFlawed."""
        asked = await self._asked(viewer, rule)
        await self._note(viewer, Deed(action="listed_members", subject="segment", detail=name))
        return await self._queries.page(rule, asked, viewer=viewer, limit=limit, after=after)

    async def why(self, viewer: Viewer, rule: Condition, customer_id: int, *, name: str = "") -> list[Reason] | None:
        """Return why a customer of the scope is in or out, None when there is none. Raises Forbidden, SegmentFlawed.

        What a condition on a fact was answered by is for those who may see facts.
        """
        asked = await self._asked(viewer, rule)
        card = await self._cards.card(customer_id, viewer=viewer)
        if card is None:
            return None
        await self._note(viewer, Deed(action="explained", subject="customer", subject_id=card.id, detail=name))
        words = await self._shelf.words()
        verdicts = await self._queries.why(rule, _of(asked, card.id))
        shows = viewer.may(Permission.FACTS_READ)
        return [
            Reason(
                depth=each.depth,
                words=words.line(each.condition),
                is_true=each.is_true,
                evidence=_evidence(each, asked.attributes) if shows else (),
            )
            for each in verdicts
        ]

    async def _asked(self, viewer: Viewer, rule: Condition) -> Asked:
        require(viewer, Permission.SEGMENTS_READ)
        attributes, rules = self._shelf.attributes, await self._shelf.rules()
        if found := list(flaws(rule, attributes, rules)):
            raise SegmentFlawed(found)
        now = self._clock.now()
        return Asked(now=now, today=local(now).date(), attributes=attributes, rules=rules)

    async def _note(self, viewer: Viewer, deed: Deed) -> None:
        await self._audit.note(viewer, deed, now=self._clock.now())


def _of(asked: Asked, customer_id: int) -> Asked:
    return Asked(
        now=asked.now, today=asked.today, attributes=asked.attributes, rules=asked.rules, customer_id=customer_id
    )


def _evidence(verdict: Verdict, attributes: Attributes) -> tuple[str, ...]:
    attribute = attributes.get(verdict.condition.fact or "")
    if attribute is None:
        return ()

    def told(shown: Shown) -> str:
        text = mask(attribute.show(shown.value.json))
        return f"{text}（{local(shown.observed_at):%Y-%m-%d}）"

    return tuple(told(each) for each in verdict.evidence)


def short_person(person: str) -> str:
    """Return a platform's id as it may stand in a sample."""
    return person if len(person) <= 8 else f"{person[:4]}…{person[-3:]}"
