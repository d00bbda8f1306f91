"""What reconciling needs from outside: the registers of the platforms."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

from content.value import value
from storage.staged_followers import StagedPerson, TagName
from storage.sync_members import KnownDepartment


@value
class IdPage:
    """A page of ids; `cursor` is the place of the next one, "" after the last."""

    external_ids: tuple[str, ...]
    cursor: str
    #: How many there are in all, by the platform's own count; 0 where it does not say.
    total: int = 0


class FollowerRegister(Protocol):
    """Who follows an official account, and its tags. Every method raises ChannelError."""

    async def followers(self, cursor: str) -> IdPage:
        """Return a page, the first one for "". Raises Unreachable when the cursor's follower has left."""
        ...

    async def infos(self, external_ids: Sequence[str]) -> list[StagedPerson]:
        """Return what is said of at most 100 people. Raises Unreachable or Rejected when one of them is wrong."""
        ...

    async def tags(self) -> list[TagName]:
        """Return the account's tags."""
        ...

    async def tagged(self, tag_id: int, cursor: str) -> IdPage:
        """Return a page of who bears a tag."""
        ...


@value
class ListedMember:
    """A member of a corporation as the platform lists them."""

    userid: str
    name: str
    #: The main one first.
    departments: tuple[int, ...]
    #: False for one who was disabled or has left.
    is_enabled: bool


class Presence(StrEnum):
    """What the platform says when it is asked about one member."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    GONE = "gone"
    #: The application may not see them.
    HIDDEN = "hidden"


class MemberRegister(Protocol):
    """A corporation's departments and members, as one application sees them. Every method raises ChannelError."""

    async def departments(self) -> list[KnownDepartment]:
        """Return the departments of the application's visible range."""
        ...

    async def members(self, department_id: int) -> list[ListedMember]:
        """Return the members of a department, without those below it."""
        ...

    async def all_ids(self) -> frozenset[str] | None:
        """Return everybody's userids in lower case, whatever the application sees; None without the secret for it."""
        ...

    async def presence(self, userid: str) -> Presence:
        """Return what the platform says of one member."""
        ...
