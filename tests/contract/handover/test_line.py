"""The line: who is asked in which order, what customers hear of it, what hours and duty change."""

from __future__ import annotations

from datetime import timedelta

from tests.contract.handover.house import House
from tests.fakes.firm import Firm


async def test_the_owner_is_asked_first_then_team_branch_everybody_and_the_supervisor_last(house: House) -> None:
    await house.on_duty("sun", "zhao", "wang", "li", "zhang")
    assert await house.says("z1", "人工") == [
        "已为您转接人工，您排在第 1 位，请稍候。\n同事接待后会直接在这里回复您；不想等了，发送「结束」。"
    ]
    await house.round()
    for _ in range(4):
        await house.round(after=90)
    assert await house.asked() == ["zhang", "li", "wang", "zhao", "sun"]
    await house.round(after=90)
    assert (await house.asked())[5:] == ["zhang"], "nobody else is left, and five minutes are over"
    assert (await house.told("zhang"))[:2] == ["客户 #1 找人工", "客户 #1 超时未接，已转给下一位同事。"]


async def test_who_serves_fewest_is_asked_and_nobody_has_more_than_the_setting_says(house: House, firm: Firm) -> None:
    await house.on_duty("zhang", "li")
    for person in ("nobody's", "z1", "w1", "b1"):
        await house.says(person, "转人工")
    await house.round()
    rows = await house.stores.rows("SELECT staff_id, count(*) AS n FROM handover WHERE state = 'offered' GROUP BY 1")
    assert sorted(row["n"] for row in rows) == [2, 2]
    assert (await house.handover("z1"))["userid"] == "zhang"


async def test_passing_on_asks_the_next_one_at_once(house: House) -> None:
    await house.on_duty("zhang", "li")
    await house.says("z1", "人工")
    await house.round()
    assert await house.taps("zhang", "handover.pass.1") == ["客户 #1 已转出。"]
    await house.round()
    assert await house.asked() == ["zhang", "li"]
    assert await house.taps("zhang", "handover.take.1") == ["客户 #1 已由别人接待或已结束。"]


async def test_a_deputy_of_the_supervisor_is_asked_in_their_place(house: House, firm: Firm) -> None:
    now, find = house.clock.now(), firm.organisation.find
    await firm.organisation.appoint(await find("sun"), await find("zhao"), since=now, until=now + timedelta(days=1))
    await house.on_duty("zhao")
    await house.says("z1", "人工")
    await house.round()
    assert await house.asked() == ["zhao"]


async def test_nobody_on_duty_is_said_honestly_and_the_customer_stays_in_line(house: House) -> None:
    [said] = await house.says("z1", "人工")
    assert "眼下还没有同事在线" in said
    assert "95500" in said
    await house.round(after=120)
    assert (await house.handover("z1"))["state"] == "waiting"
    await house.on_duty("zhang")
    await house.round()
    assert (await house.handover("z1"))["state"] == "offered"


async def test_asking_again_opens_no_second_one_and_tells_the_place(house: House) -> None:
    await house.says("w1", "人工")
    await house.says("z1", "人工")
    assert "第 2 位" in (await house.says("z1", "转人工"))[0]
    assert await house.says("z1", "怎么报案") == [], "the bot is silent"
    assert await house.again(house.last_turn) == []
    assert await house.stores.count("handover") == 2


async def test_a_turn_that_is_made_anew_opens_nothing_new(house: House) -> None:
    first = await house.says("z1", "人工")
    assert await house.again(house.last_turn) == first
    assert await house.stores.count("handover") == 1


async def test_a_place_is_told_when_it_matters_and_not_more_often_than_the_file_says(house: House) -> None:
    for person in ("nobody's", "l1", "w1", "z1"):
        await house.says(person, "人工")
    for person in ("nobody's", "l1", "w1"):
        await house.says(person, "结束")
        await house.round()
    assert await house.heard("z1") == [], "too soon after the first answer"
    await house.round(after=121)
    await house.round(after=121)
    assert await house.heard("z1") == ["您现在排在第 1 位，请再稍候。"]


