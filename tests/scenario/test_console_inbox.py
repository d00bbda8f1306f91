"""The inbox in the console: the line is shown, a handover taken, answered once and closed; others' stay theirs."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from handlers.handover.board import MOST
from tests.browser.console.desk import Answer, Clerk, Desk, open_desk
from tests.fakes.clock import ManualClock
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import FIVE_IN_TWO_DAYS

_INBOX = "/console/inbox"
#: Wednesday 6 May 2026, 10:00 in China, in the hours.
_MORNING = datetime(2026, 5, 6, 2, tzinfo=UTC)
_FORM = re.compile(r'name="key" value="([0-9a-f]{32})"')


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(_MORNING)


@pytest.fixture
async def desk(stores: OpenStores, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        yield await open_desk(stores, clock=clock, home=tmp_path, stack=stack, whole=True)


async def _says(desk: Desk, person: str, words: str) -> None:
    await desk.visitors().say(person, words, key=f"{person}: {words}", grant=FIVE_IN_TWO_DAYS)


async def _waiting(desk: Desk, person: str, words: str = "人工") -> int:
    """Let a customer write, so that replies are allowed, and wait for a person."""
    await _says(desk, person, words)
    return await desk.firm.hand_over(person)


async def _send(clerk: Clerk, path: str, **fields: str) -> Answer:
    return await clerk.post(path, {"csrf": await clerk.token(_INBOX), **fields})


async def _serves(desk: Desk, userid: str, person: str) -> tuple[Clerk, int]:
    """Let somebody come on duty and take a customer's handover."""
    number, clerk = await _waiting(desk, person), await desk.clerk(userid)
    await _send(clerk, f"{_INBOX}/duty", on="yes")
    taken = await _send(clerk, f"{_INBOX}/{number}/take")
    assert taken.status == 303, taken.text
    return clerk, number


async def _form(clerk: Clerk, number: int) -> str:
    found = _FORM.search((await clerk.get(f"{_INBOX}/{number}")).text)
    assert found is not None
    return found[1]


async def _sent(desk: Desk, person: str) -> list[str]:
    """Return the words staff sent to a customer, in order."""
    rows = await desk.stores.rows(
        "SELECT c.fields FROM delivery d JOIN identity i ON i.id = d.identity_id "
        "JOIN content c ON c.account_id = d.account_id AND c.seq = d.out_seq "
        "WHERE i.external_id = :person AND d.author = 'person' ORDER BY d.id",
        person=person,
    )
    return [str(json.loads(row["fields"])["content"]) for row in rows]


def _visible(answer: Answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text.partition("<main")[2]))


async def test_who_waits_is_listed_with_place_and_owner_and_can_be_taken_answered_and_closed(
    desk: Desk, clock: ManualClock
) -> None:
    number, clerk = await _waiting(desk, "z1"), await desk.clerk("zhang")
    before = _visible(await clerk.get(_INBOX))
    refused = await _send(clerk, f"{_INBOX}/{number}/take")
    await _send(clerk, f"{_INBOX}/duty", on="yes")
    taken = await clerk.get((await _send(clerk, f"{_INBOX}/{number}/take")).headers["Location"])
    sent = await _send(
        clerk, f"{_INBOX}/{number}/reply", key=await _form(clerk, number), words="您好，\r\n材料收到了。\x00"
    )
    after = _visible(await clerk.get(sent.headers["Location"]))
    closed = await _send(clerk, f"{_INBOX}/{number}/close")

    assert f"#{number} 客户" in before
    assert "我的客户" in before
    assert "不在班" in before
    assert refused.status == 409
    assert "请先上班" in _visible(refused)
    assert "已由您接待" in _visible(taken)
    assert "我是z1" in _visible(taken)
    assert "还能回复" in _visible(taken)
    assert "已提交发送" in after
    assert "材料收到了。" in after
    assert await _sent(desk, "z1") == ["您好，\n材料收到了。"]
    assert closed.headers["Location"] == f"{_INBOX}?told=closed"
    assert (await desk.stores.one("SELECT state, closed_by FROM handover")) == {"state": "closed", "closed_by": "staff"}


async def test_the_same_form_sent_twice_is_one_reply_and_changed_words_are_another(desk: Desk) -> None:
    clerk, number = await _serves(desk, "zhang", "z1")
    form = await _form(clerk, number)
    for words in ("第一句", "第一句", "改过的一句"):
        assert (await _send(clerk, f"{_INBOX}/{number}/reply", key=form, words=words)).status == 303
    assert await _sent(desk, "z1") == ["第一句", "改过的一句"]


