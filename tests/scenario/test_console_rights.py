"""Every page of the console for every role and every customer: exactly what the table of rights says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.settings import Settings
from bot.web.console.console import built_in_pages
from bot.web.console.pages import Page
from content.benefits import Benefit
from content.rights import PERMITTED, Permission
from storage.tasks import Progress, TaskDraft, Tasks
from storage.viewer import COMMAND_LINE
from tests.browser.console.desk import Answer, Clerk, Desk, open_desk, pages_of_rooms
from tests.fakes.clock import ManualClock
from tests.fakes.firm import EVERYBODY, SEEN, STAFF, people_of
from tests.fakes.newsroom import Newsroom, piece, png
from tests.fakes.stores import OpenStores

_ROLES = {row.userid: row.role for row in STAFF}


@pytest.fixture
async def desk(stores: OpenStores, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        yield await open_desk(stores, clock=clock, home=tmp_path, stack=stack, whole=True)


def _pages(desk: Desk) -> list[Page]:
    """Return every page there is."""
    settings = Settings(home=Path("/nowhere"))
    rooms = pages_of_rooms(desk.people, desk.stores, rooms=desk.rooms, clock=desk.clock, settings=settings)
    return [*rooms, *built_in_pages(desk.people)]


async def _tasks(desk: Desk) -> dict[str, int]:
    """Make a task of every customer; return their numbers by person."""
    drafts = [
        TaskDraft(
            cause="complaint",
            title="客户投诉",
            customer_id=customer_id,
            due_at=desk.clock.now(),
            account_id=desk.account.id,
            seq=customer_id,
            phrase="投诉",
        )
        for customer_id in desk.firm.customers.values()
    ]
    progress = Progress(processor="signals.1", account_id=desk.account.id, seq=1)
    await Tasks(desk.stores.database).take(drafts, progress=progress, now=desk.clock.now())
    rows = await desk.stores.rows("SELECT id, customer_id FROM task")
    by_customer = {row["customer_id"]: row["id"] for row in rows}
    return {person: by_customer[number] for person, number in desk.firm.customers.items()}


_UNDO = """
    UPDATE task SET state = 'assigned',
        owner_id = (SELECT staff_id FROM customer_owner o WHERE o.customer_id = task.customer_id),
        team_id = (SELECT team_id FROM customer_owner o WHERE o.customer_id = task.customer_id),
        branch_id = (SELECT branch_id FROM customer_owner o WHERE o.customer_id = task.customer_id)
