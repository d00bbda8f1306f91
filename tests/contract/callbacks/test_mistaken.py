"""Words that are no answer to the question that waits: said of something else, or before the question was read."""

from __future__ import annotations

from dataclasses import replace

from content.messages import Text
from tests.contract.callbacks.caller import IDS, Caller


async def test_what_is_said_to_an_explanation_is_no_answer(caller: Caller) -> None:
    await caller.begin("z1")
    assert "犹豫期（也叫冷静期）是签收保单后" in await caller.says("z1", "犹豫期是什么意思？")

    # 知道了 is said of the explanation: that the signature is theirs they have not said.
    asked = await caller.says("z1", "知道了")

    assert await caller.answers("z1") == []
    assert "第 1 题" in asked
    assert "第 2 题" in await caller.says("z1", "是的")
    assert await caller.answers("z1") == [("signature", "yes")]


async def test_what_is_said_to_the_night_is_no_answer_either(caller: Caller) -> None:
    await caller.house.clock.advance(12 * 3600.0)
    await caller.begin("z1")
    assert "现在不是人工服务时间" in await caller.says("z1", "人工")
    said = await caller.says("z1", "没有")
    assert await caller.answers("z1") == []
    assert "第 1 题" not in said


async def test_words_of_one_question_alone_answer_it_whatever_was_said_in_between(caller: Caller) -> None:
    await caller.begin("z1")
    await caller.says("z1", "犹豫期是什么意思？")
    await caller.says("z1", "别人签的")
    assert await caller.answers("z1") == [("signature", "no")]


async def test_what_was_sent_before_the_next_question_could_be_read_does_not_answer_it(caller: Caller) -> None:
    await caller.begin("z1")
    house = caller.house
    for words, again in (("是的", "是的"), ("1", "1")):
        before = len(await caller.answers("z1"))
        first = house.visitors.arrival("z1", Text(content=words))
        second = house.visitors.arrival("z1", Text(content=again))
        one, two = await caller.stores.log.record(first), await caller.stores.log.record(second)
        await house.handle(one, first.inbound)
        said = await house.handle(replace(two, epoch=one.epoch), second.inbound)
        # The second one was written when the question before was all there was to answer.
        assert len(await caller.answers("z1")) == before + 1
        assert f"第 {before + 2} 题" in said[-1]


async def test_who_comes_back_is_asked_once_more_again(caller: Caller) -> None:
    await caller.begin("z1")
    await caller.says("z1", "今天天气真好呀")
    await caller.says("z1", "退出")
    await caller.says("z1", "继续回访")
    assert "没有听懂" in await caller.says("z1", "今天天气真好呀")
    assert "第 2 题" in await caller.says("z1", "是")


async def test_one_more_round_that_was_left_goes_on_by_word(caller: Caller) -> None:
    await caller.begin("z1")
    await caller.finish("z1")
    [done] = await caller.rounds("z1")
    await caller.house.says("z1", "重新回访", option=f"callback.again.{done['id']}")
    await caller.taps("z1", IDS[0], "no")
    assert "想接着答，发「回访」" in await caller.says("z1", "退出")
    resumed = await caller.says("z1", "回访")
    assert "我们接着险1" in resumed
    assert "第 2 题" in resumed
    await caller.finish("z1")
    assert "的回访已在" in await caller.says("z1", "回访")