async def test_nobody_replies_in_anothers_handover_nor_in_one_that_is_over(desk: Desk) -> None:
    clerk, number = await _serves(desk, "zhang", "z1")
    form = await _form(clerk, number)
    sun, li = await desk.clerk("sun"), await desk.clerk("li")
    await _send(sun, f"{_INBOX}/duty", on="yes")
    supervisor = await _send(sun, f"{_INBOX}/{number}/reply", key=form, words="我来说")
    foreign = await _send(li, f"{_INBOX}/{number}/reply", key=form, words="我来说")
    await _send(clerk, f"{_INBOX}/{number}/close")
    late = await _send(clerk, f"{_INBOX}/{number}/reply", key=form, words="晚了一步")

    assert supervisor.status == 409
    assert foreign.status == 404
    assert late.status == 409
    assert "已由别人接待，或接待已经结束" in _visible(late)
    assert "我来说" not in "".join(await _sent(desk, "z1"))
    assert await _sent(desk, "z1") == []


async def test_a_draft_that_cannot_go_is_still_there(desk: Desk) -> None:
    clerk, number = await _serves(desk, "zhang", "z1")
    form = await _form(clerk, number)
    for word in "一二三四五":
        await _send(clerk, f"{_INBOX}/{number}/reply", key=await _form(clerk, number), words=f"第{word}条")
    answer = await _send(clerk, f"{_INBOX}/{number}/reply", key=form, words="<b>写了很久的一段</b>")
    assert answer.status == 409
    assert "没有发出：" in _visible(answer)
    assert "&lt;b&gt;写了很久的一段&lt;/b&gt;</textarea>" in answer.text


@pytest.mark.parametrize(("key", "words"), [("short", "您好"), ("f" * 32, "   "), ("f" * 32, "长" * 601)])
async def test_a_broken_form_sends_nothing(desk: Desk, key: str, words: str) -> None:
    clerk, number = await _serves(desk, "zhang", "z1")
    answer = await _send(clerk, f"{_INBOX}/{number}/reply", key=key, words=words)
    assert answer.status == 422
    assert await _sent(desk, "z1") == []


async def test_who_does_not_serve_a_foreign_customer_sees_no_word_before_taking_it(desk: Desk) -> None:
    number, clerk = await _waiting(desk, "nobody's", "我的身份证丢了"), await desk.clerk("wang")
    before = await clerk.get(f"{_INBOX}/{number}")
    await _send(clerk, f"{_INBOX}/duty", on="yes")
    await _send(clerk, f"{_INBOX}/{number}/take")
    after = await clerk.get(f"{_INBOX}/{number}")

    assert before.status == 200
    assert "接待后才能看到对话" in before.text
    assert "我的身份证丢了" not in before.text
    assert "我的身份证丢了" in after.text


async def test_what_is_shown_is_masked_and_script_stays_text(desk: Desk) -> None:
    await _says(desk, "z1", "<script>alert(1)</script> 电话13812345678")
    clerk, number = await _serves(desk, "zhang", "z1")
    await _says(desk, "z1", "<img src=x onerror=alert(2)> 13912345678")
    pages = [(await clerk.get(f"{_INBOX}/{number}")).text, (await clerk.get(_INBOX)).text]

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in pages[0]
    for page in pages:
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "13812345678" not in page
        assert "13912345678" not in page


async def test_passing_on_goes_to_a_colleague_on_duty_only(desk: Desk) -> None:
    clerk, number = await _serves(desk, "zhang", "z1")
    absent = await _send(clerk, f"{_INBOX}/{number}/pass", userid="li")
    li = await desk.clerk("li")
    await _send(li, f"{_INBOX}/duty", on="yes")
    assert "Li（在接 0 位）" in (await clerk.get(f"{_INBOX}/{number}")).text
    passed = await _send(clerk, f"{_INBOX}/{number}/pass", userid="li")
    offered = _visible(await li.get(_INBOX))
    declined = await _send(li, f"{_INBOX}/{number}/pass")

    assert absent.status == 409
    assert "账号“li”现在不在班" in _visible(absent)
    assert passed.headers["Location"] == f"{_INBOX}?told=passed"
    assert "我的接待" in offered
    assert "待接待" in offered
    assert declined.status == 303
    assert (await desk.stores.one("SELECT state FROM handover"))["state"] == "waiting"


