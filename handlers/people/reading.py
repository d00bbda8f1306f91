"""Reading customers and what they said: the one way for console, API and chat, within the scope and with a trace."""

from __future__ import annotations

from dataclasses import replace

from content.masking import mask_fields
from content.rights import Permission
from handlers.clock import Clock
from handlers.people.rights import require
from storage.audit import Audit, Deed
from storage.customer_cards import CustomerCard, CustomerCards
from storage.timeline import Place, Said, Timeline
from storage.viewer import Viewer


class Reading:
    """What is shown of a conversation or a customer was noted in the audit before."""

    def __init__(self, *, cards: CustomerCards, timeline: Timeline, audit: Audit, clock: Clock) -> None:
        self._cards = cards
        self._timeline = timeline
        self._audit = audit
        self._clock = clock

    async def customers(
        self, viewer: Viewer, *, limit: int, before: int | None = None, person: str | None = None
    ) -> list[CustomerCard]:
        """Return customers of the scope, the newest first. Raises Forbidden."""
        require(viewer, Permission.CUSTOMERS_READ)
        found = await self._cards.page(viewer=viewer, limit=limit, before=before, person=person)
        detail = "" if person is None else "by id"
        await self._note(viewer, Deed(action="listed", subject="customers", detail=detail))
        return found

    async def customer(self, viewer: Viewer, customer_id: int) -> CustomerCard | None:
        """Return one customer of the scope, None when there is none. Raises Forbidden."""
        require(viewer, Permission.CUSTOMERS_READ)
        card = await self._cards.card(customer_id, viewer=viewer)
        if card is not None:
            await self._note(viewer, Deed(action="read", subject="customer", subject_id=card.id))
        return card

    async def timeline(
        self, viewer: Viewer, customer_id: int, *, limit: int, before: Place | None = None
    ) -> list[Said]:
        """Return what was said with a customer of the scope, the newest first, numbers masked. Raises Forbidden."""
        require(viewer, Permission.CONVERSATIONS_READ)
        messages = await self._timeline.page(customer_id, viewer=viewer, limit=limit, before=before)
        if messages:
            await self._note(viewer, Deed(action="read", subject="conversation", subject_id=customer_id))
        return [masked(message) for message in messages]

    async def _note(self, viewer: Viewer, deed: Deed) -> None:
        await self._audit.note(viewer, deed, now=self._clock.now())


def masked(message: Said) -> Said:
    """Return a message without the phone, identity and card numbers in it."""
    return message if message.fields is None else replace(message, fields=mask_fields(message.fields))
