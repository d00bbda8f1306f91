"""Tasks over the API: what the list narrows to, what a task is shown with, ending and giving one, and the trace."""

from __future__ import annotations

from typing import Any

import pytest

from content.rights import Permission
from handlers.tasks.board import LONGEST
from storage.tasks import Tasks
from storage.viewer import COMMAND_LINE
from tests.contract.api.served import Served, problem_of
from tests.fakes.clock import ManualClock
from tests.fakes.firm import Firm
from tests.fakes.stores import OpenStores

_READ, _WRITE, _WORDS = Permission.TASKS_READ, Permission.TASKS_WRITE, Permission.CONVERSATIONS_READ


@pytest.fixture
async def secret(api: Served) -> str:
    """Return a key that may see tasks with what customers said, and change them."""
    return await api.key(_READ, _WRITE, _WORDS)


async def _deeds(stores: OpenStores) -> list[tuple[str, str, int | None, str]]:
    rows = await stores.rows("SELECT action, subject, subject_id, detail FROM audit_entry ORDER BY id")
    return [(row["action"], row["subject"], row["subject_id"], row["detail"]) for row in rows]


async def test_the_list_narrows_to_state_cause_due_time_owner_and_customer(
    api: Served, secret: str, firm: Firm, clock: ManualClock
) -> None:
    late = await firm.complain("z1", minutes=30)
    later = await firm.complain("z1", cause="surrender", minutes=240)
    other = await firm.complain("l1", minutes=60)
    nobodys = await firm.complain("nobody's", minutes=60)
    await api.change_task(other, "done", secret, disposition="已回电")
    await clock.advance(31 * 60)
    due_by = clock.now().isoformat()

    async def listed(**params: Any) -> list[int]:
        return [task["id"] for task in (await api.get("/tasks", secret, params=params))["tasks"]]

    assert await listed() == [nobodys, other, later, late]
    assert await listed(state="undone") == [nobodys, later, late]
    assert await listed(state="open") == [nobodys]
    assert await listed(state="assigned") == [later, late]
    assert (await listed(state="done"), await listed(state="escalated")) == ([other], [])
    assert await listed(cause="surrender") == [later]
    assert await listed(due_by=due_by) == [late]
    assert await listed(owner_id=await firm.organisation.find("li")) == [other]
    assert await listed(customer_id=firm.customers["z1"], cause="complaint") == [late]
    assert {task["id"]: task["overdue"] for task in (await api.get("/tasks", secret))["tasks"]} == {
        nobodys: False,
        other: False,
        later: False,
        late: True,
    }


@pytest.mark.parametrize("limit", [1, 2, 5])
async def test_pages_show_every_task_once_the_newest_first(api: Served, secret: str, firm: Firm, limit: int) -> None:
    numbers = [await firm.complain(person) for person in ("z1", "z2", "l1", "w1", "b1")]
    found, params = [], {"limit": str(limit)}
    while True:
        page = await api.get("/tasks", secret, params=params)
        found += [task["id"] for task in page["tasks"]]
        if page["next"] is None:
            break
        params["cursor"] = page["next"]
    assert found == numbers[::-1]


async def test_a_task_is_shown_with_the_messages_that_show_it_and_numbers_masked(
    api: Served, secret: str, firm: Firm, clock: ManualClock
) -> None:
    await firm.complain("z1", "我要投诉")
    await clock.advance(60)
    number = await firm.complain("z1", "投诉！打我电话13812345678")
    task = await api.get(f"/tasks/{number}", secret)
    second, first = task.pop("evidence")

    assert task == {
        "id": number,
        "cause": "complaint",
        "title": "客户投诉",
        "customer_id": firm.customers["z1"],
        "state": "assigned",
        "owner_id": await firm.organisation.find("zhang"),
        "owner": "Zhang",
        "created_at": "2026-05-01T09:30:00Z",
        "due_at": "2026-05-01T10:00:00Z",
        "overdue": False,
        "escalated_at": None,
        "done_at": None,
        "disposition": None,
    }
    assert (first["account"], first["phrase"], first["said_at"]) == ("service", "投诉", "2026-05-01T09:30:00Z")
    assert first["fields"] == {"content": "我要投诉"}
    assert second["seq"] > first["seq"]
    assert second["fields"]["content"].startswith("投诉！打我电话")
    assert "13812345678" not in second["fields"]["content"]


async def test_without_the_right_to_conversations_a_task_is_shown_without_what_was_said(
    api: Served, firm: Firm, stores: OpenStores
) -> None:
    number = await firm.complain("z1", "我要投诉")
    task = await api.get(f"/tasks/{number}", await api.key(_READ))

    assert [(each["phrase"], each["said_at"], each["fields"]) for each in task["evidence"]] == [("投诉", None, None)]
    assert await _deeds(stores) == [("read", "task", number, "")]


async def test_words_of_a_customer_beyond_the_scope_are_not_shown_with_a_task_of_it(
    api: Served, firm: Firm, stores: OpenStores
) -> None:
    number = await firm.complain("b1", "我要投诉")
    wang = await firm.organisation.find("wang")
    await Tasks(stores.database).assign(number, wang, viewer=COMMAND_LINE, now=api.clock.now())
    branch = await stores.one("SELECT branch_id FROM staff WHERE userid = 'wang'")
    task = await api.get(f"/tasks/{number}", await api.key(_READ, _WORDS, branch_id=branch["branch_id"]))

    assert [(each["phrase"], each["fields"]) for each in task["evidence"]] == [("投诉", None)]
    assert ("read", "conversation", firm.customers["b1"], "evidence of a task") not in await _deeds(stores)


