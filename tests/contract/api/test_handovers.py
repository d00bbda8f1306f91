"""A key serves in the name of a member of staff: each step once, each refusal a problem, each with its trace."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from content.rights import Permission
from handlers.handover.reply import LONGEST_REPLY
from tests.contract.api.served import Served, problem_of
from tests.fakes.clock import ManualClock
from tests.fakes.firm import Firm
from tests.fakes.stores import OpenStores

#: Wednesday 6 May 2026, 10:00 in China, in the hours.
_MORNING = datetime(2026, 5, 6, 2, tzinfo=UTC)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(_MORNING)


@pytest.fixture
async def secret(api: Served) -> str:
    return await api.key(*Permission)


async def _on_duty(api: Served, secret: str, *userids: str, on: bool = True) -> list[int]:
    answers = [
        await api.ask("PUT", "/duty", secret, word=f"{userid}-{on}", json={"userid": userid, "on": on})
        for userid in userids
    ]
    return [answer.status for answer in answers]


async def _served(api: Served, secret: str, firm: Firm, person: str = "z1", by: str = "zhang") -> int:
    """Let a member of staff serve a customer; return the handover's number."""
    number = await firm.hand_over(person)
    await _on_duty(api, secret, by)
    taken = await api.serve(number, "take", secret, userid=by)
    assert taken.status == 200, await taken.text()
    return number


async def _sent(stores: OpenStores) -> list[str]:
    """Return the words of staff in the outbox, in order."""
    rows = await stores.rows(
        "SELECT c.fields FROM delivery d JOIN content c ON c.account_id = d.account_id AND c.seq = d.out_seq "
        "WHERE d.author = 'person' ORDER BY d.id"
    )
    return [str(json.loads(row["fields"])["content"]) for row in rows]


async def _word(response: Any) -> tuple[int, str]:
    problem = await problem_of(response)
    return response.status, problem["type"].removeprefix("urn:zhike:problem:")


async def test_it_is_taken_answered_and_closed_and_the_audit_names_person_and_key(
    api: Served, secret: str, firm: Firm, stores: OpenStores
) -> None:
    number, zhang = await firm.hand_over("z1"), await firm.organisation.find("zhang")
    await _on_duty(api, secret, "zhang")
    taken = await (await api.serve(number, "take", secret, userid="ZHANG")).json()
    replied = await (await api.serve(number, "reply", secret, userid="zhang", words="您好，\r\n到了。\x00")).json()
    closed = await (await api.serve(number, "close", secret, userid="zhang")).json()

    assert taken == {
        "id": number,
        "state": "running",
        "staff_id": zhang,
        "staff": "Zhang",
        "accepted_at": "2026-05-06T02:00:00Z",
        "closed_at": None,
    }
    assert (replied["id"], replied["left"] > 0) == (number, True)
    assert (closed["state"], closed["closed_at"]) == ("closed", "2026-05-06T02:00:00Z")
    assert await _sent(stores) == ["您好，\n到了。"]
    rows = await stores.rows("SELECT action, subject, staff_id, viewer, role, api_key_id FROM audit_entry ORDER BY id")
    assert [(row["action"], row["subject"]) for row in rows] == [
        ("duty_began", "staff"),
        ("accepted", "handover"),
        ("read", "conversation"),
        ("replied", "handover"),
        ("closed", "handover"),
    ]
    assert {(row["staff_id"], row["viewer"], row["role"]) for row in rows} == {(zhang, "Zhang", "agent")}
    assert {row["api_key_id"] for row in rows} == {1}


