"""An API key that serves in the name of a member of staff: whom it may name, and which handovers both of them see."""

from __future__ import annotations

from dataclasses import replace

from content.rights import Permission
from handlers.clock import Clock
from handlers.handover.duty_desk import DutyDesk
from handlers.handover.serving import Serving
from handlers.people.rights import require, viewer_of
from storage.duty import OnDuty
from storage.handover_list import HandoverList
from storage.handover_rows import HandoverRow
from storage.organisation import Organisation
from storage.staff_list import StaffList
from storage.viewer import Viewer


class NobodyServes(Exception):
    """The userid names nobody in the key's scope who may serve, or several."""


class KeyDesk:
    """Finds who acts when a key does. A key widens nobody's rights, and nobody's rights widen a key's."""

    def __init__(
        self,
        *,
        organisation: Organisation,
        staff: StaffList,
        handovers: HandoverList,
        duty: DutyDesk,
        clock: Clock,
    ) -> None:
        self._organisation = organisation
        self._staff = staff
        self._handovers = handovers
        self._duty = duty
        self._clock = clock

    async def acting(self, key: Viewer, userid: str, *, realm: str | None = None) -> Serving:
        """Return the member of staff in whose name the key acts; the audit keeps both.

        They may what both may. Raises Forbidden for a key that may not serve, NobodyServes for a userid that names no
        one active member of staff of the key's scope, or one whose role does not serve.
        """
        require(key, Permission.HANDOVERS_SERVE)
        named = await self._staff.named(userid, viewer=key, realm=realm)
        member = await self._organisation.member(named[0].id, now=self._clock.now()) if len(named) == 1 else None
        if member is None:
            raise NobodyServes
        viewer = viewer_of(member)
        if not viewer.may(Permission.HANDOVERS_SERVE):
            raise NobodyServes
        both = replace(viewer, permissions=viewer.permissions & key.permissions, api_key_id=key.api_key_id)
        return Serving(viewer=both, realm=member.realm, userid=member.userid)

    async def seen(self, key: Viewer, who: Serving, handover_id: int) -> HandoverRow | None:
        """Return a handover that the key and the member of staff both see; None when there is none."""
        if await self._handovers.one(handover_id, viewer=key) is None:
            return None
        return await self._handovers.one(handover_id, viewer=who.viewer)

    async def colleague(self, key: Viewer, who: Serving, userid: str, *, realm: str | None = None) -> OnDuty:
        """Return whom a customer can be passed to: on duty, serving, of the key's scope, and somebody else.

        Raises NobodyServes.
        """
        named = {card.id for card in await self._staff.named(userid, viewer=key, realm=realm)}
        there = [
            person
            for person in await self._duty.roster()
            if person.staff_id in named and person.staff_id != who.viewer.staff_id
        ]
        if len(there) != 1:
            raise NobodyServes
        return there[0]