"""


async def _answer(desk: Desk, clerk: Clerk, userid: str, page: Page, address: str) -> Answer:
    """Return what a page answers; what it changed is undone."""
    if page.method == "GET":
        return await clerk.get(address)
    form = {"csrf": await clerk.token("/console/nothing"), "userid": userid, "reason": "asked in writing"}
    answer = await clerk.post(address, form)
    await desk.stores.change(_UNDO)
    return answer


def _permitted(userid: str, permission: Permission) -> bool:
    return permission in PERMITTED[_ROLES[userid]]  # type: ignore[index]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """By person the numbers of what is open with each customer."""

    tasks: dict[str, int]
    handovers: dict[str, int]
    #: Content of 上海 and of 北京, and a picture, by where they are.
    contents: dict[str, int]
    picture: str
    #: By owner the numbers of their benefits.
    benefits: dict[str, int]


async def _shelve(desk: Desk) -> dict[str, int]:
    """Make a benefit of head office and one of each branch."""
    made = {}
    for number, owner in enumerate(_OWNERS):
        benefit = Benefit(
            id=f"b{number}", title=f"权益{number}", owner=owner or None, supplier="安康", cost=1, guide="到店报券码"
        )
        made[owner] = (await desk.people.benefits.make(COMMAND_LINE, benefit)).id
    return made


async def _work(desk: Desk) -> _Work:
    """Open a task of every customer, and let everyone of them wait for a person."""
    waiting = {person: await desk.firm.hand_over(person) for person in sorted(EVERYBODY)}
    newsroom = Newsroom(desk.stores, desk.firm, desk.clock)
    contents: dict[str, int] = {}
    for branch in ("上海", "北京"):
        item = await newsroom.submitted(piece(key=f"of-{len(contents)}"))
        await desk.stores.change(
            "UPDATE content_item SET created_by = 0, branch_id = (SELECT id FROM branch WHERE code = :code)"
            " WHERE id = :id",
            code=branch,
            id=item.id,
        )
        contents[branch] = item.id
    picture = await newsroom.rooms.desk.add_picture(await desk.firm.viewer("qian"), png())
    return _Work(
        tasks=await _tasks(desk),
        handovers=waiting,
        contents=contents,
        picture=picture.digest,
        benefits=await _shelve(desk),
    )


_OWNERS = ("", "上海", "浦东", "北京")
#: Whose benefits somebody sees who may see any: a branch its own and those of the branches below it.
_SHELVES = {"qian": {"上海", "浦东"}, "wu": set(_OWNERS), "zheng": set(_OWNERS)}


#: Whose waiting customers somebody may take: those of their branch and the branches below it, and nobody's.
_NEAR = {
    "zhang": people_of("zhang", "li", "wang", ""),
    "li": people_of("zhang", "li", "wang", ""),
    "sun": people_of("zhang", "li", "wang", ""),
    "wang": people_of("wang", ""),
    "zhao": people_of("zhao", ""),
}
#: What a form answers that is let in and has nothing to do: it is a holiday, and nobody is on duty.
_NOTHING_DONE = {
    "/inbox/duty": 409,
    "/inbox/{handover}/take": 409,
    "/inbox/{handover}/reply": 422,
    "/inbox/{handover}/pass": 409,
    "/inbox/{handover}/close": 409,
    "/contents/new": 422,
    "/contents/{content}/edit": 422,
    "/contents/{content}/preview": 200,
    "/contents/{content}/picture": 200,
    "/contents/{content}/submit": 409,
    "/contents/{content}/take-back": 409,
    "/contents/{content}/try": 409,
    "/contents/{content}/withdraw": 409,
    "/reviews/{content}/approve": 409,
    "/reviews/{content}/return": 409,
    "/segments/save": 422,
    "/segments/one/{segment}/remove": 409,
    "/benefits": 422,
    "/benefits/{benefit}/stock": 422,
    "/benefits/{benefit}/codes": 422,
    "/benefit-codes/redeem": 422,
    "/benefit-codes/reverse": 422,
    "/benefit-codes/expire": 422,
    "/benefit-codes/exchange": 422,
}
#: Where the content is that each of those sees who see some.
_CONTENT_SEEN = {"qian": {"上海"}, "zhou": {"上海"}, "wu": {"上海", "北京"}}


def _addresses(page: Page, desk: Desk, work: _Work) -> dict[str, str | None]:
    """Return the page's addresses, each with the person whom it is about."""
    if "{picture}" in page.path:
        return {page.address.format(picture=work.picture): None}
    of = (
        ("content", work.contents),
        ("customer", desk.firm.customers),
        ("task", work.tasks),
        ("handover", work.handovers),
        ("benefit", work.benefits),
    )
    for name, numbers in of:
        if f"{{{name}}}" in page.path:
            return {page.address.format(**{name: number}): person for person, number in numbers.items()}
    return {page.address.replace("{segment}", "dormant"): None}


def _allowed(userid: str, page: Page, person: str | None) -> int:
    if not _permitted(userid, page.permission):
        return 403
    seen = _NEAR if page.path.startswith("/inbox/{handover}") else SEEN
    seen = _SHELVES if page.path.startswith("/benefits/{benefit}") else seen
    if "{content}" in page.path:
        seen = _CONTENT_SEEN
    if page.path == "/contents/product-stop":
        return 422 if userid == "wu" else 409  # no product is named; only who sees all may name one
    if person is None or person in seen[userid]:
        return 200 if page.method == "GET" else _NOTHING_DONE.get(page.path, 303)
    return 404


def _nav(clerk_page: Answer) -> list[str]:
    return [
        line.split('href="')[1].split('"')[0]
        for line in clerk_page.text.splitlines()
        if '<a href="/console/' in line and "<svg" in line
    ]


async def test_every_page_gives_every_role_exactly_what_the_table_says(desk: Desk) -> None:
    wrong: list[tuple[object, ...]] = []
    work, pages, tried = await _work(desk), _pages(desk), 0
    for userid in _ROLES:
        clerk = await desk.clerk(userid)
        for page in pages:
            for address, person in _addresses(page, desk, work).items():
                answer = await _answer(desk, clerk, userid, page, address)
                tried += 1
                if answer.status != _allowed(userid, page, person):
                    wrong.append((userid, address, person, answer.status))
                if answer.status == 403 and f"<code>{page.permission}</code>" not in answer.text:
                    wrong.append((userid, address, "does not name", page.permission))
    assert wrong == []
    of_a_benefit = [page for page in pages if "{benefit}" in page.path]
    others = ("{segment}", "{benefit}")
    of_a_person = [page for page in pages if "{" in page.path and not any(name in page.path for name in others)]
    of_content = [page for page in of_a_person if "{content}" in page.path]
    of_one = [page for page in of_a_person if "{picture}" in page.path]
    of_people = len(of_a_person) - len(of_content) - len(of_one)
    whole = len(pages) - len(of_a_person) - len(of_a_benefit) + len(of_one)
    found = len(of_content) * len(work.contents) + len(of_a_benefit) * len(_OWNERS)
    assert tried == 10 * (whole + of_people * len(EVERYBODY) + found)
    assert len(of_content) == 14
    assert {page.path for page in pages} >= {"/today", "/today/{task}/finish", "/conversations", "/operations"}
    assert {page.path for page in pages} >= {"/inbox", "/inbox/{handover}", *_NOTHING_DONE}