async def test_a_reply_is_sent_once_under_its_key_in_either_process_and_after_a_crash(
    api: Served, other_api: Served, secret: str, firm: Firm, stores: OpenStores
) -> None:
    number = await _served(api, secret, firm)
    first = await api.serve(number, "reply", secret, word="w", userid="zhang", words="今天到账")
    replayed = await other_api.serve(number, "reply", secret, word="w", userid="zhang", words="今天到账")
    # As after a crash between the work and its answer: the claim is taken over, and the work done again.
    await stores.change("DELETE FROM idempotency WHERE key = 'w'")
    again = await other_api.serve(number, "reply", secret, word="w", userid="zhang", words="今天到账")
    other = await api.serve(number, "reply", secret, word="v", userid="zhang", words="今天到账")

    assert [each.status for each in (first, replayed, again, other)] == [200] * 4
    assert await first.read() == await replayed.read() == await again.read()
    assert await _sent(stores) == ["今天到账", "今天到账"]
    assert len(await stores.rows("SELECT id FROM audit_entry WHERE action = 'replied'")) == 2


async def test_the_same_step_again_is_no_mistake(api: Served, secret: str, firm: Firm, stores: OpenStores) -> None:
    number = await firm.hand_over("z1")
    await _on_duty(api, secret, "zhang", "li")
    for step, body in (
        ("take", {"userid": "zhang"}),
        ("pass", {"userid": "zhang", "to": "li"}),
        ("take", {"userid": "li"}),
        ("close", {"userid": "li"}),
    ):
        answers = [await api.serve(number, step, secret, **body) for _ in range(2)]
        assert [answer.status for answer in answers] == [200, 200], step
        assert await answers[0].read() == await answers[1].read()
    actions = [row["action"] for row in await stores.rows("SELECT action FROM audit_entry WHERE subject = 'handover'")]
    assert actions == ["accepted", "passed_on", "accepted", "closed"]


async def test_what_is_another_ones_or_over_is_refused_and_nothing_leaves(
    api: Served, secret: str, firm: Firm, stores: OpenStores
) -> None:
    number = await firm.hand_over("z1")
    off = await _word(await api.serve(number, "take", secret, userid="zhang"))
    early = await _word(await api.serve(number, "reply", secret, userid="zhang", words="早了"))
    await _on_duty(api, secret, "zhang", "sun")
    await api.serve(number, "take", secret, userid="zhang")
    others = [
        await _word(await api.serve(number, step, secret, userid="sun", **body))
        for step, body in (("take", {}), ("reply", {"words": "抢答"}), ("pass", {"to": "zhang"}), ("close", {}))
    ]
    await api.serve(number, "close", secret, userid="zhang")
    over = [
        await _word(await api.serve(number, step, secret, userid="zhang", **body))
        for step, body in (("take", {}), ("reply", {"words": "晚了"}), ("pass", {"to": "sun"}))
    ]

    assert off == (409, "not-on-duty")
    assert early == (409, "not-yours")
    assert others == [(409, "not-yours")] * 4
    assert over == [(409, "closed")] * 3
    assert await _sent(stores) == []


async def test_what_the_rules_hold_back_says_which_rule(
    api: Served, secret: str, firm: Firm, stores: OpenStores, clock: ManualClock
) -> None:
    number = await _served(api, secret, firm)
    answers = [await api.serve(number, "reply", secret, userid="zhang", words=f"第{n}句") for n in range(6)]
    sent = [answer for answer in answers if answer.status == 200]
    used_up = await problem_of(answers[-1])
    # What waits in the outbox would leave meanwhile.
    await stores.change("UPDATE delivery SET state = 'sent'")
    await clock.advance(49 * 3600)
    closed = await problem_of(await api.serve(number, "reply", secret, userid="zhang", words="两天后"))

    assert [(await answer.json())["left"] for answer in sent] == list(reversed(range(len(sent))))
    assert (used_up["status"], used_up["type"]) == (409, "urn:zhike:problem:reply-refused")
    assert used_up["reason"] == "quota_exhausted"
    assert "条数已用完" in used_up["detail"]
    assert closed["reason"] == "window_closed"
    assert await _sent(stores) == [f"第{n}句" for n in range(len(sent))]


