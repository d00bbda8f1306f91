"""The governor: whether a message may go now, through which API, and if not, why. A pure decision.

The order of the checks decides which reason is stored when several would refuse; it goes from what cannot be helped to
what time or the person may still change:

1. reachability - unfollowed, unreachable
2. legality     - API, purpose, open callback, length (`docs/sending.md`)
3. approval     - compliance, approved content; of reviewed content the version: approved, not stopped, unexpired
4. consent      - granted, and not withdrawn by an opt-out; service messages need none
5. preferences  - the topics that the customer takes and the frequency that they chose; marketing only
6. window       - the reply window
7. quota        - granted messages with the reserve for a person, rates
8. further gates, in the order they are given (caps, quiet hours)

Of the APIs that pass all of them the message takes the first in its own order of preference.
"""

from __future__ import annotations

from datetime import datetime

from handlers.delivery.decision import (
    Allow,
    Author,
    Defer,
    OutgoingFacts,
    Reason,
    Refuse,
    Ruling,
    Sentence,
    Standing,
    standing_of,
)
from handlers.delivery.gates import (
    Approval,
    Consents,
    Gate,
    Legality,
    Preferred,
    Quotas,
    Reachability,
    Reviewed,
    Unasked,
    Verdict,
    Window,
)
from handlers.delivery.table import SendingTable

__all__ = [
    "Allow",
    "Author",
    "Defer",
    "Gate",
    "Governor",
    "OutgoingFacts",
    "Reason",
    "Refuse",
    "Ruling",
    "Sentence",
    "Standing",
    "Unasked",
    "Verdict",
    "standing_of",
]


class Governor:
    """Asked at the claim of a message and again just before its attempt.

    Args:
        table: what the APIs may carry.
        reply_reserve: of the messages that an act of the person grants, so many are kept for a person.
        unasked: what a customer may be sent who was never asked for the consent it needs.
        more_gates: checks after the built-in ones, in order.
    """

    def __init__(
        self,
        table: SendingTable,
        *,
        reply_reserve: int,
        unasked: Unasked = Unasked.REFUSE,
        more_gates: tuple[Gate, ...] = (),
    ) -> None:
        self.table = table
        self._gates: tuple[Gate, ...] = (
            Reachability(),
            Legality(),
            Approval(),
            Reviewed(),
            Consents(unasked),
            Preferred(),
            Window(),
            Quotas(reply_reserve),
            *more_gates,
        )

    def decide(self, facts: OutgoingFacts, standing: Standing, *, now: datetime) -> Ruling:
        """Return what may become of the message at `now`. Raises LookupError on an API that is not in the table."""
        apis = tuple([self.table.find(name) for name in facts.apis])
        for gate in self._gates:
            verdict = gate(apis, facts, standing=standing, now=now)
            if not isinstance(verdict, tuple):
                return verdict
            apis = verdict
        return Allow(api=apis[0])
