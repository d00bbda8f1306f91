"""Staff looking at a customer's policies: within the scope, with a trace, and only what the source says now."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from content.masking import mask
from content.policy import Policy, PolicyBook, ServiceCase
from content.rights import Permission
from content.value import value
from handlers.clock import Clock
from handlers.people.rights import require
from handlers.policies.ports import PolicySource, SourceDown
from handlers.policies.wording import first_and_stars, tail
from storage.audit import Audit, Deed
from storage.customer_cards import CustomerCards
from storage.policy_bindings import PolicyBindings
from storage.viewer import Viewer


class Sight(StrEnum):
    """Why policies are shown or not."""

    #: The insurer has named no source.
    NO_SOURCE = "no_source"
    UNBOUND = "unbound"
    #: The source does not answer, or what it has is too old: nothing is shown.
    DOWN = "down"
    SHOWN = "shown"


@value
class Policies:
    """What is seen of a customer's policies; `book` with `SHOWN` only, numbers and names shortened."""

    sight: Sight
    book: PolicyBook | None = None


class PolicyReading:
    """Reads the policies of customers."""

    def __init__(
        self,
        *,
        cards: CustomerCards,
        bindings: PolicyBindings,
        source: PolicySource | None,
        audit: Audit,
        clock: Clock,
    ) -> None:
        self._cards = cards
        self._bindings = bindings
        self._source = source
        self._audit = audit
        self._clock = clock

    async def of(self, viewer: Viewer, customer_id: int) -> Policies | None:
        """Return the policies of a customer of the scope, None when there is no such customer. Raises Forbidden."""
        require(viewer, Permission.POLICIES_READ)
        card = await self._cards.card(customer_id, viewer=viewer)
        if card is None:
            return None
        if self._source is None:
            return Policies(sight=Sight.NO_SOURCE)
        # Whether a customer is bound says something of them, too.
        deed = Deed(action="read", subject="policies", subject_id=card.id)
        await self._audit.note(viewer, deed, now=self._clock.now())
        holder = await self._bindings.holder_of(card.id)
        if holder is None:
            return Policies(sight=Sight.UNBOUND)
        try:
            book = await self._source.book(holder)
        except SourceDown:
            return Policies(sight=Sight.DOWN)
        return Policies(sight=Sight.SHOWN, book=_shortened(book))


def _shortened(book: PolicyBook) -> PolicyBook:
    return replace(book, policies=tuple(map(_policy, book.policies)), cases=tuple(map(_case, book.cases)))


def _policy(policy: Policy) -> Policy:
    return replace(
        policy,
        number=tail(policy.number),
        insured=first_and_stars(policy.insured),
        product=mask(policy.product),
        status=mask(policy.status),
    )


def _case(case: ServiceCase) -> ServiceCase:
    return replace(
        case, number=tail(case.number), kind=mask(case.kind), step=mask(case.step), next_step=mask(case.next_step)
    )
