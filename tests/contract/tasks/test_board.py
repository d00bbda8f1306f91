"""The board of tasks: whose tasks it shows, who may end and give them, and what of that stands in the audit."""

from __future__ import annotations

from datetime import timedelta

import pytest

from content.rights import Permission
from handlers.people.rights import Forbidden
from handlers.tasks.board import LONGEST, NoSuchColleague, TaskBoard
from storage.audit import Audit
from storage.records import AccountRow
from storage.staff_list import StaffList
from storage.task_evidence import TaskPhrases
from storage.tasks import Progress, TaskDraft, Tasks
from storage.viewer import COMMAND_LINE
from tests.fakes.clock import ManualClock
from tests.fakes.firm import Firm
from tests.fakes.stores import OpenStores


class Wall:
    """The board, and tasks made as a processor makes them."""

    def __init__(self, stores: OpenStores, firm: Firm, account: AccountRow, clock: ManualClock) -> None:
        self.tasks = Tasks(stores.database)
        self.audit = Audit(stores.database)
        self.board = TaskBoard(
            tasks=self.tasks, phrases=TaskPhrases(stores.database), staff=StaffList(stores.database), clock=clock
        )
        self._firm = firm
        self._account = account
        self._clock = clock
        self._seq = 100

    async def hang(self, person: str, cause: str = "complaint", *, minutes: int = 30, phrase: str = "投诉") -> int:
        """Make a task of a customer, or evidence of one that is undone; return the newest task's number."""
        self._seq += 1
        draft = TaskDraft(
            cause=cause,
            title="客户投诉",
            customer_id=self._firm.customers[person],
            due_at=self._clock.now() + timedelta(minutes=minutes),
            account_id=self._account.id,
            seq=self._seq,
            phrase=phrase,
        )
        progress = Progress(processor="signals.1", account_id=self._account.id, seq=self._seq)
        await self.tasks.take([draft], progress=progress, now=self._clock.now())
        return (await self.tasks.page(viewer=COMMAND_LINE, limit=1))[0].id

    async def deeds(self) -> list[tuple[str, int, str, str]]:
        """Return who did what to which task, the first deed first."""
        rows = await self.audit.entries(subject="task")
        return [(row["action"], row["subject_id"], row["viewer"], row["detail"]) for row in reversed(rows)]


@pytest.fixture
async def wall(stores: OpenStores, firm: Firm, clock: ManualClock) -> Wall:
    rows = await stores.accounts.bring_in([])
    return Wall(stores, firm, rows["service"], clock)


async def test_ones_own_tasks_stand_what_is_due_first_at_the_front_with_phrases_and_what_is_late(
    wall: Wall, firm: Firm, clock: ManualClock
) -> None:
    later = await wall.hang("z1", minutes=240)
    soon = await wall.hang("z2", minutes=30)
    for phrase in ("骗子", "投诉"):
        await wall.hang("z2", phrase=phrase)
    await wall.hang("l1")
    await clock.advance(30 * 60)
    shown = await wall.board.mine(await firm.viewer("zhang"), limit=10)

    assert [(task.row.id, task.phrases, task.is_overdue) for task in shown] == [
        (soon, ("投诉", "骗子"), True),
        (later, ("投诉",), False),
    ]


@pytest.mark.parametrize(
    ("userid", "people"),
    [("zhang", []), ("sun", ["z1", "l1"]), ("wu", ["z1", "l1", "w1", "nobody's"]), ("zhao", [])],
)
async def test_others_tasks_are_those_of_the_scope_the_newest_first(
    wall: Wall, firm: Firm, userid: str, people: list[str]
) -> None:
    for person in ("z1", "l1", "w1", "nobody's"):
        await wall.hang(person)
    shown = await wall.board.others(await firm.viewer(userid), limit=10)
    assert [task.row.customer_id for task in shown] == [firm.customers[person] for person in reversed(people)]


async def test_ones_own_tasks_are_not_among_the_others_and_pages_follow_each_other(wall: Wall, firm: Firm) -> None:
    numbers = [await wall.hang(person, cause) for cause in ("complaint", "surrender") for person in ("z1", "l1")]
    sun = await firm.viewer("sun")
    await wall.board.assign(sun, numbers[1], "sun")
    first = await wall.board.others(sun, limit=2)
    second = await wall.board.others(sun, limit=2, before=first[-1].row.id)

    assert [task.row.id for task in await wall.board.mine(sun, limit=10)] == [numbers[1]]
    assert [[task.row.id for task in page] for page in (first, second)] == [[numbers[3], numbers[2]], [numbers[0]]]


async def test_a_deputy_sees_the_tasks_of_whom_they_stand_in_for(wall: Wall, firm: Firm, clock: ManualClock) -> None:
    number = await wall.hang("z1")
    find = firm.organisation.find
    now = clock.now()
    await firm.organisation.appoint(await find("zhang"), await find("li"), since=now, until=now + timedelta(days=1))
    assert [task.row.id for task in await wall.board.others(await firm.viewer("li"), limit=10)] == [number]


@pytest.mark.parametrize(("said", "kept"), [("  已回电 ", "已回电"), (" ", "已办"), ("好" * 600, "好" * LONGEST)])
async def test_ending_keeps_what_came_of_it_and_leaves_a_row_without_it(
    wall: Wall, firm: Firm, stores: OpenStores, said: str, kept: str
) -> None:
    number = await wall.hang("z1")
    zhang = await firm.viewer("zhang")
    done = [await wall.board.finish(zhang, number, said) for _ in range(2)]
    task = await stores.one("SELECT state, disposition, done_by FROM task")

    assert done == [True, False]
    assert task == {"state": "done", "disposition": kept, "done_by": zhang.staff_id}
    assert await wall.deeds() == [("finished", number, "Zhang", "")]


async def test_what_lies_beyond_the_scope_can_neither_be_ended_nor_given(wall: Wall, firm: Firm) -> None:
    number = await wall.hang("z1")
    wang = await firm.viewer("wang")
    assert not await wall.board.finish(wang, number, "好")
    assert not await wall.board.assign(wang, number, "wang")
    assert await wall.deeds() == []


async def test_giving_names_the_new_owner_in_the_audit_in_any_case_of_letters(wall: Wall, firm: Firm) -> None:
    number = await wall.hang("z1")
    assert await wall.board.assign(await firm.viewer("sun"), number, " LI ")
    [task] = await wall.board.mine(await firm.viewer("li"), limit=10)

    assert (task.row.id, task.row.owner) == (number, "Li")
    assert await wall.deeds() == [("assigned", number, "Sun", "li")]


@pytest.mark.parametrize("userid", ["zhao", "nobody", ""])
async def test_a_task_goes_to_nobody_outside_of_the_scope(wall: Wall, firm: Firm, userid: str) -> None:
    number = await wall.hang("z1")
    with pytest.raises(NoSuchColleague):
        await wall.board.assign(await firm.viewer("sun"), number, userid)
    assert await wall.deeds() == []


async def test_without_the_permission_nothing_is_shown_or_done(wall: Wall, firm: Firm) -> None:
    number = await wall.hang("z1")
    zheng = await firm.viewer("zheng")
    refused = []
    for attempt in (
        wall.board.mine(zheng, limit=1),
        wall.board.others(zheng, limit=1),
        wall.board.finish(zheng, number, ""),
        wall.board.assign(zheng, number, "zheng"),
    ):
        with pytest.raises(Forbidden) as caught:
            await attempt
        refused.append(caught.value.permission)
    assert refused == [Permission.TASKS_READ] * 2 + [Permission.TASKS_WRITE] * 2