async def test_it_is_passed_to_a_colleague_on_duty_and_an_offer_back_into_the_line(
    api: Served, secret: str, firm: Firm, stores: OpenStores
) -> None:
    number = await _served(api, secret, firm)
    absent = await problem_of(await api.serve(number, "pass", secret, userid="zhang", to="li"))
    oneself = await problem_of(await api.serve(number, "pass", secret, userid="zhang", to="zhang"))
    await _on_duty(api, secret, "li")
    passed = await (await api.serve(number, "pass", secret, userid="zhang", to="li")).json()
    returned = await (await api.serve(number, "pass", secret, userid="li")).json()
    again = await _word(await api.serve(number, "pass", secret, userid="li"))

    for problem in (absent, oneself):
        assert [each["field"] for each in problem["errors"]] == ["to"]
    assert (passed["state"], passed["staff"]) == ("offered", "Li")
    assert (returned["state"], returned["staff_id"]) == ("waiting", None)
    assert again == (409, "not-yours")


async def test_a_key_of_a_branch_passes_to_nobody_beyond_it(
    api: Served, secret: str, firm: Firm, stores: OpenStores
) -> None:
    number = await _served(api, secret, firm)
    await _on_duty(api, secret, "zhao", "li")
    shanghai = (await stores.one("SELECT id FROM branch WHERE code = '上海'"))["id"]
    narrow = await api.key(Permission.HANDOVERS_SERVE, branch_id=shanghai)
    beyond = await api.serve(number, "pass", narrow, userid="zhang", to="zhao")
    within = await api.serve(number, "pass", narrow, userid="zhang", to="li")
    assert (beyond.status, within.status) == (422, 200)


async def test_going_off_duty_puts_customers_back_and_nobody_begins_outside_of_the_hours(
    api: Served, secret: str, firm: Firm, clock: ManualClock, stores: OpenStores
) -> None:
    await _served(api, secret, firm)
    ended = await api.ask("PUT", "/duty", secret, word="off", json={"userid": "zhang", "on": False})
    await clock.advance(12 * 3600)
    night = await api.ask("PUT", "/duty", secret, word="night", json={"userid": "zhang", "on": True})

    assert await ended.json() == {"userid": "zhang", "name": "Zhang", "on": False, "returned": 1}
    assert (await stores.one("SELECT state FROM handover"))["state"] == "waiting"
    assert await _word(night) == (409, "not-open")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"userid": "zhang", "words": ""}, "words"),
        ({"userid": "zhang", "words": " \x00\n"}, "words"),
        ({"userid": "zhang", "words": "好" * (LONGEST_REPLY + 1)}, "words"),
        ({"userid": "nobody", "words": "好"}, "userid"),
        ({"userid": "wu", "words": "好"}, "userid"),
        ({"userid": "zhang", "realm": "elsewhere", "words": "好"}, "userid"),
        ({"userid": "zhang", "words": "好", "to": "li"}, "to"),
    ],
)
async def test_what_cannot_be_said_is_refused_by_its_field(
    api: Served, secret: str, firm: Firm, stores: OpenStores, body: dict[str, str], field: str
) -> None:
    number = await _served(api, secret, firm)
    response = await api.serve(number, "reply", secret, **body)
    assert (response.status, [each["field"] for each in (await problem_of(response))["errors"]]) == (422, [field])
    assert await _sent(stores) == []


async def test_the_last_turns_are_shown_masked_and_only_to_who_may_read_them(
    api: Served, secret: str, firm: Firm, stores: OpenStores
) -> None:
    number = await _served(api, secret, firm)
    await api.serve(number, "reply", secret, userid="zhang", words="请拨13812345678")
    without = await api.key(Permission.HANDOVERS_READ)
    shown = await api.get(f"/handovers/{number}", secret)
    hidden = await api.get(f"/handovers/{number}", without)

    words = [message["fields"].get("content", "") for message in shown["talk"]]
    assert words[:2] == ["我是z1", "人工"]
    assert words[-1].startswith("请拨")
    assert "13812345678" not in str(shown)
    assert hidden == {**shown, "talk": None}
    detail = f"handover {number}"
    noted = await stores.rows("SELECT viewer FROM audit_entry WHERE action = 'read' AND detail = :d", d=detail)
    assert [row["viewer"] for row in noted] == ["Zhang", "API crm"]
