"""Who acts on content when a key does: the member of staff that the body names, and what they both may reach."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import Field

from bot.web.api.contents import ShownContent, no_content, shown_content
from bot.web.api.problem import (
    BLOCKED,
    KEY_TAKEN,
    LATE,
    NOT_FOUND,
    OWN_WORK,
    UNANSWERED,
    FieldError,
    Refused,
    invalid,
)
from bot.web.api.route import Body, Call, PlatformId
from content.finding import Finding
from content.rights import Permission, Scope
from handlers.contents.key_desk import ContentKeyDesk, NobodyActs
from handlers.contents.reading import ContentReading
from storage.content_drafts import Moved
from storage.content_rows import ItemRow
from storage.viewer import Viewer


class ActingBody(Body):
    """In whose name it is done."""

    userid: PlatformId = Field(
        description="The WeCom userid of an active member of staff of the key's scope who may do this.",
        examples=["qian"],
    )
    realm: PlatformId | None = Field(default=None, description="The corpid, when several have the userid.")


class ContentActing:
    """Finds people and content for the routes that change some."""

    def __init__(self, keys: ContentKeyDesk, reading: ContentReading) -> None:
        self._keys = keys
        self._reading = reading

    @property
    def now(self) -> datetime:
        """The moment by which approvals are expired or not."""
        return self._reading.now

    async def viewer(self, call: Call[Any, Any], permission: Permission) -> Viewer:
        """Return in whose name the key acts. Raises Refused."""
        body: ActingBody = call.body
        try:
            return await self._keys.acting(call.viewer, body.userid, permission, realm=body.realm)
        except NobodyActs:
            message = "nobody active in your scope has it and may do this, or several have: then name the realm, too"
            raise invalid(("body", "userid", message)) from None

    async def viewer_of_all(self, call: Call[Any, Any], permission: Permission) -> Viewer:
        """Return in whose name the key acts, somebody who sees all. Raises Refused."""
        who = await self.viewer(call, permission)
        if who.scope is not Scope.ALL:
            raise invalid(("body", "userid", "only somebody who sees all may do this"))
        return who

    async def item(self, call: Call[Any, Any], item_id: int, permission: Permission) -> tuple[Viewer, ItemRow]:
        """Return in whose name the key acts, and the item that both may do this with. Raises Refused."""
        who = await self.viewer(call, permission)
        item = await self._keys.item(call.viewer, who, item_id, permission)
        if item is None:
            raise no_content(item_id)
        return who, item

    async def shown(self, who: Viewer, item_id: int) -> ShownContent:
        """Return an item as it stands after a change of `who`."""
        item = await self._keys.after(who, item_id)
        if item is None:
            raise no_content(item_id)
        return shown_content(item, self.now)


def told(moved: Moved, findings: Sequence[Finding] = ()) -> None:
    """Raise Refused unless it is done."""
    match moved:
        case Moved.DONE:
            return
        case Moved.NOT_THERE:
            raise Refused(NOT_FOUND, "there is no such content in your scope")
        case Moved.LATE:
            raise Refused(LATE, "somebody changed it meanwhile, or it is in another state; read it again")
        case Moved.OWN_WORK:
            raise Refused(OWN_WORK, "who wrote at a version neither approves nor returns it; ask somebody else")
        case Moved.KEY_TAKEN:
            raise Refused(KEY_TAKEN, "another content has this key; choose another one")
        case Moved.NO_REASON:
            raise invalid(("body", "reason", "write the reason"))
        case Moved.BLOCKED:
            raise Refused(BLOCKED, "mend what is critical, then ask again", errors=_errors(findings))
        case Moved.UNANSWERED:
            what = "mend what was found, or give the reason for it in `answers` under its id"
            raise Refused(UNANSWERED, what, errors=_errors(findings))


def _errors(findings: Sequence[Finding]) -> list[FieldError]:
    return [FieldError(**{"in": "body", "field": _field(each), "message": _message(each)}) for each in findings]


def _field(finding: Finding) -> str:
    variant = f"variants.{finding.variant}." if finding.variant else ""
    return f"piece.{variant}{finding.field}"


def _message(finding: Finding) -> str:
    return f"{finding.id} {finding.severity} {finding.label}: {finding.quote} {finding.what}; {finding.mend}"
