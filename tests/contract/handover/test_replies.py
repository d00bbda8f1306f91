"""Replies of staff: each to exactly its customer, once, in the log as theirs; refusals and what did not arrive."""

from __future__ import annotations

import json
from typing import Any

import pytest

from content.consent import Consent
from content.messages import Follow, Unfollow
from handlers.handover.serving import Serving, Told
from storage.handovers import Handovers
from tests.contract.handover.house import House
from tests.fakes.firm import REALM, Firm


async def _answers(house: House, person: str) -> list[str]:
    """Return what staff wrote to a customer."""
    return [fields["content"] for fields in await house.posted(house.service, person) if "by" in fields]


async def _cards(house: House, userid: str) -> list[dict[str, Any]]:
    posted = await house.posted(house.helper, userid)
    return [fields for fields in posted if fields.get("title") == "这句话发给谁？"]


@pytest.fixture
async def served(house: House) -> House:
    """Return a house where zhang serves z1 as #1 and z2 as #2."""
    await house.on_duty("zhang")
    assert [await house.serve("z1", "zhang"), await house.serve("z2", "zhang")] == [1, 2]
    return house


@pytest.mark.parametrize("words", ["#1 您好", "＃1您好", " ＃1：您好 "])
async def test_a_reply_that_begins_with_a_number_goes_to_that_customer(served: House, words: str) -> None:
    assert await served.writes("zhang", words) == ["已发给 客户 #1，还能回复 3 条。"]
    assert [await _answers(served, "z1"), await _answers(served, "z2")] == [["您好"], []]
    row = await served.stores.one("SELECT author, purpose FROM delivery WHERE idempotency_key LIKE 'handover:1:reply%'")
    assert row == {"author": "person", "purpose": "service"}
    assert {"content": "您好", "by": "zhang"} in await served.posted(served.service, "z1")


async def test_a_turn_that_is_made_anew_sends_once_and_says_so_again(served: House) -> None:
    first = await served.writes("zhang", "#1 您好")
    again = await served.again(served.last_turn)
    assert first[0].startswith("已发给")
    assert again[0].startswith("已发给")
    assert await _answers(served, "z1") == ["您好"]
    await served.writes("zhang", "结束 1")
    assert (await served.again(served.last_turn))[0].startswith("已结束")


async def test_words_without_a_number_are_held_and_a_tap_sends_them_once(served: House) -> None:
    await served.says("z2", "我的电话是13812345678")
    assert await served.writes("zhang", "请稍等") == []
    assert [await _answers(served, "z1"), await _answers(served, "z2")] == [[], []]
    [card] = await _cards(served, "zhang")
    assert [button["label"] for button in card["buttons"]] == ["客户 #1", "客户 #2"]
    assert "13812345678" not in json.dumps(card)
    assert (await served.taps("zhang", "handover.to.1.2"))[0].startswith("已发给 客户 #2")
    assert (await served.taps("zhang", "handover.to.1.2"))[0].startswith("已发给 客户 #2")
    assert await served.taps("zhang", "handover.to.1.1") == ["这句话已经发给别的客户，没有再发给 #1。"]
    assert [await _answers(served, "z1"), await _answers(served, "z2")] == [[], ["请稍等"]]
    await served.again(served.last_turn)
    assert len(await _cards(served, "zhang")) == 1


async def test_a_card_of_somebody_else_sends_nothing(served: House) -> None:
    await served.writes("zhang", "请稍等")
    await served.on_duty("li")
    assert "不是您正在接待的客户" in (await served.taps("li", "handover.to.1.1"))[0]
    assert await _answers(served, "z1") == []


async def test_what_is_not_theirs_is_not_sent(served: House) -> None:
    await served.on_duty("li")
    assert await served.writes("li", "#1 您好") == ["#1 不是您正在接待的客户，没有发出。发送「我的接待」查看。"]
    assert "不是您正在接待的客户" in (await served.writes("zhang", "#99 您好"))[0]
    assert await served.writes("li", "1 月到期的保单怎么办") != [], "who serves nobody asks the bot"
    assert await served.writes("zhang", "#1") == ["要发给 #1 什么？请写成「#1 您的话」。"]
    assert await _answers(served, "z1") == []


