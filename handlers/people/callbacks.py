"""Staff looking at a customer's call-backs: within the scope, with a trace, numbers shortened."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from content.masking import mask
from content.rights import Permission
from handlers.clock import Clock
from handlers.people.rights import require
from handlers.policies.wording import tail
from storage.audit import Audit, Deed
from storage.callback_rounds import CallbackList, Round
from storage.customer_cards import CustomerCards
from storage.viewer import Viewer

#: Rounds that are shown of one customer, the newest.
MOST: Final = 50


class CallbackReading:
    """What is shown of a call-back was noted in the audit before."""

    def __init__(self, *, cards: CustomerCards, callbacks: CallbackList, audit: Audit, clock: Clock) -> None:
        self._cards = cards
        self._callbacks = callbacks
        self._audit = audit
        self._clock = clock

    async def of(self, viewer: Viewer, customer_id: int) -> list[Round] | None:
        """Return the rounds of a customer of the scope, the newest first; None when there is no such customer.

        They say what the customer has insured: `policies.read` is asked for. Raises Forbidden.
        """
        require(viewer, Permission.POLICIES_READ)
        card = await self._cards.card(customer_id, viewer=viewer)
        if card is None:
            return None
        # That there is none says something of the customer, too.
        deed = Deed(action="read", subject="callbacks", subject_id=card.id)
        await self._audit.note(viewer, deed, now=self._clock.now())
        return [_shortened(found) for found in await self._callbacks.of(card.id, limit=MOST)]


def _shortened(found: Round) -> Round:
    return replace(found, holder="", policy=tail(found.policy), product=mask(found.product))
