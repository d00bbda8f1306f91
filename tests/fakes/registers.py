"""The platforms' registers at their ports: followers by page, tags, departments with members, and refusals."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from handlers.delivery.errors import ChannelError, Rejected, Unreachable
from handlers.sync.ports import IdPage, ListedMember, Presence
from storage.staged_followers import StagedPerson, TagName
from storage.sync_members import KnownDepartment

SINCE = datetime(2025, 3, 1, tzinfo=UTC)


class Followers:
    """An official account's register; `errors` are raised by the next calls, one each, before anything is answered."""

    def __init__(self, *people: str, page: int = 3) -> None:
        self.people = list(people)
        self.page = page
        self.unions: dict[str, str] = {}
        self.tagging: dict[str, list[str]] = {}
        #: People whom the platform lists and then does not know.
        self.strange: set[str] = set()
        #: How many it says there are, when that is not how many it lists.
        self.claims: int | None = None
        self.errors: list[ChannelError | None] = []
        self.calls: list[str] = []

    async def followers(self, cursor: str) -> IdPage:
        self._called("list", cursor)
        if cursor and cursor not in self.people:
            raise Unreachable("40003", code=40003)
        return self._page(self.people, cursor)

    async def infos(self, external_ids: Sequence[str]) -> list[StagedPerson]:
        self._called("ask", ",".join(external_ids))
        if self.strange.intersection(external_ids):
            raise Unreachable("40003", code=40003)
        return [
            StagedPerson(
                external_id=who,
                follows=who in self.people,
                union_id=self.unions.get(who),
                since=SINCE,
                scene="ADD_SCENE_QR_CODE",
                code="poster",
            )
            for who in external_ids
        ]

    async def tags(self) -> list[TagName]:
        self._called("tags", "")
        return [TagName(tag_id=100 + number, name=name) for number, name in enumerate(self.tagging)]

    async def tagged(self, tag_id: int, cursor: str) -> IdPage:
        self._called("tagged", f"{tag_id}:{cursor}")
        return self._page(list(self.tagging.values())[tag_id - 100], cursor)

    def _page(self, people: list[str], cursor: str) -> IdPage:
        first = people.index(cursor) + 1 if cursor else 0
        page = people[first : first + self.page]
        total = len(self.people) if self.claims is None else self.claims
        return IdPage(external_ids=tuple(page), cursor=page[-1] if page else "", total=total)

    def _called(self, name: str, about: str) -> None:
        self.calls.append(f"{name} {about}".strip())
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error


class Members:
    """A corporation's register as one application sees it."""

    def __init__(self, departments: Sequence[KnownDepartment]) -> None:
        self.listed = list(departments)
        self.people: dict[str, ListedMember] = {}
        #: Members whom the application does not see.
        self.hidden: set[str] = set()
        #: Whether the address book's secret is set.
        self.knows_all = False

    def hire(self, userid: str, *departments: int, name: str = "", is_enabled: bool = True) -> None:
        """Let somebody belong to these departments, the main one first."""
        self.people[userid] = ListedMember(
            userid=userid, name=name or userid, departments=departments, is_enabled=is_enabled
        )

    async def departments(self) -> list[KnownDepartment]:
        return self.listed

    async def members(self, department_id: int) -> list[ListedMember]:
        if department_id not in {each.id for each in self.listed}:
            raise Rejected("60123", code=60123)
        seen = [member for member in self.people.values() if member.userid not in self.hidden]
        return [member for member in seen if department_id in member.departments]

    async def all_ids(self) -> frozenset[str] | None:
        return frozenset(map(str.lower, self.people)) if self.knows_all else None

    async def presence(self, userid: str) -> Presence:
        member = next((each for each in self.people.values() if each.userid.lower() == userid), None)
        if member is None:
            return Presence.GONE
        if member.userid in self.hidden:
            return Presence.HIDDEN
        return Presence.ENABLED if member.is_enabled else Presence.DISABLED