async def test_a_message_at_night_waits_for_the_opening(house: House) -> None:
    await house.clock.advance(9 * 3600)  # 19:00
    assert "同事 明天 09:00 上班后会按先后联系您" in (await house.says("z1", "人工"))[0]
    assert "已替您记下。同事 明天 09:00" in (await house.says("z1", "这件事说来话长"))[0]
    assert "怎么报案" not in (await house.says("z1", "怎么报案"))[0]
    assert await house.writes("zhang", "上班") == ["现在不是人工服务时间，明天 09:00 起发送「上班」开始接待。"]
    await house.round()
    assert (await house.handover("z1"))["state"] == "left_message"
    await house.round(after=14 * 3600)
    assert (await house.heard("z1"))[-1].startswith("我们上班了。您之前的留言排在第 1 位")
    await house.on_duty("zhang")
    await house.round()
    assert (await house.handover("z1"))["userid"] == "zhang"


async def test_at_the_end_of_the_hours_who_waits_is_kept_and_who_is_served_is_served(house: House) -> None:
    await house.on_duty("zhang")
    number = await house.serve("z1", "zhang")
    for _ in range(16):  # until six in the evening, with words so that silence does not end it
        await house.clock.advance(1800)
        await house.says("z1", "还在吗")
    await house.round()
    assert (await house.handover("z1"))["state"] == "running"
    duty = await house.stores.one("SELECT ended_at FROM duty")
    assert duty["ended_at"] is None, "whoever serves is there"
    await house.writes("zhang", f"结束 {number}")
    await house.round()
    assert (await house.stores.one("SELECT ended_by FROM duty"))["ended_by"] == "clock"


async def test_waiting_customers_are_shelved_when_the_hours_end(house: House) -> None:
    await house.says("z1", "人工")
    await house.round(after=8 * 3600)
    assert (await house.handover("z1"))["state"] == "left_message"
    assert "抱歉没有轮到您" in (await house.heard("z1"))[0]
    assert "明天 09:00" in (await house.heard("z1"))[0]


async def test_after_the_hours_an_offer_that_nobody_took_is_kept_and_not_offered_on(house: House) -> None:
    await house.on_duty("zhang", "li")
    await house.serve("l1", "li")
    for _ in range(15):  # until half past five; li serves on after the hours
        await house.clock.advance(1800)
        await house.says("l1", "还在吗")
    await house.clock.advance(1770)
    await house.says("l1", "还在吗")
    await house.says("z1", "人工")
    await house.round()
    await house.round(after=91)
    late = await house.handover("z1")
    await house.round()

    assert await house.asked() == ["li", "zhang"]
    assert late["state"] == "waiting"
    assert (await house.handover("z1"))["state"] == "left_message"
    assert (await house.handover("l1"))["state"] == "running"


async def test_going_off_duty_puts_customers_back_at_their_place_and_tells_both_sides(house: House) -> None:
    await house.on_duty("zhang")
    await house.serve("z1", "zhang")
    await house.says("w1", "人工")
    assert await house.writes("zhang", "下班") == ["您已下班。1 位客户已回到队列，由其他同事接待。"]
    assert (await house.heard("z1"))[-1] == "抱歉，接待您的同事暂时离开，已为您重新安排，您排在第 1 位。"
    await house.on_duty("li")
    await house.round()
    assert (await house.handover("z1"))["userid"] == "li"
    assert await house.writes("zhang", "下班") == ["您现在不在班上。发送「上班」开始接待。"]


async def test_who_leaves_the_insurer_serves_nobody_any_more(house: House, firm: Firm) -> None:
    await house.on_duty("zhang")
    await house.serve("z1", "zhang")
    await house.stores.change("UPDATE staff SET active = :no WHERE userid = 'zhang'", no=False)
    await house.round()
    assert (await house.handover("z1"))["state"] == "waiting"
    assert (await house.stores.one("SELECT ended_by FROM duty"))["ended_by"] == "left"


async def test_every_step_of_staff_leaves_its_row(house: House) -> None:
    await house.on_duty("zhang")
    number = await house.serve("z1", "zhang")
    await house.writes("zhang", f"#{number} 您好")
    await house.writes("zhang", f"结束 {number}")
    await house.writes("zhang", "下班")
    assert await house.deeds() == [
        ("Zhang", "duty_began", "staff"),
        ("Zhang", "accepted", "handover"),
        ("Zhang", "read", "conversation"),
        ("Zhang", "replied", "handover"),
        ("Zhang", "closed", "handover"),
        ("Zhang", "duty_ended", "staff"),
    ]


async def test_only_who_serves_customers_comes_on_duty(house: House) -> None:
    await house.on_duty("wu", "zheng", "admin")
    assert await house.stores.count("duty") == 0
