"""Coming on duty and going off it, whatever it is done with: the chat of WeCom, the console."""

from __future__ import annotations

from enum import Enum

from content.opening_hours import OpeningHours
from content.rights import Permission
from handlers.clock import Clock
from handlers.handover.absence import Absence
from handlers.handover.choice import serves
from handlers.people.rights import require
from storage.duty import Duties, OnDuty
from storage.viewer import Viewer


class Begun(Enum):
    """What came of coming on duty."""

    DONE = "done"
    BEFORE = "before"
    NOT_OPEN = "not open"


class DutyDesk:
    """Begins and ends the duty of whoever asks for it."""

    def __init__(self, hours: OpeningHours, *, duties: Duties, absence: Absence, clock: Clock) -> None:
        self._hours = hours
        self._duties = duties
        self._absence = absence
        self._clock = clock

    async def begin(self, viewer: Viewer) -> Begun:
        """Put the viewer on duty, in the hours only. Raises Forbidden."""
        require(viewer, Permission.HANDOVERS_SERVE)
        now = self._clock.now()
        if viewer.staff_id is None or not self._hours.is_open(now):
            return Begun.NOT_OPEN
        begun = await self._duties.begin(viewer.staff_id, viewer=viewer, now=now)
        return Begun.DONE if begun else Begun.BEFORE

    async def end(self, viewer: Viewer) -> int | None:
        """Take the viewer off duty and put their customers back into the line; return how many, None: was off.

        Raises Forbidden.
        """
        require(viewer, Permission.HANDOVERS_SERVE)
        if viewer.staff_id is None:
            return None
        ended = await self._duties.end(viewer.staff_id, viewer=viewer, now=self._clock.now())
        returned = await self._absence.send_back(of=viewer.staff_id)
        return returned if ended else None

    async def is_on(self, viewer: Viewer) -> bool:
        """Tell whether the viewer is on duty."""
        return any(person.staff_id == viewer.staff_id for person in await self._duties.roster())

    async def roster(self) -> list[OnDuty]:
        """Return who is on duty and serves, who serves fewest at the front."""
        return [person for person in await self._duties.roster() if serves(person.role)]
