"""What reconciles, over a real database and the registers of the fakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from handlers.processing import Pause, no_pause
from handlers.sync.followers import FollowerSync
from handlers.sync.limits import Guard
from handlers.sync.members import MemberSync
from handlers.sync.places import Place
from handlers.sync.syncs import Syncs, Work
from storage.erasure_file import ERASURES, ErasureFile
from storage.records import AccountRow
from storage.staged_followers import StagedFollowers
from storage.sync_followers import SyncFollowers
from storage.sync_members import KnownDepartment, SyncMembers
from storage.sync_runs import SyncRow, SyncRuns
from storage.sync_tags import SyncTags
from tests.fakes.clock import ManualClock
from tests.fakes.registers import Followers, Members
from tests.fakes.stores import OpenStores

DEPARTMENTS: Final = (
    KnownDepartment(id=1, name="安和人寿", parent_id=0),
    KnownDepartment(id=2, name="上海分公司", parent_id=1),
    KnownDepartment(id=3, name="一组", parent_id=2),
    KnownDepartment(id=9, name="后勤", parent_id=1),
)
RULES: Final = {2: Place(role="agent", branch="上海"), 3: Place(role="agent", branch="上海", team="一组")}
GUARD: Final = Guard(share=0.1, least=3)


class House:
    """One official account and one corporation, and somebody who reconciles them."""

    def __init__(self, stores: OpenStores, rows: dict[str, AccountRow], clock: ManualClock, home: Path) -> None:
        self.stores = stores
        self.clock = clock
        self.home = home
        self.service, self.helper = rows["service"], rows["helper"]
        self.followers = Followers()
        self.members = Members(DEPARTMENTS)
        self.pause: Pause = no_pause

    def syncs(self, *, holder: str = "one") -> Syncs:
        """Return what one process has."""
        return Syncs(
            SyncRuns(self.stores.database), [self.of_followers(), self.of_members()], clock=self.clock, holder=holder
        )

    def of_followers(self) -> Work:
        """Return what reconciles the account's followers."""
        database = self.stores.database
        return FollowerSync(
            self.followers,
            account=self.service,
            staged=StagedFollowers(database),
            followers=SyncFollowers(database),
            tags=SyncTags(database),
            customers=self.stores.customers,
            erased=ErasureFile(self.home / ERASURES),
            guard=GUARD,
            clock=self.clock,
            pause=self.pause,
        )

    def of_members(self) -> Work:
        """Return what reconciles the corporation's members."""
        return MemberSync(
            self.members,
            account=self.helper,
            members=SyncMembers(self.stores.database),
            rules=RULES,
            guard=GUARD,
            clock=self.clock,
        )

    async def sync_followers(self, **options: Any) -> SyncRow:
        """Begin a run of the followers and carry it."""
        return await self._start(0, **options)

    async def sync_members(self, **options: Any) -> SyncRow:
        """Begin a run of the members and carry it."""
        return await self._start(1, **options)

    async def _start(self, which: int, *, holder: str = "one", **options: Any) -> SyncRow:
        syncs = self.syncs(holder=holder)
        run = await syncs.start(syncs.works[which], started_by="test", **options)
        assert run is not None, "another process works at it"
        return run

    async def resume(self, which: int = 0, *, holder: str = "one", is_forced: bool = False) -> SyncRow | None:
        """Go on with the last run."""
        syncs = self.syncs(holder=holder)
        return await syncs.resume(syncs.works[which], is_forced=is_forced)

    async def follows(self) -> dict[str, bool | None]:
        """Return by openid whether somebody follows the account, as we know it."""
        rows = await self.stores.rows(
            "SELECT i.external_id, r.followed FROM reach r JOIN identity i ON i.id = r.identity_id"
            " WHERE r.account_id = :id",
            id=self.service.id,
        )
        return {row["external_id"]: None if row["followed"] is None else bool(row["followed"]) for row in rows}

    async def tagged(self) -> set[tuple[str, str]]:
        """Return who bears which tag, by the tag's name."""
        rows = await self.stores.rows(
            "SELECT t.name, i.external_id FROM identity_tag x JOIN identity i ON i.id = x.identity_id"
            " JOIN tag t ON t.account_id = x.account_id AND t.tag_id = x.tag_id"
        )
        return {(row["name"], row["external_id"]) for row in rows}

    async def staff(self) -> dict[str, tuple[str, str, str, bool]]:
        """Return by userid role, branch, source and whether they are active."""
        rows = await self.stores.rows("SELECT userid, role, branch, source, active FROM staff")
        return {row["userid"]: (row["role"], row["branch"], row["source"], bool(row["active"])) for row in rows}

    async def found(self, run: SyncRow) -> list[str]:
        """Return the differences of a run in words."""
        found = await SyncRuns(self.stores.database).differences(run.id, limit=100)
        return [f"{each.kind} {each.subject} {each.detail}".strip() for each in found]