@pytest.mark.parametrize("words", ["1 月到期", "12 月到期", "2 您好"])
async def test_a_number_without_its_mark_is_held_like_other_words(served: House, words: str) -> None:
    assert await served.writes("zhang", words) == []
    assert [await _answers(served, "z1"), await _answers(served, "z2")] == [[], []]
    assert (await served.taps("zhang", "handover.to.1.1"))[0].startswith("已发给 客户 #1")
    assert await _answers(served, "z1") == [words]


async def test_every_reply_counts_and_a_refusal_is_told_with_its_reason(served: House) -> None:
    left = [await served.writes("zhang", f"#1 第{n}句") for n in range(4)]
    assert [words[0][-4:] for words in left] == ["3 条。", "2 条。", "1 条。", "0 条。"]
    refused = await served.writes("zhang", "#1 第五句")
    assert refused == ["没有发给 客户 #1：客服消息条数已用完，须等客户再次互动。"]
    assert len(await _answers(served, "z1")) == 4


async def test_a_closed_window_is_told(served: House) -> None:
    await served.stores.change("UPDATE reach SET quota_until = 1 WHERE account_id = :id", id=served.service.id)
    assert (await served.writes("zhang", "#1 您好"))[0] == "没有发给 客户 #1：回复窗口已关闭，须等客户再次互动。"


async def test_what_did_not_arrive_is_told_to_its_author_once(served: House) -> None:
    await served.writes("zhang", "#1 您好")
    await served.stores.change("UPDATE delivery SET state = 'refused', reason = 'unfollowed' WHERE author = 'person'")
    for _ in range(2):
        await served.round()
    told = [words for words in await served.told("zhang") if "没有送达" in words]
    assert told == ["刚才发给 客户 #1 的回复没有送达：对方已取消关注。"]


async def test_customers_words_come_under_their_head_masked_and_are_known_to_erasure(served: House) -> None:
    assert await served.says("z1", "卡号 6222021234567890128") == []
    words = (await served.told("zhang"))[-1]
    assert words.startswith("【客户 #1】\n卡号 ")
    assert "6222021234567890128" not in words
    [copy] = await served.stores.rows(
        "SELECT h.handover_id FROM handover_copy h JOIN message m ON m.account_id = h.account_id AND m.seq = h.seq "
        "ORDER BY m.seq DESC LIMIT 1"
    )
    assert copy["handover_id"] == 1


async def test_a_choice_about_advertising_counts_while_somebody_serves(served: House) -> None:
    said = await served.says("z1", "退订")
    assert "已为您关闭活动和推广消息" in said[0]
    assert (await served.told("zhang"))[-1] == "【客户 #1】\n退订"
    assert served.last is not None
    assert Consent.MARKETING not in served.last.person.consents, "the writing of it is the turn's"


async def test_the_last_ten_turns_come_with_the_acceptance(house: House) -> None:
    for n in range(25):
        await house.says("z1", f"第{n}句话，电话13812345678")
    await house.on_duty("zhang")
    await house.serve("z1", "zhang")
    context = next(words for words in await house.told("zhang") if "最近的对话" in words)
    assert "第24句话" in context
    assert "第4句话" not in context
    assert "13812345678" not in context


async def test_passing_to_a_colleague_by_name_offers_it_to_them_alone(served: House) -> None:
    assert "「Li」不在班上" in (await served.writes("zhang", "转 #1 Li"))[0]
    await served.on_duty("li", "wang")
    assert await served.writes("zhang", "转 #1 Li") == ["客户 #1 已转出。"]
    assert (await served.handover("z1"))["userid"] == "li"
    assert "不是您正在接待的客户" in (await served.writes("zhang", "#1 还在吗"))[0]
    await served.taps("li", "handover.take.1")
    assert (await served.writes("li", "#1 我来了"))[0].startswith("已发给")


