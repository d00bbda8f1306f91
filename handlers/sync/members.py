"""Reconciling the staff with WeCom's departments and members: fetched whole, decided, written.

What the settings say of a person stands: WeCom only contradicts it in the report. Who is not in the settings works here
as the department's rule says, or not at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from content.value import value
from handlers.clock import Clock
from handlers.delivery.errors import Rejected, Unreachable
from handlers.sync.calls import SyncFailed, SyncStopped, ask
from handlers.sync.limits import Guard
from handlers.sync.places import Place, Places
from handlers.sync.ports import ListedMember, MemberRegister, Presence
from storage.leaving import WECOM
from storage.records import AccountRow, StaffRow
from storage.sync_members import KnownDepartment, KnownMember, MemberChange, SyncMembers
from storage.sync_runs import Difference, SyncRow

#: How long one question to the platform, or the writing of what was decided, may take until another process goes on.
_LEASE: Final = timedelta(minutes=3)
#: Why somebody without rights is not listed: words of the report.
_WHY: Final[Mapping[Presence, str]] = {
    Presence.GONE: "企业微信里已没有",
    Presence.DISABLED: "在企业微信里已停用",
    Presence.HIDDEN: "不在应用的可见范围里",
    Presence.ENABLED: "名单上没有，单独查询却在",
}


@value
class Listing:
    """A corporation as it was listed, and what was asked about those who are missing."""

    departments: tuple[KnownDepartment, ...]
    members: tuple[ListedMember, ...]
    #: By userid in lower case, of known staff who are not listed.
    missing: Mapping[str, Presence]


class MemberSync:
    """Works at the runs of one corporation."""

    what: Final = "departments"
    first_stage: Final = "list"

    def __init__(
        self,
        register: MemberRegister,
        *,
        account: AccountRow,
        members: SyncMembers,
        rules: Mapping[int, Place],
        guard: Guard,
        clock: Clock,
    ) -> None:
        """`rules`: by a department's id what it stands for here."""
        self.account_id = account.id
        self.account = account.name
        self._register = register
        self._realm = account.realm
        self._members = members
        self._rules = rules
        self._guard = guard
        self._clock = clock

    async def work(self, run: SyncRow) -> SyncRow:
        """Work until the run is done; return it. Raises SyncWaits, SyncFailed, SyncStopped, StorageError."""
        if run.stage == "done":
            return run
        known = await self._members.staff(self._realm)
        try:
            listing = await self._listing(run, known)
        except (Unreachable, Rejected) as error:
            raise SyncFailed(str(error)) from error
        if not listing.members and not run.is_forced:
            raise SyncStopped("平台给出的成员名单是空的，这次没有改动。请检查应用的可见范围和通讯录权限。")
        change = decide(
            self._realm, listing, known=known, before=await self._members.departments(self._realm), rules=self._rules
        )
        if not run.is_forced:
            staff = sum(member.source == WECOM and member.active for member in known)
            self._guard.check(len(change.leaving), known=staff, what="由企业微信带入的员工")
        now = self._clock.now()
        return await self._members.write(run, change, now=now, until=now + _LEASE)

    async def _listing(self, run: SyncRow, known: Sequence[KnownMember]) -> Listing:
        departments = await ask(self._register.departments, clock=self._clock)
        found: dict[str, ListedMember] = {}
        for department in departments:
            members = await ask(lambda below=department: self._register.members(below.id), clock=self._clock)  # type: ignore[misc]
            found |= {member.userid.lower(): member for member in members}
            await self._members.renew(run, until=self._clock.now() + _LEASE)
        everybody = await ask(self._register.all_ids, clock=self._clock)
        missing: dict[str, Presence] = {}
        for member in known:
            if member.active and member.userid not in found:
                missing[member.userid] = await self._presence(member.userid, everybody)
        return Listing(departments=tuple(departments), members=tuple(found.values()), missing=missing)

    async def _presence(self, userid: str, everybody: frozenset[str] | None) -> Presence:
        """Return what is known of somebody who is missing: the list of all, or else one question about them."""
        if everybody is not None:
            return Presence.HIDDEN if userid in everybody else Presence.GONE
        return await ask(lambda: self._register.presence(userid), clock=self._clock)


