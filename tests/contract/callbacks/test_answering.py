"""A call-back in chat over a real database: begun, answered, left, taken up again, corrected by another round."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from content.callback import Callback
from handlers.conversation.turn import Turn
from storage.tables.instant import to_micros
from tests.contract.callbacks.caller import IDS, LATER, SOON, Caller
from tests.fakes.handover_rooms import CONTENT


async def test_questions_come_one_by_one_and_each_answer_is_kept_with_its_words_and_version(caller: Caller) -> None:
    opened = await caller.begin("z1")
    assert "险1（保单尾号 0001）的回访，共 5 题" in opened
    assert "第 1 题，共 5 题" in opened

    told = [await caller.says("z1", words) for words in ("是我签的", "知道", "知道", "清楚了")]
    told.append(await caller.taps("z1", IDS[4], "yes"))

    assert [f"第 {n} 题" in each for n, each in enumerate(told[:4], start=2)] == [True] * 4
    assert "回访完成" in told[4]
    assert await caller.answers("z1") == [(question, "yes") for question in IDS]
    [found] = await caller.rounds("z1")
    assert (found["state"], found["edition"], str(found["due"])) == ("done", CONTENT.callback.edition, str(SOON))
    rows = await caller.stores.rows("SELECT * FROM callback_answer ORDER BY seq")
    authored = CONTENT.callback.questions
    assert [(row["text"], row["label"]) for row in rows] == [(each.text, each.answers.yes.label) for each in authored]
    assert {row["edition"] for row in rows} == {CONTENT.callback.edition}
    inbound = await caller.stores.rows("SELECT seq FROM message WHERE direction = 'in'")
    assert {row["seq"] for row in rows} <= {row["seq"] for row in inbound}


async def test_nothing_is_asked_of_who_is_not_bound_and_nothing_without_the_code(caller: Caller) -> None:
    assert "还没有绑定" in await caller.says("z1", "回访")
    await caller.bindings.bind(caller.firm.customers["z1"], "H1", cause="chat", now=caller.house.clock.now())
    assert "验证码已发到" in await caller.says("z1", "我要回访")
    assert await caller.rounds("z1") == []


async def test_the_first_answer_to_a_question_counts(caller: Caller) -> None:
    await caller.begin("z1")
    await caller.taps("z1", "signature", "no")
    again = await caller.taps("z1", "signature", "yes")
    assert "「本人签名」您已答「不是本人签的」，以第一次的回答为准。" in again
    assert "第 2 题" in again
    assert await caller.answers("z1") == [("signature", "no")]


async def test_a_turn_that_is_made_anew_says_the_same_and_answers_nothing_more(caller: Caller) -> None:
    opened = await caller.begin("z1")
    assert await caller.house.again(caller.house.last_turn) == [opened]
    for question in (*IDS[:4], "not a word of ours", IDS[4]):
        said = await caller.says("z1", "是的" if question in IDS else question)
        assert await caller.house.again(await _reloaded(caller)) == [said]
    assert "回访完成" in said
    assert len(await caller.answers("z1")) == 5


async def test_leaving_made_anew_says_the_same(caller: Caller) -> None:
    await caller.begin("z1")
    left = await caller.says("z1", "退出")
    assert "先停在这里" in left
    assert await caller.house.again(await _reloaded(caller)) == [left]


async def test_what_is_not_understood_is_asked_again_once_and_then_put_aside(caller: Caller) -> None:
    await caller.begin("z1")
    await caller.says("z1", "是")
    again = await caller.says("z1", "今天天气真好呀")
    assert "没有听懂" in again
    assert "第 2 题" in again
    aside = await caller.says("z1", "哈哈哈哈哈")
    assert "先停在这里" in aside
    # It is set aside: words are nobody's answers now, until the customer comes back.
    assert "第" not in await caller.says("z1", "知道")
    assert await caller.answers("z1") == [("signature", "yes")]
    resumed = await caller.says("z1", "继续回访")
    assert "我们接着险1" in resumed
    assert "第 2 题" in resumed
    assert "第 3 题" in await caller.says("z1", "知道")


async def test_a_question_of_the_customers_is_answered_and_the_call_back_waits(caller: Caller) -> None:
    await caller.begin("z1")
    assert "犹豫期（也叫冷静期）是签收保单后" in await caller.says("z1", "犹豫期是什么意思？")
    assert "第 2 题" in await caller.says("z1", "本人签的")


async def test_days_later_it_goes_on_where_it_stood_by_a_tap_or_by_word_and_a_new_code(caller: Caller) -> None:
    await caller.begin("z1")
    await caller.taps("z1", IDS[0], "yes")
    await caller.says("z1", "稍后")
    await caller.house.clock.advance(LATER)
    caller.open()
    assert "第 3 题" in await caller.taps("z1", IDS[1], "yes")
    await caller.says("z1", "稍后")
    assert "第 3 题" in await caller.begin("z1")
    assert len(await caller.rounds("z1")) == 1


async def test_a_correction_is_another_round_and_changes_nothing(caller: Caller) -> None:
    await caller.begin("z1")
    await caller.finish("z1")
    first = await caller.stores.rows("SELECT * FROM callback_answer ORDER BY seq")
    [number] = [row["id"] for row in await caller.rounds("z1")]
    assert "回访已在 2026-05-06 完成" in await caller.says("z1", "回访")
    assert "已经结束" in await caller.taps("z1", IDS[0], "no", number=number)

    again = "\n".join(await caller.house.says("z1", "重新回访", option=f"callback.again.{number}"))
    assert "第 1 题" in again
    await caller.taps("z1", IDS[0], "no")

    assert (
        await caller.stores.rows("SELECT * FROM callback_answer WHERE callback_id = :id ORDER BY seq", id=number)
        == first
    )
    assert [row["state"] for row in await caller.rounds("z1")] == ["done", "open"]
    # Somebody else's round is no way to one's own.
    other = await caller.begin("z2")
    assert "第 1 题" in other
    assert "已经结束" in await caller.taps("z2", IDS[0], "yes", number=number)


async def test_the_policy_that_is_due_first_comes_first_and_my_policies_offer_it(caller: Caller) -> None:
    caller.due = {"P20260001": SOON.replace(day=20), "P20260002": SOON, "P20260003": None}
    assert "险2" in await caller.begin("z1")
    await caller.finish("z1")
    assert "您有保单等待回访" in await caller.says("z1", "我的保单")
    assert "险1" in "\n".join(await caller.house.says("z1", "开始回访", option="callback.start"))
    await caller.finish("z1")
    assert "等待回访" not in await caller.says("z1", "我的保单")
    caller.due = {"P20260003": None}
    assert "没有等待回访的保单" in await caller.says("z1", "回访")


async def test_other_questions_end_a_round_whose_answers_stay(caller: Caller) -> None:
    await caller.begin("z1")
    await caller.taps("z1", IDS[0], "yes")
    first = CONTENT.callback.questions[0].model_copy(update={"text": "签名是您本人签的，对吗？"})
    changed: Callback = CONTENT.callback.model_copy(update={"questions": (first, *CONTENT.callback.questions[1:])})
    assert changed.edition != CONTENT.callback.edition
    caller.open(changed)
    assert "题目更新了" in await caller.taps("z1", IDS[1], "yes")
    assert "第 1 题，共 5 题：\n签名是您本人签的，对吗？" in await caller.begin("z1")
    assert [row["state"] for row in await caller.rounds("z1")] == ["replaced", "open"]
    assert await caller.answers("z1") == [(IDS[0], "yes")]


async def test_who_ends_the_binding_answers_no_more(caller: Caller) -> None:
    await caller.begin("z1")
    await caller.says("z1", "解绑保单")
    assert "已经结束" in await caller.says("z1", "是")
    assert "已经结束" in await caller.taps("z1", IDS[0], "yes")
    assert await caller.answers("z1") == []


async def test_what_is_said_to_a_person_is_no_answer(caller: Caller) -> None:
    await caller.begin("z1")
    await caller.house.on_duty("zhang")
    await caller.house.serve("z1", "zhang")
    await caller.says("z1", "不清楚")
    assert await caller.answers("z1") == []
    assert "不清楚" in "".join(await caller.house.told("zhang"))


async def test_what_is_said_to_a_servicer_at_the_platform_is_no_answer_either(caller: Caller) -> None:
    await caller.begin("z1")
    until = to_micros(caller.house.clock.now() + timedelta(hours=1))
    served = "UPDATE reach SET served_by = 'w', served_until = :until WHERE callback_id IS NOT NULL"
    assert await caller.stores.change(served, until=until) == 1
    await caller.says("z1", "不清楚")
    assert await caller.answers("z1") == []
    await caller.house.clock.advance(3601)
    await caller.says("z1", "不清楚")
    assert await caller.answers("z1") == [("signature", "unclear")]


async def _reloaded(caller: Caller) -> Turn:
    """Return the last turn as another process finds it after a kill: with what is known of the person now."""
    last = caller.house.last_turn
    assert caller.house.last is not None
    row = await caller.stores.one("SELECT callback_id FROM reach WHERE identity_id = :id", id=last.who.identity_id)
    return replace(last, standing=replace(last.standing, callback=row["callback_id"]))