async def test_silence_ends_it_and_the_customer_judges_once(served: House) -> None:
    await served.writes("zhang", "#1 还在吗")
    await served.round(after=29 * 60)
    assert (await served.handover("z1"))["state"] == "running"
    await served.round(after=2 * 60)
    row = await served.handover("z1")
    assert (row["state"], row["closed_by"]) == ("closed", "silence")
    assert "本次人工服务已结束" in (await served.heard("z1"))[-1]
    assert await served.says("z1", "4") == ["谢谢您的评价，我们会认真看。"]
    assert await served.says("z1", "1 很不满意", option="rate.1.1") == ["您已经评价过了，谢谢。"]
    assert await served.says("z2", "5 很满意", option="rate.1.5") == ["您已经评价过了，谢谢。"], "of somebody else"
    assert (await served.handover("z1"))["satisfaction"] == 4


async def test_who_unfollows_leaves_the_line_and_whoever_serves_hears_of_it(served: House) -> None:
    await served.says("nobody's", "人工")
    for person in ("z1", "nobody's"):
        await served.visitors.do(person, Unfollow(), followed=False)
    told = len(await served.told("zhang"))
    await served.round(after=1)
    rows = [await served.handover(person) for person in ("z1", "nobody's", "z2")]
    assert [(row["state"], row["closed_by"]) for row in rows] == [
        ("closed", "unfollowed"),
        ("closed", "unfollowed"),
        ("running", None),
    ]
    assert (await served.told("zhang"))[told:] == ["客户 #1 已取消关注，消息发不到了，接待已结束。"]
    assert (await served.heard("z1"))[-1] != "本次人工服务已结束"
    assert "不是您正在接待的客户" in (await served.writes("zhang", "#1 还在吗"))[0]
    await served.round()
    await served.visitors.do("z1", Follow(), followed=True)
    await served.says("z1", "人工")
    await served.round()
    assert (await served.handover("z1"))["state"] in ("waiting", "offered"), "who is back may ask again"


async def test_the_judgement_of_a_morning_after_a_night_belongs_to_the_same_conversation(house: House) -> None:
    await house.clock.advance(9 * 3600)
    await house.says("z1", "人工")
    await house.round(after=14 * 3600)
    await house.on_duty("zhang")
    await house.round()
    await house.taps("zhang", "handover.take.1")
    await house.writes("zhang", "结束 1")
    assert await house.says("z1", "5") == ["谢谢您的评价，我们会认真看。"]


async def test_the_customer_ends_it_and_is_asked_in_the_answer(served: House) -> None:
    [said] = await served.says("z1", "谢谢再见")
    assert "这次服务您满意吗" in said
    assert (await served.told("zhang"))[-1] == "客户 #1 结束了对话。"
    assert (await served.handover("z1"))["closed_by"] == "customer"
    assert await served.says("z1", "怎么报案") != [], "the bot is back"
    assert await served.says("z1", "人工") != []
    assert (await served.handover("z1"))["id"] == 3


async def test_pictures_of_staff_are_not_passed_on_and_the_list_shows_who_is_served(served: House) -> None:
    await served.says("z2", "在吗")
    [listed] = await served.writes("zhang", "我的接待")
    assert "您现在有 2 位客户" in listed
    assert "客户 #2（服务号）在吗" in listed


async def test_a_page_replies_under_a_key_of_its_own_and_a_double_submit_sends_once(served: House, firm: Firm) -> None:
    desk = served.rooms.serving
    who = Serving(viewer=await firm.viewer("zhang"), realm=REALM, userid="zhang")
    row = await Handovers(served.stores.database).get(1)
    assert row is not None
    for _ in range(2):
        replied = await desk.reply(who, row, "您好", key="form:abc")
        assert replied.told is Told.SENT
    assert await _answers(served, "z1") == ["您好"]
    foreign = Serving(viewer=await firm.viewer("wang"), realm=REALM, userid="wang")
    assert (await desk.reply(foreign, row, "您好", key="form:abd")).told is Told.NOT_YOURS


async def test_an_open_handover_keeps_its_conversation_over_a_long_silence(house: House) -> None:
    await house.says("z1", "人工")
    assert house.last is not None
    before = house.last.person.conversation_id
    await house.clock.advance(7 * 3600)
    await house.says("z1", "还在吗")
    assert house.last.person.conversation_id == before
    await house.says("w1", "你好")
    other = house.last.person.conversation_id
    await house.clock.advance(7 * 3600)
    await house.says("w1", "你好")
    assert house.last.person.conversation_id != other
