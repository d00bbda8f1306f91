"""Which messages words find."""

from __future__ import annotations

from typing import Final

import pytest

from content.messages import Event, Image, Link, Location, Text, Voice
from tests.fakes.searched_log import SearchedLog
from tests.fakes.visitors import lease_of, turn

#: What was said, what is looked for, and whether it is found.
_CASES: Final = (
    ("我想问一下重疾险的理赔", "理赔", True),
    ("我想问一下重疾险的理赔", "重疾险的理赔", True),
    ("我想问一下重疾险的理赔", "赔", True),
    ("我想问一下重疾险的理赔", "理赔 重疾", True),
    ("我想问一下重疾险的理赔", "理赔\u3000退保", False),
    ("我想问一下重疾险的理赔", "赔理", False),
    ("理财、赔付、理由", "理赔", False),
    ("甲乙，乙丙", "甲乙丙", False),
    ("甲乙，乙丙", "甲乙乙丙", True),
    ("保单号：P2026-0501-7788", "05017788", True),
    ("保单号：P2026-0501-7788", "0501-7788", True),
    ("保单号：P2026-0501-7788", "p2026", True),
    ("保单号：P2026-0501-7788", "20267788", False),
    ("PingAn Health Plus 计划", "health plus", True),
    ("PingAn Health Plus 计划", "alth", True),
    ("ＡＢＣ１２３", "abc123", True),
    ("Straße ﬁnal", "strasse final", True),
    ("繁體的理賠", "理赔", False),
    ("理\n赔", "理赔", True),
    ("𠮷野家", "𠮷野", True),
    ("100% 赔付_保证", "0赔付保", True),
    ("尾字", "字", True),
    ("字", "字", True),
    ("a", "A", True),
)


@pytest.mark.parametrize("behind", [0, 64], ids=["in the tail", "in a block"])
async def test_words_are_found_where_they_stand(library: SearchedLog, behind: int) -> None:
    seqs = {said: await library.say(said) for said in dict.fromkeys(said for said, _, _ in _CASES)}
    await library.say(*["别的"] * behind)
    await library.read()
    found = {words: await library.seqs(words) for _, words, _ in _CASES}

    assert [(said, words, seqs[said] in found[words]) for said, words, _ in _CASES] == list(_CASES)


async def test_everything_a_person_could_read_is_found_and_nothing_else(library: SearchedLog) -> None:
    seqs = [
        await library.do(body)
        for body in (
            Link(title="养老金的文章", url="https://example.com/secretaddress", description="退休之后"),
            Voice(media_id="mediaidentifier", recognition="语音里说的"),
            Location(latitude=31.0, longitude=121.0, label="世纪大道"),
            Image(media_id="mediaidentifier"),
            Event(kind="kf_enter", fields={"content": "事件里的字"}),
            Text(content="选这个", option="optionidentifier"),
        )
    ]
    await library.say(*["别的"] * 64)
    await library.read()

    found = ("养老金", "退休", "语音", "世纪大道", "选这个")
    assert [await library.seqs(words) for words in found] == [[seqs[n]] for n in (0, 0, 1, 2, 5)]
    for words in ("secretaddress", "mediaidentifier", "事件里", "optionidentifier", "文章退休"):
        assert await library.seqs(words) == [], words


async def test_what_the_bot_answered_is_found(library: SearchedLog) -> None:
    recorded = await library.visitors().say("alice", "问题")
    handled = turn(lease_of(recorded, holder="talk-service"), [recorded.seq], "这是回答", now=library.clock.now())
    await library.stores.handling.finish(handled)
    await library.read()

    [said] = (await library.page("回答")).messages
    assert (said.direction, said.person, said.fields) == ("out", "alice", {"content": "这是回答"})
    assert await library.seqs("回答", direction="in") == []
    assert await library.seqs("问题", direction="in") == [recorded.seq]


async def test_a_message_is_found_once_the_processor_has_read_it(library: SearchedLog) -> None:
    await library.say("还没有读")
    before = await library.seqs("还没有读")
    await library.read()

    assert (before, await library.seqs("还没有读")) == ([], [1])


async def test_what_was_destroyed_is_not_found_though_the_index_still_has_it(library: SearchedLog) -> None:
    await library.say("要忘记的话", *["别的"] * 70)
    await library.read()
    found = await library.seqs("要忘记的话")
    await library.stores.change("DELETE FROM content WHERE seq = 1")

    assert (found, await library.seqs("要忘记的话")) == ([1], [])


async def test_a_page_can_be_of_one_account_and_of_a_time(library: SearchedLog) -> None:
    for _ in range(70):
        await library.say("同样的话")
        await library.say("同样的话", account="second")
        await library.clock.advance(3600)
    await library.read()
    one = await library.page("同样的话", account="second")
    times = [said.at for said in one.messages]
    within = await library.seqs("同样的话", account="second", since=times[40], until=times[10])

    assert {said.account for said in one.messages} == {"second"}
    assert len(one.messages) == 70
    assert within == [said.seq for said in one.messages[11:41]]
    assert await library.seqs("同样的话", account="nobody's") == []