async def test_going_off_duty_puts_customers_back_and_outside_of_the_hours_nobody_comes_on(
    desk: Desk, clock: ManualClock
) -> None:
    clerk, _ = await _serves(desk, "zhang", "z1")
    off = await clerk.get((await _send(clerk, f"{_INBOX}/duty", on="no")).headers["Location"])
    await clock.advance(10 * 3600)
    clerk = await desk.clerk("zhang")
    night = await _send(clerk, f"{_INBOX}/duty", on="yes")

    assert "您已下班" in _visible(off)
    assert (await desk.stores.one("SELECT state FROM handover"))["state"] == "waiting"
    assert night.status == 409
    assert "现在不是人工服务时间，明天 09:00 开始" in _visible(night)


async def test_a_page_that_renews_itself_is_one_look_and_no_use_of_the_session(desk: Desk, clock: ManualClock) -> None:
    clerk, number = await _serves(desk, "zhang", "z1")
    await clerk.get(f"{_INBOX}/{number}")
    looks = []
    for minutes in (1, 1, 1, 1, 3, 1, 40, 20):
        await clock.advance(minutes * 60)
        answer = await clerk.get(f"{_INBOX}/{number}", HX_Request="true", X_Zhike_Live="1")
        looks.append(answer.status)
    rows = await desk.people.audit.entries(subject="conversation")

    # After an hour without any use the session is over, however often the page has renewed itself.
    assert looks == [200] * 7 + [401]
    assert "<html" not in answer.text
    assert [row["detail"] for row in rows if row["viewer"] == "Zhang"] == [f"handover {number}"] * 4


async def test_the_part_says_when_somebody_else_has_changed_the_handover(desk: Desk) -> None:
    clerk, number = await _serves(desk, "zhang", "z1")
    whole = (await clerk.get(f"{_INBOX}/{number}")).text
    [address] = re.findall(rf'hx-get="({_INBOX}/{number}\?was=[^"]+)"', whole)
    same = await clerk.get(address, HX_Request="true", X_Zhike_Live="1")
    await _send(clerk, f"{_INBOX}/{number}/close")
    changed = await clerk.get(address, HX_Request="true", X_Zhike_Live="1")

    assert "状态已变为" not in same.text
    assert "状态已变为“已结束”" in changed.text
    assert "<form" not in same.text


async def test_without_the_forms_token_nothing_happens(desk: Desk) -> None:
    clerk, number = await _serves(desk, "zhang", "z1")
    form = await _form(clerk, number)
    for act in ("reply", "close", "pass"):
        answer = await clerk.post(f"{_INBOX}/{number}/{act}", {"key": form, "words": "您好", "userid": "li"})
        assert answer.status == 403
    assert await _sent(desk, "z1") == []
    assert (await desk.stores.one("SELECT state FROM handover"))["state"] == "running"


async def test_a_supervisor_sees_who_serves_and_reads_the_talk_of_the_team(desk: Desk) -> None:
    _, number = await _serves(desk, "zhang", "z1")
    sun = await desk.clerk("sun")
    listed, one = _visible(await sun.get(_INBOX)), (await sun.get(f"{_INBOX}/{number}")).text
    assert "同事的接待" in listed
    assert "Zhang" in listed
    assert "我是z1" in one
    assert "reply-words" not in one


async def test_what_was_typed_is_still_to_be_read_when_the_handover_is_over_or_out_of_sight(desk: Desk) -> None:
    clerk, number = await _serves(desk, "wang", "nobody's")
    form = await _form(clerk, number)
    # Zhao is of another branch: what Zhao serves is out of Wang's sight.
    zhao = await desk.clerk("zhao")
    await _send(zhao, f"{_INBOX}/duty", on="yes")
    await _send(clerk, f"{_INBOX}/{number}/pass", userid="zhao")
    await _send(zhao, f"{_INBOX}/{number}/take")
    live = await clerk.get(f"{_INBOX}/{number}?was=running", HX_Request="true", X_Zhike_Live="1")
    lost = await _send(clerk, f"{_INBOX}/{number}/reply", key=form, words="写了很久<b>的话")
    await _send(zhao, f"{_INBOX}/{number}/close")
    over = await _send(zhao, f"{_INBOX}/{number}/reply", key=form, words="晚了一步的话")

    assert live.status == 200
    assert "已由别人接待，或不在您的查看范围内" in live.text
    assert lost.status == 404
    assert "写了很久&lt;b&gt;的话" in lost.text
    assert over.status == 409
    assert "晚了一步的话" in over.text
    assert await _sent(desk, "nobody's") == []