async def test_what_is_shown_of_tasks_was_noted_before(
    api: Served, secret: str, firm: Firm, stores: OpenStores
) -> None:
    number = await firm.complain("z1")
    await api.get("/tasks", secret)
    await api.get(f"/tasks/{number}", secret)
    missing = await api.ask("GET", "/tasks/999", secret)

    assert (await problem_of(missing))["detail"] == "there is no task 999 in your scope"
    assert await _deeds(stores) == [
        ("listed", "tasks", None, ""),
        ("read", "task", number, ""),
        ("read", "conversation", firm.customers["z1"], "evidence of a task"),
    ]


@pytest.mark.parametrize(
    ("said", "kept"),
    [(" 已回电 ", "已回电"), ("", "已办"), ("a\x00\nb", "ab"), ("好" * LONGEST, "好" * LONGEST)],
)
async def test_a_task_is_ended_with_what_came_of_it_and_the_answer_holds_none_of_these_words(
    api: Served, secret: str, firm: Firm, stores: OpenStores, said: str, kept: str
) -> None:
    number = await firm.complain("z1")
    response = await api.change_task(number, "done", secret, disposition=said)

    assert (response.status, await response.json()) == (
        200,
        {
            "id": number,
            "state": "done",
            "owner_id": await firm.organisation.find("zhang"),
            "owner": "Zhang",
            "due_at": "2026-05-01T10:00:00Z",
            "done_at": "2026-05-01T09:30:00Z",
        },
    )
    assert (await stores.one("SELECT disposition FROM task"))["disposition"] == kept
    assert await _deeds(stores) == [("finished", "task", number, "")]


async def test_what_came_of_a_task_is_shown_with_numbers_masked(api: Served, secret: str, firm: Firm) -> None:
    number = await firm.complain("z1")
    await api.change_task(number, "done", secret, disposition="已回电13812345678")
    for shown in (await api.get(f"/tasks/{number}", secret), (await api.get("/tasks", secret))["tasks"][0]):
        assert shown["disposition"].startswith("已回电")
        assert "13812345678" not in shown["disposition"]


async def test_the_same_end_again_is_no_mistake_and_another_one_changes_nothing(
    api: Served, other_api: Served, secret: str, firm: Firm, stores: OpenStores
) -> None:
    number = await firm.complain("z1")
    first = await api.change_task(number, "done", secret, word="w", disposition="已回电")
    replayed = await other_api.change_task(number, "done", secret, word="w", disposition="已回电")
    # As after a crash between the work and its answer: the same wish, and no answer is kept for it.
    again = await api.change_task(number, "done", secret, disposition="已回电")
    another = await api.change_task(number, "done", secret, disposition="没人接")

    assert replayed.headers["Idempotency-Replayed"] == "true"
    assert await first.read() == await replayed.read() == await again.read()
    assert (await problem_of(another))["detail"] == f"there is no undone task {number} in your scope"
    assert (await stores.one("SELECT disposition FROM task"))["disposition"] == "已回电"
    assert await _deeds(stores) == [("finished", "task", number, "")]


async def test_a_task_is_given_to_a_colleague_and_asking_twice_changes_nothing(
    api: Served, secret: str, firm: Firm, stores: OpenStores, clock: ManualClock
) -> None:
    number = await firm.complain("z1")
    given = await api.change_task(number, "assign", secret, userid="LI")
    kept = await stores.one("SELECT assigned_at, told_at, due_at FROM task")
    await clock.advance(60)
    again = await api.change_task(number, "assign", secret, userid="li")

    assert (given.status, again.status) == (200, 200)
    assert await given.json() == await again.json()
    assert (await given.json())["owner"] == "Li"
    assert await stores.one("SELECT assigned_at, told_at, due_at FROM task") == kept
    assert await _deeds(stores) == [("assigned", "task", number, "li")]


async def test_whoever_has_a_late_task_gets_its_whole_time_again_when_it_is_given_to_them_anew(
    api: Served, secret: str, firm: Firm, clock: ManualClock
) -> None:
    number = await firm.complain("z1", minutes=30)
    await clock.advance(31 * 60)
    response = await api.change_task(number, "assign", secret, userid="zhang")
    assert (await response.json())["due_at"] == "2026-05-01T10:31:00Z"


async def test_a_task_is_given_to_nobody_who_is_not_there_and_a_done_one_to_nobody(
    api: Served, secret: str, firm: Firm, stores: OpenStores
) -> None:
    number = await firm.complain("z1")
    nobody = await api.change_task(number, "assign", secret, userid="nobody")
    elsewhere = await api.change_task(number, "assign", secret, userid="li", realm="elsewhere")
    await api.change_task(number, "done", secret, disposition="好")
    done = await api.change_task(number, "assign", secret, userid="li")

    for response in (nobody, elsewhere):
        assert [each["field"] for each in (await problem_of(response))["errors"]] == ["userid"]
    assert (done.status, (await problem_of(done))["type"]) == (404, "urn:zhike:problem:not-found")
    assert [deed[0] for deed in await _deeds(stores)] == ["finished"]


@pytest.mark.parametrize(
    "query", ["state=late", "cause=投诉", "due_by=2026-02-30T00:00:00Z", "due_by=2026-05-01", "mine=1"]
)
async def test_what_cannot_be_asked_of_the_list_is_refused(api: Served, secret: str, firm: Firm, query: str) -> None:
    response = await api.ask("GET", f"/tasks?{query}", secret)
    assert (response.status, [each["in"] for each in (await problem_of(response))["errors"]]) == (422, ["query"])
