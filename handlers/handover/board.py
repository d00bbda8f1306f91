"""The board of whoever serves, as a page shows it: the line, what is theirs, and one handover with its talk.

A page that renews itself is one look: the audit gets a row when it is opened, and again after some minutes of looking.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from content.rights import Permission
from content.value import value
from handlers.clock import Clock
from handlers.handover.duty_desk import DutyDesk
from handlers.handover.serving import ServingDesk
from handlers.handover.wording import HandoverWording, short
from handlers.people.reading import masked
from handlers.people.rights import require
from storage.audit import Audit, Deed
from storage.duty import OnDuty
from storage.handover_list import HandoverList
from storage.handover_rows import HandoverRow
from storage.handover_talk import HandoverTalk
from storage.tables.delivery import DeliveryState
from storage.tables.handover import HandoverState
from storage.timeline import Said
from storage.viewer import Viewer

#: Open handovers that a list shows at most, who asked first at the front.
MOST: Final = 100
#: Of the line, how many get their place told.
_LINE: Final = 1_000
#: Messages of one handover's page: what was said before, and the running talk.
_TALK: Final = 60
#: For so long the looks of one person at the same thing are one row of the audit.
_ONE_LOOK: Final = timedelta(minutes=5)


@value
class Listed:
    """One handover of the list."""

    row: HandoverRow
    #: The place in line of those who wait; None of others, and far behind.
    place: int | None
    #: It is the viewer's: offered to them, or served by them.
    is_mine: bool
    #: The customer is of the viewer's scope apart from this handover: there is a page of theirs.
    is_of_scope: bool
    #: What the customer said last, short and masked; of the viewer's own only.
    words: str = ""


@value
class Groups:
    """The whole list, in groups, and whether the viewer is on duty."""

    mine: tuple[Listed, ...]
    waiting: tuple[Listed, ...]
    left: tuple[Listed, ...]
    #: What others of the scope are offered and serve.
    others: tuple[Listed, ...]
    is_on_duty: bool
    has_more: bool


@value
class Opened:
    """One handover, opened."""

    row: HandoverRow
    is_mine: bool
    is_of_scope: bool
    #: What was said, the newest first, masked; None: not for this viewer to read (they do not serve it yet).
    talk: tuple[Said, ...] | None
    #: By place in the log the state of what was to leave and has not arrived.
    unsent: dict[int, str]
    #: How many replies the customer's last act still allows, and why none may leave ("" when one may).
    left: int
    refusal: str
    place: int | None


class HandoverBoard:
    """What a viewer sees of the line."""

    def __init__(
        self,
        *,
        handovers: HandoverList,
        talk: HandoverTalk,
        desk: ServingDesk,
        duty: DutyDesk,
        wording: HandoverWording,
        audit: Audit,
        clock: Clock,
    ) -> None:
        self._handovers = handovers
        self._talk = talk
        self._desk = desk
        self._duty = duty
        self._wording = wording
        self._audit = audit
        self._clock = clock

    async def groups(self, viewer: Viewer) -> Groups:
        """Return what is open in the scope. Raises Forbidden."""
        require(viewer, Permission.HANDOVERS_READ)
        mine = await self._desk.mine(viewer) if viewer.may(Permission.HANDOVERS_SERVE) else []
        known = {row.id for row in mine}
        rows = await self._handovers.open(viewer=viewer, limit=MOST + len(mine) + 1)
        others = [row for row in rows if row.id not in known]
        shown = [*mine, *others[:MOST]]
        places, ours = await self._handovers.line(limit=_LINE), await self._of_scope(viewer, shown)
        listed = [
            await self._listed(viewer, row, place=places.get(row.id), is_of_scope=row.id in ours) for row in shown
        ]
        await self._look(viewer, Deed(action="listed", subject="handovers"))
        return Groups(
            mine=tuple(one for one in listed if one.is_mine),
            waiting=tuple(one for one in listed if one.row.state is HandoverState.WAITING),
            left=tuple(one for one in listed if one.row.state is HandoverState.LEFT_MESSAGE),
            others=tuple(one for one in listed if one.row.staff_id is not None and not one.is_mine),
            is_on_duty=await self._duty.is_on(viewer),
            has_more=len(others) > MOST,
        )

    async def opened(self, viewer: Viewer, handover_id: int) -> Opened | None:
        """Return one of the scope, None when there is none; closed ones too. Raises Forbidden."""
        require(viewer, Permission.HANDOVERS_READ)
        row = await self._handovers.one(handover_id, viewer=viewer)
        if row is None:
            return None
        is_of_scope = row.id in await self._of_scope(viewer, [row])
        is_mine = _is_mine(viewer, row)
        serves = is_mine and row.state is HandoverState.RUNNING
        talk = None
        if serves or (is_of_scope and viewer.may(Permission.CONVERSATIONS_READ)):
            talk = await self._said(viewer, row)
        else:
            await self._look(viewer, Deed(action="read", subject="handover", subject_id=row.id))
        places = await self._handovers.line(limit=_LINE) if row.state is HandoverState.WAITING else {}
        refusal, left = await self._desk.allowed(row) if serves else ("", 0)
        return Opened(
            row=row,
            is_mine=is_mine,
            is_of_scope=is_of_scope,
            talk=talk,
            unsent=await self._unsent(talk or ()),
            left=left,
            refusal=refusal,
            place=places.get(row.id),
        )

    async def colleagues(self, viewer: Viewer) -> list[OnDuty]:
        """Return whom a customer can be passed to: who is on duty and serves, but for the viewer."""
        return [person for person in await self._duty.roster() if person.staff_id != viewer.staff_id]

    async def _said(self, viewer: Viewer, row: HandoverRow) -> tuple[Said, ...]:
        deed = Deed(action="read", subject="conversation", subject_id=row.customer_id, detail=f"handover {row.id}")
        await self._look(viewer, deed)
        said = await self._talk.last_said(row, limit=_TALK, until=row.closed_at)
        return tuple(masked(message) for message in reversed(said))

    async def _unsent(self, talk: Sequence[Said]) -> dict[int, str]:
        out = [message.seq for message in talk if message.direction == "out"]
        if not out:
            return {}
        found = await self._talk.deliveries(talk[0].account_id, out)
        return {seq: state for seq, state in found.items() if state != DeliveryState.SENT}

    async def _listed(self, viewer: Viewer, row: HandoverRow, *, place: int | None, is_of_scope: bool) -> Listed:
        is_mine, words = _is_mine(viewer, row), ""
        if is_mine and row.state is HandoverState.RUNNING:
            said = await self._talk.last_said(row, limit=1, only_customer=True)
            words = short(self._wording.words_in(said[-1].kind, said[-1].fields)) if said else ""
        waits = row.state is HandoverState.WAITING
        return Listed(row=row, place=place if waits else None, is_mine=is_mine, is_of_scope=is_of_scope, words=words)

    async def _of_scope(self, viewer: Viewer, rows: Sequence[HandoverRow]) -> frozenset[int]:
        if not viewer.may(Permission.CUSTOMERS_READ) or not rows:
            return frozenset()
        return await self._handovers.of_scope([row.id for row in rows], viewer=viewer)

    async def _look(self, viewer: Viewer, deed: Deed) -> None:
        now = self._clock.now()
        await self._audit.note_unless_recent(viewer, deed, since=now - _ONE_LOOK, now=now)


def _is_mine(viewer: Viewer, row: HandoverRow) -> bool:
    return viewer.staff_id is not None and row.staff_id == viewer.staff_id
