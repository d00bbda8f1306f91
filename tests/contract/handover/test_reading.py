"""Who sees which handovers, and what the report says of them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from content.rights import Permission
from handlers.handover.reading import HandoverReading
from handlers.people.rights import Forbidden
from storage.audit import Audit
from storage.handover_list import HandoverList
from storage.handover_talk import HandoverTalk
from storage.viewer import COMMAND_LINE
from tests.contract.handover.house import House
from tests.fakes.firm import Firm


@pytest.fixture
def reading(house: House) -> HandoverReading:
    database = house.stores.database
    return HandoverReading(
        handovers=HandoverList(database), talk=HandoverTalk(database), audit=Audit(database), clock=house.clock
    )


async def test_each_sees_their_own_what_they_serve_and_what_waits_near_them(
    house: House, firm: Firm, reading: HandoverReading
) -> None:
    for person in ("z1", "w1", "b1", "nobody's"):
        await house.says(person, "人工")
    await house.on_duty("li")
    await house.round()
    await house.taps("li", "handover.take.1")

    async def seen(userid: str) -> list[int]:
        return sorted(row.id for row in await reading.page(await firm.viewer(userid), limit=50))

    # 1 is zhang's customer and li serves it; li is offered the others, too, as nobody else is on duty.
    assert {userid: await seen(userid) for userid in ("zhang", "li", "sun")} == {
        "zhang": [1],
        "li": [1, 2, 3, 4],
        "sun": [1, 2, 3, 4],
    }
    await house.writes("li", "下班")
    assert {userid: await seen(userid) for userid in ("zhang", "li", "wang", "zhao", "sun")} == {
        "zhang": [1, 2, 4],
        "li": [1, 2, 4],
        "wang": [2, 4],
        "zhao": [3, 4],
        "sun": [1, 2, 4],
    }
    assert await reading.one(await firm.viewer("zhao"), 1) is None
    for userid in ("qian", "zhou", "wu", "zheng", "admin"):
        with pytest.raises(Forbidden) as refused:
            await reading.page(await firm.viewer(userid), limit=1)
        assert refused.value.permission is Permission.HANDOVERS_READ


async def test_looking_leaves_a_row(house: House, firm: Firm, reading: HandoverReading) -> None:
    await house.says("z1", "人工")
    zhang = await firm.viewer("zhang")
    await reading.page(zhang, limit=1)
    await reading.one(zhang, 1)
    assert await house.deeds() == [("Zhang", "listed", "handovers"), ("Zhang", "read", "handover")]


async def test_the_report_has_waiting_first_reply_ends_and_satisfaction_by_staff_and_by_team(
    house: House, firm: Firm, reading: HandoverReading
) -> None:
    start = house.clock.now()
    await house.on_duty("zhang")
    await house.says("z1", "人工")
    await house.round()
    await house.clock.advance(30)
    await house.taps("zhang", "handover.take.1")
    await house.clock.advance(20)
    await house.writes("zhang", "#1 您好")
    await house.writes("zhang", "结束 1")
    await house.says("z1", "5 很满意", option="rate.1.5")
    until = house.clock.now() + timedelta(seconds=1)
    [line] = await reading.report(COMMAND_LINE, since=start, until=until)
    assert (line.name, line.handovers, line.waiting, line.first_reply) == (
        "Zhang",
        1,
        timedelta(seconds=30),
        timedelta(seconds=50),
    )
    assert (line.by_staff, line.by_customer, line.by_silence, line.rated, line.satisfaction) == (1, 0, 0, 1, 5.0)
    [team] = await reading.report(await firm.viewer("sun"), since=start, until=until, by_team=True)
    assert team.name == "一组"
    assert await reading.report(await firm.viewer("zhao"), since=start, until=until) == []
    standing = await HandoverList(house.stores.database).standing(since=start)
    assert (standing.waiting, standing.first_reply, set(standing.states.values())) == (
        timedelta(seconds=30),
        timedelta(seconds=50),
        {0},
    )
