"""A message's try to be answered in the very transaction that records it.

Storage asks while the transaction is open, so nothing here may wait, and nothing may go wrong: what cannot be answered
at once is handled afterwards, in a lane, as if it had never been tried.
"""

from __future__ import annotations

from datetime import datetime

import structlog

from content.messages import Inbound, Outgoing
from handlers.conversation.turn import Outcome, never_joins
from handlers.conversation.turns import Turns
from storage.records import Handled, Lease, Pending, Recorded

log = structlog.get_logger()


class AtOnce:
    """One message, and what came of the try."""

    def __init__(self, turns: Turns, inbound: Inbound, *, holder: str, now: datetime, until: datetime) -> None:
        """`now`: when it arrived; `until`: after that the HTTP answer carries nothing, and the lanes choose the way."""
        self._turns = turns
        self._inbound = inbound
        self._holder = holder
        self._now = now
        self._until = until
        self._outcome = Outcome()

    def draft(self, recorded: Recorded) -> Handled | None:
        """Return what is to be written with the message, None when it must wait. Asked again if the writing failed."""
        try:
            return self._drafted(recorded)
        except Exception as error:  # noqa: BLE001 - whatever it was, the lane meets it again, and can apologise
            log.warning("A message cannot be answered at once.", action="not_at_once", detail=repr(error))
            return None

    def _drafted(self, recorded: Recorded) -> Handled | None:
        outcome = self._turns.now(recorded.person, self._inbound, until=self._until)
        if outcome is None:
            return None
        self._outcome = outcome
        lease, item = self.taken(recorded)
        may_join = self._turns.joining(recorded.account_id)
        joins = may_join if may_join(self._inbound.body) else never_joins
        return self._turns.drafted(lease, recorded.person, [item], outcome, joins=joins, awaited=True)

    def taken(self, recorded: Recorded) -> tuple[Lease, Pending]:
        """Return the lease on the conversation and the message as work. Only for one that got the lease."""
        assert recorded.epoch is not None
        identity_id = recorded.person.identity_id
        lease = Lease(
            account_id=recorded.account_id, identity_id=identity_id, holder=self._holder, epoch=recorded.epoch
        )
        item = Pending(
            account_id=recorded.account_id,
            seq=recorded.seq,
            identity_id=identity_id,
            via=None,
            recorded_at=self._now,
            inbound=self._inbound,
        )
        return lease, item

    def carried(self, recorded: Recorded) -> Outgoing | None:
        """Return the reply that the HTTP answer is to carry."""
        handed = recorded.written is not None and recorded.written.handed
        return self._outcome.replies[0].content if handed else None
