"""What is known of a person when a turn begins: following, consent, and the choices they were last offered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from content.consent import Consent, state_of
from content.messages import InboundBody, MenuReply, Option, Text, decode_outgoing
from handlers.conversation.turn import STAFF_CHANNELS, ConsentStanding, Customer, Staff, Standing
from storage.history import History
from storage.records import Person

#: The longest number of a choice (`content.wording.Question` has at most ten).
_NUMBER_LENGTH = 2
_KNOWN: Final = frozenset(map(str, Consent))


class Standings:
    """Puts a person's standing together, reading only what the message can need.

    What was offered is read for a text that could be a typed choice: a number, or one of the authored `labels`.
    """

    def __init__(self, history: History, *, labels: frozenset[str]) -> None:
        self._history = history
        self._labels = labels

    async def of(self, person: Person, bodies: Sequence[InboundBody]) -> Standing:
        """Return the standing of `person` for a turn of these messages."""
        offered: tuple[Option, ...] = ()
        if len(bodies) == 1 and self._may_be_choice(bodies[0]):
            offered = await self._offered(person)
        return Standing(
            consents=_consents(person),
            offered=offered,
            handover=person.handover,
            served_until=person.served_until,
            elder=person.elder,
            callback=person.callback,
        )

    def now(self, person: Person, body: InboundBody) -> Standing | None:
        """Return the same for one message without reading anything; None when something would have to be read."""
        if self._may_be_choice(body):
            return None
        return Standing(
            consents=_consents(person),
            handover=person.handover,
            served_until=person.served_until,
            elder=person.elder,
            callback=person.callback,
        )

    def _may_be_choice(self, body: InboundBody) -> bool:
        if not isinstance(body, Text):
            return False
        stripped = body.content.strip()
        if 0 < len(stripped) <= _NUMBER_LENGTH and any(character.isdigit() for character in stripped):
            return True
        return stripped in self._labels

    async def _offered(self, person: Person) -> tuple[Option, ...]:
        last = await self._history.last_outgoing(person.account_id, person.conversation_id)
        # A person's words on the same account are logged with more than a reply of ours has; they offer nothing.
        if last is None or last.kind != "menu":
            return ()
        content = decode_outgoing(last.kind, last.fields)
        return content.options if isinstance(content, MenuReply) else ()


def _consents(person: Person) -> Mapping[Consent, ConsentStanding]:
    """Return what this version knows; a consent that a newer one added is none of ours."""
    return {
        Consent(name): ConsentStanding(state=state_of(row.state), text_version=row.text_version, at=row.at)
        for name, row in person.consent_rows.items()
        if name in _KNOWN
    }


def as_customer(person: Person, *, channel: str) -> Customer:
    """Return the person as the handlers see them; who writes on a channel of customers is never staff.

    A customer's external_userid and a member's userid lie in one realm, the corporation's.
    """
    bound = person.staff if channel in STAFF_CHANNELS else None
    staff = None
    if bound is not None:
        staff = Staff(userid=bound.userid, name=bound.name, role=bound.role, branch=bound.branch or None)
    return Customer(
        customer_id=person.customer_id,
        identity_id=person.identity_id,
        realm=person.realm,
        external_id=person.external_id,
        staff=staff,
    )
