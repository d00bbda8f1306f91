"""Pictures in a handover: staff's are held and given to one customer, customers' come behind words that name them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.handover.house import House

DAY = 86_400


@pytest.fixture
async def served(house: House) -> House:
    """Return a house where zhang serves z1 as #1 and z2 as #2."""
    await house.on_duty("zhang")
    assert [await house.serve("z1", "zhang"), await house.serve("z2", "zhang")] == [1, 2]
    return house


async def _pictures(house: House, person: str) -> list[dict[str, Any]]:
    return [fields for fields in await house.posted(house.service, person) if "media_id" in fields]


async def _said(house: House, userid: str) -> list[str]:
    """Return what a member of staff was sent, in order; of pictures the id."""
    posted = await house.posted(house.helper, userid)
    return [fields.get("media_id") or fields.get("content") or fields["title"] for fields in posted]


async def test_a_picture_is_held_and_a_tap_gives_it_to_one_customer_once(served: House) -> None:
    assert await served.pictures("zhang", "photo") == []
    assert (await _said(served, "zhang"))[-1] == "这张图片发给谁？"
    assert [await _pictures(served, "z1"), await _pictures(served, "z2")] == [[], []]
    for _ in range(2):
        assert await served.taps("zhang", "handover.to.1.2") == ["已发给 客户 #2，还能回复 3 条。"]
    assert await served.taps("zhang", "handover.to.1.1") == ["这句话已经发给别的客户，没有再发给 #1。"]
    assert await _pictures(served, "z1") == []
    assert await _pictures(served, "z2") == [{"media_id": "photo", "kept_by": "helper", "by": "zhang"}]
    row = await served.stores.one("SELECT author, purpose FROM delivery WHERE idempotency_key LIKE 'handover:2:reply%'")
    assert row == {"author": "person", "purpose": "service"}
    assert [action for _, action, _ in await served.deeds()].count("replied") == 1


async def test_a_picture_counts_as_one_reply_and_is_refused_like_one(served: House) -> None:
    for n in range(4):
        await served.pictures("zhang", f"photo{n}")
        [told] = await served.taps("zhang", f"handover.to.{n + 1}.1")
        assert told == f"已发给 客户 #1，还能回复 {3 - n} 条。"
    await served.pictures("zhang", "photo4")
    assert await served.taps("zhang", "handover.to.5.1") == ["没有发给 客户 #1：客服消息条数已用完，须等客户再次互动。"]
    assert len(await _pictures(served, "z1")) == 4


async def test_a_turn_that_is_made_anew_holds_one_picture(served: House) -> None:
    await served.pictures("zhang", "photo")
    await served.again(served.last_turn)
    assert (await _said(served, "zhang")).count("这张图片发给谁？") == 1


async def test_a_picture_that_did_not_get_there_is_told_to_its_author_with_the_reason(served: House) -> None:
    reasons = {
        "picture_gone": "图片已过期（平台只保留三天），请重新发一次。",
        "picture_too_large": "图片太大，请压缩后重新发一次。",
        "no_picture": "平台只收 JPG 和 PNG 图片，请换一种格式。",
        "picture_not_carried": "平台现在不能转图片，请稍后重新发一次，或用文字回复。",
    }
    for n, reason in enumerate(reasons, start=1):
        await served.pictures("zhang", f"photo{n}")
        await served.taps("zhang", f"handover.to.{n}.1")
        change = "UPDATE delivery SET state = 'failed', reason = :reason WHERE author = 'person' AND state = 'due'"
        await served.stores.change(change, reason=reason)
        for _ in range(2):
            await served.round()
    undelivered = [words for words in await served.told("zhang") if "没有送达" in words]
    assert undelivered == [f"刚才发给 客户 #1 的回复没有送达：{told}" for told in reasons.values()]


async def test_what_is_no_picture_and_has_no_words_is_not_held(served: House) -> None:
    assert "语音、视频、文件等暂时不能转给客户" in (await served.speaks("zhang"))[0]
    assert await served.pictures("zhang", "") == await served.speaks("zhang"), "a picture that nobody keeps"
    assert await served.speaks("zhang", "您好") == [], "speech that the platform put into words"
    assert (await served.taps("zhang", "handover.to.1.1"))[0].startswith("已发给 客户 #1")
    assert "您好" in await served.heard("z1")


async def test_a_picture_whose_message_was_destroyed_goes_to_nobody(served: House) -> None:
    await served.pictures("zhang", "photo")
    await served.stores.change("DELETE FROM content WHERE fields LIKE '%photo%'")
    assert "不是您正在接待的客户" in (await served.taps("zhang", "handover.to.1.1"))[0]
    assert await _pictures(served, "z1") == []


async def test_a_customers_picture_comes_behind_words_that_name_them_and_erasure_knows_both(served: House) -> None:
    assert await served.shows("z1", "claim") == []
    assert (await _said(served, "zhang"))[-2:] == ["【客户 #1】\n[图片]", "claim"]
    picture = (await served.posted(served.helper, "zhang"))[-1]
    assert picture["kept_by"] == "service"
    assert picture["instead"].startswith("【客户 #1】的图片没能转来")
    copies = await served.stores.rows(
        "SELECT h.handover_id FROM handover_copy h JOIN message m ON m.account_id = h.account_id AND m.seq = h.seq "
        "ORDER BY m.seq DESC LIMIT 2"
    )
    assert [copy["handover_id"] for copy in copies] == [1, 1]
    told = len(await _said(served, "zhang"))
    await served.again(served.last_turn)
    assert len(await _said(served, "zhang")) == told, "a turn that is made anew shows it once"


async def test_whoever_accepts_is_given_the_last_pictures_that_the_platform_still_keeps(house: House) -> None:
    await house.shows("z1", "too-old")
    await house.clock.advance(3 * DAY)
    for n in range(4):
        await house.shows("z1", f"claim{n}")
    await house.on_duty("zhang")
    assert await house.serve("z1", "zhang") == 1
    said = await _said(house, "zhang")
    assert said[-4:] == ["【客户 #1】之前发来的图片：", "claim1", "claim2", "claim3"]
    assert said[-5].count("[图片]") == 5
    await house.serve("z2", "zhang")
    assert "【客户 #2】之前发来的图片：" not in await _said(house, "zhang"), "who sent none"


async def test_a_colleague_who_takes_over_sees_the_picture_that_staff_sent(served: House) -> None:
    await served.pictures("zhang", "photo")
    await served.taps("zhang", "handover.to.1.1")
    await served.on_duty("li")
    await served.writes("zhang", "转 #1 Li")
    await served.taps("li", "handover.take.1")
    context = next(words for words in await served.told("li") if "最近的对话" in words)
    assert "同事：[图片]" in context
