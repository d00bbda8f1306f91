"""An insurer of two branches, with people in every role and customers of each agent: whom scopes are tried on."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Final

from content.rights import Role
from handlers.clock import Clock
from handlers.people.rights import viewer_of
from storage.handovers import Handovers
from storage.organisation import BranchRow, Organisation
from storage.owners import Owners, own_by_scene
from storage.records import AccountRow, StaffRow
from storage.tables.handover import HandoverState
from storage.task_rows import TaskFilter
from storage.tasks import Progress, TaskDraft, Tasks
from storage.viewer import COMMAND_LINE, Viewer
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors

REALM: Final = "ww-realm"


def _staff(userid: str, role: Role, branch: str, team: str = "") -> StaffRow:
    return StaffRow(realm=REALM, userid=userid, name=userid.title(), role=role, branch=branch, team=team)


#: 浦东 lies below 上海. zhang and li are of one team; wang of another; zhao of another branch.
STAFF: Final = (
    _staff("zhang", Role.AGENT, "上海", "一组"),
    _staff("li", Role.AGENT, "上海", "一组"),
    _staff("wang", Role.AGENT, "浦东", "二组"),
    _staff("zhao", Role.AGENT, "北京", "三组"),
    _staff("sun", Role.SUPERVISOR, "上海", "一组"),
    _staff("qian", Role.CAMPAIGN_MANAGER, "上海"),
    _staff("zhou", Role.REVIEWER, "上海"),
    _staff("wu", Role.COMPLIANCE, "北京"),
    _staff("zheng", Role.ANALYST, "北京"),
    _staff("admin", Role.ADMINISTRATOR, "北京"),
)
BRANCHES: Final = (BranchRow(name="浦东", above="上海"),)
#: By owner the people who write to the official account.
CUSTOMERS: Final = {"zhang": ("z1", "z2"), "li": ("l1",), "wang": ("w1",), "zhao": ("b1",), "": ("nobody's",)}


class Firm:
    """Brings the insurer in and hands out its viewers."""

    def __init__(self, stores: OpenStores, account: AccountRow, clock: Clock) -> None:
        self.account = account
        self.organisation = Organisation(stores.database)
        self._database = stores.database
        self._owners = Owners(stores.database)
        self._visitors = Visitors(stores.log, account, clock)
        self._clock = clock
        #: By person the id of the customer.
        self.customers: dict[str, int] = {}

    async def found(self) -> None:
        """Bring in staff, and customers who scanned their codes: what nobody did by hand leaves no row in the audit."""
        await self.organisation.bring_in(STAFF, branches=BRANCHES)
        for owner, people in CUSTOMERS.items():
            for person in people:
                said = await self._visitors.say(person, f"我是{person}")
                self.customers[person] = said.person.customer_id
                if owner:
                    scan = {"agent": owner, "identity_id": said.person.identity_id, "at": self._clock.now()}
                    await self._database.write(partial(own_by_scene, attributions=[scan]))

    async def give(self, person: str, owner: str) -> None:
        """Make somebody the owner of a person."""
        staff_id = await self.organisation.find(owner)
        await self._owners.assign(
            self.customers[person], staff_id, viewer=COMMAND_LINE, now=self._clock.now(), cause="assigned"
        )

    async def hand_over(self, person: str) -> int:
        """Let a customer wait for a person; return the handover's number."""
        said = await self._visitors.say(person, "人工")
        row, _ = await Handovers(self._database).open(
            account_id=said.account_id,
            identity_id=said.person.identity_id,
            seq=said.seq,
            state=HandoverState.WAITING,
            now=self._clock.now(),
        )
        return row.id

    async def complain(
        self, person: str, words: str = "我要投诉", *, cause: str = "complaint", minutes: int = 30
    ) -> int:
        """Let a customer say what makes a task, or is evidence of an undone one; return the task's number."""
        said = await self._visitors.say(person, words)
        tasks, now = Tasks(self._database), self._clock.now()
        draft = TaskDraft(
            cause=cause,
            title="客户投诉",
            customer_id=self.customers[person],
            due_at=now + timedelta(minutes=minutes),
            account_id=said.account_id,
            seq=said.seq,
            phrase="投诉",
        )
        progress = Progress(processor="signals.1", account_id=said.account_id, seq=said.seq)
        await tasks.take([draft], progress=progress, now=now)
        wanted = TaskFilter(undone=True, cause=cause, customer_id=self.customers[person])
        return (await tasks.page(viewer=COMMAND_LINE, limit=1, wanted=wanted))[0].id

    async def viewer(self, userid: str, *, at: datetime | None = None) -> Viewer:
        """Return a member of staff as a viewer."""
        member = await self.organisation.member(await self.organisation.find(userid), now=at or self._clock.now())
        assert member is not None
        return viewer_of(member)


def people_of(*owners: str) -> set[str]:
    """Return the people that these own."""
    return {person for owner in owners for person in CUSTOMERS[owner]}


EVERYBODY: Final = people_of(*CUSTOMERS)
#: Whom each member of staff sees.
SEEN: Final = {
    "zhang": people_of("zhang"),
    "li": people_of("li"),
    "wang": people_of("wang"),
    "zhao": people_of("zhao"),
    "sun": people_of("zhang", "li"),
    "qian": people_of("zhang", "li", "wang"),
    "wu": EVERYBODY,
    "zheng": EVERYBODY,
}