async def test_a_reply_that_did_not_arrive_is_marked_and_one_under_way_is_counted_once(desk: Desk) -> None:
    clerk, number = await _serves(desk, "zhang", "z1")
    await _send(clerk, f"{_INBOX}/{number}/reply", key=await _form(clerk, number), words="第一句")
    waiting = _visible(await clerk.get(f"{_INBOX}/{number}"))
    [left] = re.findall(r"还能回复 (\d) 条", waiting)
    # What the sending loop does: it takes the share and sends, and then the platform refuses.
    await desk.stores.change(
        "UPDATE reach SET quota_left = quota_left - 1 WHERE identity_id = (SELECT identity_id FROM handover)"
    )
    await desk.stores.change("UPDATE delivery SET state = 'attempting' WHERE author = 'person'")
    sending = _visible(await clerk.get(f"{_INBOX}/{number}"))
    await desk.stores.change("UPDATE delivery SET state = 'failed', reason = 'rejected' WHERE author = 'person'")
    failed = _visible(await clerk.get(f"{_INBOX}/{number}"))

    assert "待发送" in waiting
    assert "发送中" in sending
    assert f"还能回复 {left} 条" in sending
    assert "没有发出" in failed


async def test_words_leave_as_they_were_typed(desk: Desk) -> None:
    clerk, number = await _serves(desk, "zhang", "z1")
    typed = "保额\u300050\t万，1年\u200d\n第二行\x07"
    await _send(clerk, f"{_INBOX}/{number}/reply", key=await _form(clerk, number), words=typed)
    assert await _sent(desk, "z1") == ["保额\u300050 万，1年\u200d\n第二行"]


async def test_the_same_form_after_the_end_says_that_it_was_sent(desk: Desk) -> None:
    clerk, number = await _serves(desk, "zhang", "z1")
    form = await _form(clerk, number)
    await _send(clerk, f"{_INBOX}/{number}/reply", key=form, words="今天到账")
    await _send(clerk, f"{_INBOX}/{number}/close")
    again = await _send(clerk, f"{_INBOX}/{number}/reply", key=form, words="今天到账")
    assert again.headers["Location"] == f"{_INBOX}/{number}?told=sent"
    assert await _sent(desk, "z1") == ["今天到账"]


async def test_a_closed_handover_shows_its_own_talk_and_nothing_later(desk: Desk, clock: ManualClock) -> None:
    clerk, number = await _serves(desk, "zhang", "z1")
    await _send(clerk, f"{_INBOX}/{number}/close")
    await clock.advance(60)
    await _says(desk, "z1", "后来才说的话")
    text = (await clerk.get(f"{_INBOX}/{number}")).text
    assert "正在为您服务" in text
    assert "后来才说的话" not in text


async def test_duty_is_part_of_what_renews_itself(desk: Desk) -> None:
    clerk = await desk.clerk("zhang")
    await _send(clerk, f"{_INBOX}/duty", on="yes")
    assert "在班" in (await clerk.get(_INBOX, HX_Request="true", X_Zhike_Live="1")).text
    await desk.stores.change("UPDATE duty SET ended_at = since")
    assert "不在班" in (await clerk.get(_INBOX, HX_Request="true", X_Zhike_Live="1")).text


async def test_a_supervisor_passes_nobodys_offer_on_in_their_place(desk: Desk) -> None:
    clerk, number = await _serves(desk, "zhang", "z1")
    sun, li = await desk.clerk("sun"), await desk.clerk("li")
    await _send(li, f"{_INBOX}/duty", on="yes")
    await _send(clerk, f"{_INBOX}/{number}/pass", userid="li")
    answer = await _send(sun, f"{_INBOX}/{number}/pass", userid="zhang")
    assert answer.status == 409
    assert "已转交" not in answer.text


async def test_ones_own_customer_is_listed_however_many_asked_before(desk: Desk) -> None:
    for number in range(MOST + 1):
        await desk.firm.hand_over(f"before-{number}")
    clerk, number = await _serves(desk, "zhang", "z1")
    text = _visible(await clerk.get(_INBOX))
    assert f"我的接待 #{number} 客户" in text
    assert f"最先找人工的 {MOST} 位" in text