def decide(
    realm: str,
    listing: Listing,
    *,
    known: Sequence[KnownMember],
    before: Sequence[KnownDepartment],
    rules: Mapping[int, Place],
) -> MemberChange:
    """Return what a listing changes. Pure: the same listing gives the same change."""
    places = Places(rules, listing.departments)
    staff = {member.userid: member for member in known}
    decision = _Decision(realm, places)
    for listed in listing.members:
        decision.look_at(listed, staff.get(listed.userid.lower()))
    for userid, presence in listing.missing.items():
        decision.miss(staff[userid], presence)
    return MemberChange(
        realm=realm,
        departments=listing.departments,
        joining=tuple(decision.joining),
        leaving=tuple(decision.leaving),
        listed=tuple(listed.userid.lower() for listed in listing.members if listed.is_enabled),
        differences=(*_department_differences(before, listing.departments, places), *decision.differences()),
        counts=decision.counts(listing),
    )


class _Decision:
    """What becomes of each member."""

    def __init__(self, realm: str, places: Places) -> None:
        self._realm = realm
        self._places = places
        self._found: list[Difference] = []
        self._unmapped: Counter[int] = Counter()
        self.joining: list[StaffRow] = []
        self.leaving: list[int] = []

    def look_at(self, listed: ListedMember, known: KnownMember | None) -> None:
        """Decide about a member who is on the list."""
        if not listed.is_enabled:
            if known is not None and known.active:
                self.miss(known, Presence.DISABLED)
            return
        if known is not None and known.active and known.source != WECOM:
            return
        place = self._places.of(listed.departments)
        if place is None:
            self._leave_unmapped(listed, known)
            return
        wanted = StaffRow(
            realm=self._realm,
            userid=listed.userid,
            name=listed.name,
            role=place.role,
            branch=place.branch,
            team=place.team,
        )
        if known is None or not known.active:
            self._join(wanted, "new", None if known is None else known.id)
        elif _place_of(known) != (wanted.name, wanted.role, wanted.branch, wanted.team):
            self._join(wanted, "changed", known.id)

    def miss(self, known: KnownMember, presence: Presence) -> None:
        """Decide about an active member of staff who is not on the list, or disabled there."""
        detail = f"{known.name}（{known.userid}）：{_WHY[presence]}"
        has_left = presence in (Presence.GONE, Presence.DISABLED)
        if known.source == WECOM and has_left:
            self.leaving.append(known.id)
            self._note("gone", known.id, detail)
        elif has_left:
            self._note("refused", known.id, f"{detail}，但 zhike.toml 里还写着；离职请删去那一段")
        else:
            self._note("refused", known.id, detail)

    def differences(self) -> list[Difference]:
        """Return the differences, the departments that stand for nothing first."""
        unmapped = [
            Difference(
                kind="unmapped",
                subject="department",
                subject_id=department,
                detail=f"{self._places.path(department)}（编号 {department}）：{count} 人",
            )
            for department, count in sorted(self._unmapped.items())
        ]
        return [*unmapped, *self._found]

    def counts(self, listing: Listing) -> dict[str, int]:
        """Return what the run counts: members."""
        kinds = Counter(difference.kind for difference in self._found)
        return {
            "seen": sum(member.is_enabled for member in listing.members),
            **{kind: kinds[kind] for kind in ("new", "changed", "gone", "refused")},
            "unmapped": sum(self._unmapped.values()),
        }

    def _leave_unmapped(self, listed: ListedMember, known: KnownMember | None) -> None:
        self._unmapped[listed.departments[0] if listed.departments else 0] += 1
        if known is not None and known.active:
            self.leaving.append(known.id)
            self._note("gone", known.id, f"{known.name}（{known.userid}）：所在部门没有对应的机构")

    def _join(self, wanted: StaffRow, kind: str, staff_id: int | None) -> None:
        self.joining.append(wanted)
        place = "·".join(filter(None, (wanted.branch, wanted.team)))
        self._note(kind, staff_id, f"{wanted.name}（{wanted.userid}）：{place}，{wanted.role}")

    def _note(self, kind: str, staff_id: int | None, detail: str) -> None:
        self._found.append(Difference(kind=kind, subject="member", subject_id=staff_id, detail=detail))


def _place_of(known: KnownMember) -> tuple[str, str, str, str]:
    return known.name, known.role, known.branch, known.team


def _department_differences(
    before: Sequence[KnownDepartment], now: Sequence[KnownDepartment], places: Places
) -> list[Difference]:
    old, new = {each.id: each for each in before}, {each.id: each for each in now}
    kinds = [
        *[("new", each) for number, each in new.items() if number not in old],
        *[("changed", each) for number, each in new.items() if number in old and old[number] != each],
        *[("gone", each) for number, each in old.items() if number not in new],
    ]
    return [
        Difference(
            kind=kind,
            subject="department",
            subject_id=each.id,
            detail=f"{each.name if kind == 'gone' else places.path(each.id)}（编号 {each.id}）",
        )
        for kind, each in kinds
    ]
