"""Customers: the list with its search, one customer with what was said, and earlier messages."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from bot.web.console.pages import ROOT, Page
from bot.web.console.sayings import Sayings
from bot.web.console.visit import Visit
from content.marketing import Marketing
from content.rights import Permission
from content.scenes import parse_scene
from handlers.facts.reading import FactReading
from handlers.people.callbacks import CallbackReading
from handlers.people.policies import PolicyReading
from handlers.people.reading import Reading
from handlers.privacy.wishes import Wishes
from storage.customer_cards import CustomerCard
from storage.preference_rows import ChosenFrequency
from storage.timeline import Place

_ON_A_PAGE: Final = 30
_MESSAGES: Final = 30
_LONGEST_SEARCH: Final = 200
#: What the forms of `privacy_pages` may have done.
_TOLD: Final = frozenset({"erasing", "held", "released", "no_reason"})


class CustomerPages:
    """Shows customers of the viewer's scope; `Reading` notes each look in the audit."""

    def __init__(
        self,
        reading: Reading,
        *,
        policies: PolicyReading,
        callbacks: CallbackReading,
        facts: FactReading,
        wishes: Wishes,
        sayings: Sayings,
        marketing: Marketing | None = None,
    ) -> None:
        """`marketing`: what topics and frequencies are called; None: by their ids."""
        self._reading = reading
        self._policies = policies
        self._callbacks = callbacks
        self._facts = facts
        self._wishes = wishes
        self._sayings = sayings
        self._marketing = marketing

    def pages(self) -> list[Page]:
        """Return them."""
        read, talks = Permission.CUSTOMERS_READ, Permission.CONVERSATIONS_READ
        one = "/customers/{customer}"
        return [
            Page(path="/customers", permission=read, handler=self._list, title="customers.title", icon="people"),
            Page(path=one, permission=read, handler=self._one, title="customer.title"),
            Page(path=f"{one}/timeline", permission=talks, handler=self._earlier, title="timeline.title"),
        ]

    async def _list(self, visit: Visit) -> web.StreamResponse:
        person, before = visit.query("person")[:_LONGEST_SEARCH], visit.query_number("before")
        found = await self._reading.customers(visit.viewer, limit=_ON_A_PAGE + 1, before=before, person=person or None)
        shown = found[:_ON_A_PAGE]
        return visit.page(
            "customers.html",
            customers=shown,
            sources=_sources,
            person=person,
            is_first=before is None,
            following=shown[-1].id if len(found) > _ON_A_PAGE else None,
        )

    async def _one(self, visit: Visit) -> web.StreamResponse:
        card = await self._card(visit)
        if card.id != visit.path_number("customer"):
            return visit.redirect(f"{ROOT}/customers/{card.id}")
        timeline = None
        if visit.viewer.may(Permission.CONVERSATIONS_READ):
            timeline = await self._timeline(visit, card.id)
        privacy = None
        if visit.viewer.may(Permission.PRIVACY_READ):
            privacy = await self._wishes.standing(visit.viewer, card.id)
        policies, callbacks = None, None
        if visit.viewer.may(Permission.POLICIES_READ):
            policies = await self._policies.of(visit.viewer, card.id)
            callbacks = await self._callbacks.of(visit.viewer, card.id)
        facts = None
        if visit.viewer.may(Permission.FACTS_READ):
            facts = await self._facts.of(visit.viewer, card.id)
        told = visit.query("told")
        return visit.page(
            "customer.html",
            customer=card,
            sources=_sources,
            refused_topics=[self._topic(name) for name in sorted(card.preferences.refused_topics)],
            frequency=self._frequency(card.preferences.frequency),
            timeline=timeline,
            policies=policies,
            callbacks=callbacks,
            facts=facts,
            privacy=privacy,
            may_erase=visit.viewer.may(Permission.PRIVACY_WRITE),
            told=visit.words(f"privacy.told_{told}") if told in _TOLD else None,
        )

    def _topic(self, name: str) -> str:
        """Return what people call a topic; its id when the content has it no more."""
        topic = None if self._marketing is None else self._marketing.topic(name)
        return name if topic is None else topic.title

    def _frequency(self, chosen: ChosenFrequency | None) -> str | None:
        """Return what people call a frequency, None when none was chosen."""
        if chosen is None:
            return None
        return chosen.name if self._marketing is None else self._marketing.title_of(chosen.name, chosen.limit)

    async def _earlier(self, visit: Visit) -> web.StreamResponse:
        timeline = await self._timeline(visit, visit.path_number("customer"))
        if not timeline["sayings"]:
            raise web.HTTPNotFound
        return visit.page("timeline.html", timeline=timeline)

    async def _card(self, visit: Visit) -> CustomerCard:
        card = await self._reading.customer(visit.viewer, visit.path_number("customer"))
        if card is None:
            raise web.HTTPNotFound
        return card

    async def _timeline(self, visit: Visit, customer_id: int) -> dict[str, Any]:
        before = _place(visit.query("before"))
        found = await self._reading.timeline(visit.viewer, customer_id, limit=_MESSAGES + 1, before=before)
        shown = found[:_MESSAGES]
        last = shown[-1].place if len(found) > _MESSAGES else None
        return {
            "customer_id": customer_id,
            "sayings": [self._sayings.of(said, visit.words) for said in shown],
            "is_newest": before is None,
            "earlier": None if last is None else str(last),
        }


def _sources(card: CustomerCard) -> list[dict[str, str | None]]:
    """Return campaign, agent and scene of each code that was scanned, the first one first."""
    read = [parse_scene(scene) for scene in card.scenes]
    return [{"campaign": found.campaign, "agent": found.agent, "scene": found.scene} for found in read]


def _place(text: str) -> Place | None:
    """Return where to go on. Raises HTTPBadRequest when the text is no place."""
    if not text:
        return None
    try:
        return Place.read(text)
    except ValueError:
        raise web.HTTPBadRequest from None