async def test_the_list_holds_the_customers_of_the_scope_and_no_others(desk: Desk) -> None:
    async def listed(clerk: Clerk) -> set[str]:
        text = (await clerk.get("/console/customers")).text.replace("&#39;", "'")
        return {person for person in EVERYBODY if f'<small class="code">{person}</small>' in text}

    assert {userid: await listed(await desk.clerk(userid)) for userid in SEEN} == SEEN


async def test_a_search_finds_nobody_beyond_the_scope(desk: Desk) -> None:
    clerk = await desk.clerk("zhang")

    assert ">客户 " in (await clerk.get("/console/customers?person=z2")).text.partition("<tbody>")[2]
    assert "没有找到" in (await clerk.get("/console/customers?person=b1")).text


async def test_the_navigation_shows_what_the_role_may_open(desk: Desk) -> None:
    in_order = {
        "/console/today": Permission.TASKS_READ,
        "/console/inbox": Permission.HANDOVERS_READ,
        "/console/conversations": Permission.CONVERSATIONS_READ,
        "/console/operations": Permission.OPERATIONS_READ,
        "/console/customers": Permission.CUSTOMERS_READ,
        "/console/contents": Permission.CONTENTS_READ,
        "/console/reviews": Permission.CONTENTS_REVIEW,
        "/console/segments": Permission.SEGMENTS_READ,
        "/console/benefits": Permission.BENEFITS_READ,
        "/console/privacy": Permission.PRIVACY_READ,
        "/console/audit": Permission.AUDIT_READ,
    }
    begun = {userid: (await (await desk.clerk(userid)).get("/console/no-such-page")) for userid in _ROLES}

    assert {userid: _nav(answer) for userid, answer in begun.items()} == {
        userid: [address for address, permission in in_order.items() if _permitted(userid, permission)]
        for userid in _ROLES
    }


async def test_each_role_begins_at_its_first_page_or_is_told_that_there_is_none(desk: Desk) -> None:
    await desk.stores.change("UPDATE staff SET role = 'janitor' WHERE userid = 'zheng'")
    starting = ("zhang", "qian", "admin", "zhou", "zheng")
    starts = {userid: await (await desk.clerk(userid)).get("/console") for userid in starting}

    assert starts["zhang"].headers["Location"] == "/console/today"
    assert starts["qian"].headers["Location"] == "/console/customers"
    assert starts["admin"].headers["Location"] == "/console/operations"
    assert starts["zhou"].headers["Location"] == "/console/contents"
    assert starts["zheng"].status == 200
    assert "暂时没有您可以打开的页面" in starts["zheng"].text


async def test_nobody_sees_any_page_without_signing_in(desk: Desk) -> None:
    clerk = await desk.browser()
    work = await _work(desk)
    addresses = [address for page in _pages(desk) if page.method == "GET" for address in _addresses(page, desk, work)]
    forms = [address for page in _pages(desk) if page.method == "POST" for address in _addresses(page, desk, work)]
    answers = [await clerk.get(address) for address in ["/console", "/console/", *addresses]]
    answers += [await clerk.post(address, {"userid": "zhang"}) for address in forms]

    assert {(answer.status, answer.headers["Location"].partition("?")[0]) for answer in answers} == {
        (303, "/console/sign-in")
    }


async def test_a_customer_page_shows_the_talk_only_to_who_may_read_talks(desk: Desk) -> None:
    address = f"/console/customers/{desk.firm.customers['z1']}"

    assert "我是z1" in (await (await desk.clerk("zhang")).get(address)).text
    assert "我是z1" not in (await (await desk.clerk("qian")).get(address)).text


async def test_every_look_leaves_a_row_and_what_was_not_shown_leaves_none(desk: Desk) -> None:
    clerk = await desk.clerk("zhang")
    mine, foreign = desk.firm.customers["z1"], desk.firm.customers["b1"]
    await clerk.get(f"/console/customers/{foreign}")
    await clerk.get(f"/console/customers/{foreign}/timeline")
    await clerk.get(f"/console/customers/{mine}")
    rows = await desk.people.audit.entries()

    assert [(row["action"], row["subject"], row["subject_id"], row["viewer"]) for row in rows] == [
        ("read", "facts", mine, "Zhang"),
        ("read", "callbacks", mine, "Zhang"),
        ("read", "conversation", mine, "Zhang"),
        ("read", "customer", mine, "Zhang"),
        ("signed_in", "console", None, "Zhang"),
    ]


async def test_who_has_lost_a_role_loses_its_pages_with_the_next_click(desk: Desk) -> None:
    clerk = await desk.clerk("zhang")
    await desk.stores.change("UPDATE staff SET role = 'reviewer' WHERE userid = 'zhang'")

    assert (await clerk.get("/console/customers")).status == 403
