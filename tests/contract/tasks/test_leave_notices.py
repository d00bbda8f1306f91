"""Customers of who has left, once they have another agent: told once when they can be reached, else listed."""

from __future__ import annotations

import pytest

from content.messages import Unfollow
from handlers.conversation.accounts import Answers, ServedAccount
from handlers.conversation.elder_form import ElderForm
from handlers.conversation.turn import AccountInfo
from handlers.tasks.notices import Notices
from storage.leave_notices import LeaveNotices
from storage.leaving import Leaving
from storage.mailbox import Mailbox
from tests.contract.tasks.work import CONTENT, Work
from tests.fakes.clock import ManualClock
from tests.fakes.firm import BRANCHES, STAFF, Firm
from tests.fakes.stores import OpenStores

_DAY = 24 * 3600


@pytest.fixture
async def notices(stores: OpenStores, firm: Firm, clock: ManualClock) -> Notices:
    """Return what tells them through the official account."""
    rows = await stores.accounts.bring_in([("service", "wechat", "wx-realm", "服务号")])
    info = AccountInfo(name="service", channel="wechat", title="服务号", hotline="95500")
    served = ServedAccount(row=rows["service"], info=info, answers=Answers.PASSIVE, active_messages=True)
    return Notices(
        notices=LeaveNotices(stores.database),
        mailbox=Mailbox(stores.database),
        accounts={served.row.id: served},
        form=ElderForm(CONTENT),
        text=CONTENT.tasks.texts.new_agent,
        version=CONTENT.version,
        least=2,
        clock=clock,
        on_outbox=lambda: None,
    )


async def _leave_and_give(work: Work, firm: Firm) -> None:
    """Let zhang leave, and li have z1."""
    await firm.organisation.bring_in([row for row in STAFF if row.userid != "zhang"], branches=BRANCHES)
    await work.round.hand_over()
    await firm.give("z1", "li")
    await work.round.hand_over()


async def _to_customers(work: Work) -> list[tuple[str, str]]:
    return [(who, words) for who, words in await work.told() if who in ("z1", "z2")]


async def test_a_customer_with_a_new_agent_is_told_once(work: Work, firm: Firm, notices: Notices) -> None:
    await _leave_and_give(work, firm)
    told = [await notices.run() for _ in range(3)]
    [(who, words)] = await _to_customers(work)

    assert told == [1, 0, 0]
    assert who == "z1"
    for part in ("Zhang已离职", "今后由Li为您服务", "服务号", "95500"):
        assert part in words


async def test_a_kill_between_the_outbox_and_the_note_of_it_tells_nobody_twice(
    work: Work, firm: Firm, notices: Notices, stores: OpenStores
) -> None:
    await _leave_and_give(work, firm)
    await notices.run()
    await stores.change("UPDATE leave_notice SET state = 'waiting', posted_at = NULL")
    await notices.run()
    assert len(await _to_customers(work)) == 1
    assert (await stores.one("SELECT state FROM leave_notice"))["state"] == "posted"


async def test_who_cannot_be_reached_stays_on_the_list_until_they_can(
    work: Work, firm: Firm, notices: Notices, stores: OpenStores, clock: ManualClock
) -> None:
    await clock.advance(3 * _DAY)  # the reply window has closed
    await _leave_and_give(work, firm)
    first = await notices.run()
    [waiting] = await LeaveNotices(stores.database).untold(limit=10)
    [leaver] = await Leaving(stores.database).left(now=clock.now())
    await clock.advance(5 * _DAY)
    await work.visitors.say("z1", "在吗")
    second = await notices.run()

    assert (first, second) == (0, 1)
    assert (waiting.customer_id, waiting.why, waiting.left) == (firm.customers["z1"], "unreachable", "Zhang")
    assert (leaver.customers, leaver.undone, leaver.overdue, leaver.untold) == (1, 1, 0, 1)
    assert (waiting.due_at - clock.now()).days == 25
    assert await LeaveNotices(stores.database).untold(limit=10) == []


async def test_who_has_unfollowed_is_not_written_to(
    work: Work, firm: Firm, notices: Notices, stores: OpenStores
) -> None:
    await work.visitors.do("z1", Unfollow(), followed=False)
    await _leave_and_give(work, firm)
    assert await notices.run() == 0
    assert [each.why for each in await LeaveNotices(stores.database).untold(limit=10)] == ["unreachable"]


async def test_a_message_that_was_refused_stands_on_the_list(
    work: Work, firm: Firm, notices: Notices, stores: OpenStores
) -> None:
    await _leave_and_give(work, firm)
    await notices.run()
    await stores.change("UPDATE delivery SET state = 'refused' WHERE idempotency_key LIKE 'leave_notice:%'")
    [untold] = await LeaveNotices(stores.database).untold(limit=10)
    assert (untold.customer_id, untold.why) == (firm.customers["z1"], "refused")


async def test_hand_overs_after_their_time_are_counted(
    work: Work, firm: Firm, stores: OpenStores, clock: ManualClock
) -> None:
    await _leave_and_give(work, firm)
    await clock.advance(31 * _DAY)
    [leaver] = await Leaving(stores.database).left(now=clock.now())
    assert (leaver.name, leaver.customers, leaver.undone, leaver.overdue) == ("Zhang", 1, 1, 1)
    await firm.give("z2", "li")
    await work.round.hand_over()
    [told] = await Leaving(stores.database).left(now=clock.now())
    assert (told.customers, told.undone, told.untold) == (0, 0, 2)
