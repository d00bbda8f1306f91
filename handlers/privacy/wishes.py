"""Asking for an erasure, for oneself or for somebody, and what is known of it; holds; with rights and audit."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from content.rights import Permission
from content.value import value
from handlers.clock import Clock
from handlers.people.rights import require
from storage.audit import Audit, Deed
from storage.customer_export import CustomerData, Gathered
from storage.erasures import ErasureRow, Erasures, Wish
from storage.holds import HoldRow, Holds
from storage.viewer import Viewer

#: The answer to the wish is written by then; as long as it is not known to have left, the job waits by itself.
_ANSWER: Final = timedelta(seconds=3)


class ReasonMissing(Exception):
    """Something that must be justified was asked for without a reason."""

    def __init__(self) -> None:
        super().__init__("say why in `reason`: the report and the audit keep it")


@value
class Standing:
    """What is known of a customer's erasures and hold."""

    hold: HoldRow | None
    erasures: tuple[ErasureRow, ...]


class Wishes:
    """The ways in for staff and customers; the job does the rest."""

    def __init__(
        self, *, erasures: Erasures, holds: Holds, data: CustomerData, audit: Audit, clock: Clock, erase_days: float
    ) -> None:
        self._erasures = erasures
        self._holds = holds
        self._data = data
        self._audit = audit
        self._clock = clock
        self._within = timedelta(days=erase_days)

    async def erase_own(self, customer_id: int) -> None:
        """Take down that a customer wants to be forgotten. Raises OutOfScope."""
        await self._ask(customer_id, origin="chat", by="customer", reason="", wait=_ANSWER)

    async def erase(self, viewer: Viewer, customer_id: int, reason: str) -> int:
        """Ask for a customer's erasure; return its number. Raises Forbidden, OutOfScope, ReasonMissing."""
        require(viewer, Permission.PRIVACY_WRITE)
        words = _given(reason)
        return await self._ask(customer_id, origin="staff", by=viewer.name, reason=words, viewer=viewer)

    async def erasures(self, viewer: Viewer, *, limit: int, before: int | None = None) -> list[ErasureRow]:
        """Return erasures, the newest first. Raises Forbidden."""
        require(viewer, Permission.PRIVACY_READ)
        return await self._erasures.page(limit=limit, before=before)

    async def erasure(self, viewer: Viewer, erasure_id: int) -> ErasureRow | None:
        """Return one erasure with its report. Raises Forbidden."""
        require(viewer, Permission.PRIVACY_READ)
        return await self._erasures.one(erasure_id)

    async def told(self, erasure_id: int) -> ErasureRow:
        """Return the erasure that was just asked for."""
        found = await self._erasures.one(erasure_id)
        if found is None:
            raise LookupError(f"erasure {erasure_id} was written and is not there")
        return found

    async def standing(self, viewer: Viewer, customer_id: int) -> Standing:
        """Return what is known of a customer. Raises Forbidden."""
        require(viewer, Permission.PRIVACY_READ)
        found = await self._erasures.page(limit=5, customer_id=customer_id)
        return Standing(hold=await self._holds.of(customer_id), erasures=tuple(found))

    async def hold(self, viewer: Viewer, customer_id: int, reason: str) -> bool:
        """Hold what there is of a customer; False when it is held. Raises Forbidden, OutOfScope, ReasonMissing."""
        require(viewer, Permission.PRIVACY_WRITE)
        return await self._holds.place(customer_id, _given(reason), viewer=viewer, now=self._clock.now())

    async def release(self, viewer: Viewer, customer_id: int, reason: str) -> bool:
        """End a hold; False when there is none. Raises Forbidden, ReasonMissing."""
        require(viewer, Permission.PRIVACY_WRITE)
        return await self._holds.release(customer_id, _given(reason), viewer=viewer, now=self._clock.now())

    async def export(self, viewer: Viewer, customer_id: int) -> Gathered | None:
        """Return all of a customer of the scope, noted in the audit before; None when there is none. Raises Forbidden.

        Whole, as the law gives it to the customer: whoever asks hands it on to them and to nobody else.
        """
        require(viewer, Permission.PRIVACY_WRITE)
        deed = Deed(action="exported", subject="customer", subject_id=customer_id)
        if not await self._data.is_seen(customer_id, viewer=viewer):
            return None
        await self._audit.note(viewer, deed, now=self._clock.now())
        return await self._data.gather(customer_id, now=self._clock.now())

    async def _ask(
        self,
        customer_id: int,
        *,
        origin: str,
        by: str,
        reason: str,
        wait: timedelta = timedelta(),
        viewer: Viewer | None = None,
    ) -> int:
        now = self._clock.now()
        wish = Wish(
            customer_id=customer_id,
            origin=origin,
            requested_by=by,
            reason=reason,
            now=now,
            lock_after=now + wait,
            due_at=now + self._within,
        )
        return await self._erasures.request(wish, viewer=viewer)


def _given(reason: str) -> str:
    words = reason.strip()[:500]
    if not words:
        raise ReasonMissing
    return words
