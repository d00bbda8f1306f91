"""An API key that acts on content in the name of a member of staff: nobody approves their own by way of a key."""

from __future__ import annotations

from dataclasses import replace

from content.rights import Permission
from handlers.clock import Clock
from handlers.people.rights import require, viewer_of
from storage.content_rows import ItemRow
from storage.contents import Contents
from storage.organisation import Organisation
from storage.staff_list import StaffList
from storage.viewer import Viewer


class NobodyActs(Exception):
    """The userid names nobody in the key's scope who may do this, or several."""


class ContentKeyDesk:
    """Finds who acts when a key does. A key widens nobody's rights, and nobody's rights widen a key's."""

    def __init__(self, *, organisation: Organisation, staff: StaffList, contents: Contents, clock: Clock) -> None:
        self._organisation = organisation
        self._staff = staff
        self._contents = contents
        self._clock = clock

    async def acting(self, key: Viewer, userid: str, permission: Permission, *, realm: str | None = None) -> Viewer:
        """Return the member of staff in whose name the key acts, who may what both may; the audit keeps both.

        Raises Forbidden for a key that may not, NobodyActs for a userid that names no one active member of staff of
        the key's scope, or one whose role may not.
        """
        require(key, permission)
        named = await self._staff.named(userid, viewer=key, realm=realm)
        member = await self._organisation.member(named[0].id, now=self._clock.now()) if len(named) == 1 else None
        if member is None:
            raise NobodyActs
        viewer = viewer_of(member)
        if not viewer.may(permission):
            raise NobodyActs
        return replace(viewer, permissions=viewer.permissions & key.permissions, api_key_id=key.api_key_id)

    async def after(self, who: Viewer, item_id: int) -> ItemRow | None:
        """Return an item as it stands after a change of `who`, to tell them what came of it."""
        return await self._contents.changed(item_id, viewer=who)

    async def item(self, key: Viewer, who: Viewer, item_id: int, permission: Permission) -> ItemRow | None:
        """Return an item that both the key and the member of staff may do this with; None when there is none."""
        find = self._contents.to_review if permission is Permission.CONTENTS_REVIEW else self._contents.to_write
        if await find(item_id, viewer=key) is None:
            return None
        return await find(item_id, viewer=who)
