"""What people write is stored character by character, whatever the characters are."""

from __future__ import annotations

import asyncio
import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from content.messages import Event, Text
from storage.digests import content_digest
from storage.viewer import COMMAND_LINE
from tests.fakes.clock import ManualClock
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors, lease_of, turn


def _has_no_torn_pair(words: str) -> bool:
    """Two code points that together are the escape of one cannot come out of any JSON or XML."""
    return re.search("[\ud800-\udbff][\udc00-\udfff]", words) is None


_WORDS = {
    "plain": "我想买医疗险",
    "emoji of several code points": "👨‍👩‍👧‍👦🇨🇳👍🏽",
    "zero width and direction marks": "\u200b保\u200d险\u202e\ufeff",
    "combining and not normalised": "e\u0301 \u00e9 ﬁ Ⅳ ｶﾞ",
    "control characters": "a\x00b\x01c\x1b[31m\x7f",
    "line ends": "一\r\n二\n三\r四\u2028五\x85六",
    "quotes and escapes": "\\u0000 \"'`; DROP TABLE message; -- %s :name {slot}",
    "a lone surrogate": "坏\ud83d字",
    "a swapped pair of surrogates": "\ude00\ud83d",
    "the last code points": "\U0010ffff\uffff\ufffe",
    "nothing": "",
    "space only": " \t\u3000\n",
    "long": "长" * 20_000,
}


@pytest.mark.parametrize("words", _WORDS.values(), ids=_WORDS)
async def test_words_come_back_as_they_were_written(
    stores: OpenStores, visitors: Visitors, clock: ManualClock, words: str
) -> None:
    said = await visitors.say("alice", words)
    [pending] = await stores.handling.pending(lease_of(said))
    await stores.handling.finish(turn(lease_of(said), [said.seq], words, now=clock.now()))

    assert pending.inbound.body == Text(content=words)
    last = await stores.history.last_outgoing(said.account_id, said.person.conversation_id)
    assert last is not None
    assert last.fields == {"content": words}
    assert [row["content"] async for row in stores.history.export(viewer=COMMAND_LINE)] == [{"content": words}] * 2
    for stored in await stores.rows(
        "SELECT c.salt, c.fields, m.digest"
        " FROM content c JOIN message m ON m.account_id = c.account_id AND m.seq = c.seq"
    ):
        assert content_digest(bytes(stored["salt"]), stored["fields"]) == bytes(stored["digest"])


async def test_the_null_character_is_escaped_in_what_is_stored(stores: OpenStores, visitors: Visitors) -> None:
    await visitors.say("alice", "a\x00b")

    assert (await stores.one("SELECT fields FROM content"))["fields"] == '{"content":"a\\u0000b"}'


async def test_ordinary_characters_are_stored_unescaped(stores: OpenStores, visitors: Visitors) -> None:
    await visitors.say("alice", "保险👍")

    assert (await stores.one("SELECT fields FROM content"))["fields"] == '{"content":"保险👍"}'


@pytest.mark.parametrize("odd", ["a\x00b", "\ud800", "事件", "x" * 5000], ids=["null", "surrogate", "chinese", "long"])
async def test_an_event_keeps_its_fields(stores: OpenStores, visitors: Visitors, odd: str) -> None:
    event = Event(kind="未知", fields={odd: [odd, 1, 1.5, None, True, {"in": odd}]})
    recorded = await visitors.do("alice", event)

    [pending] = await stores.handling.pending(lease_of(recorded))
    assert pending.inbound.body == event


@pytest.mark.parametrize("key", ["m:\x00", "m:\ud800", "m:" + "k" * 5000], ids=["null", "surrogate", "long"])
async def test_a_key_of_any_characters_is_recognised(stores: OpenStores, visitors: Visitors, key: str) -> None:
    first = await visitors.say("alice", "你好", key=key)
    again = await visitors.say("alice", "你好", key=key)

    assert (first.seq, again.seq, again.is_new) == (1, 1, False)


@pytest.mark.parametrize("person", ["a\x00b", "\ud800"], ids=["null", "surrogate"])
async def test_a_sender_that_cannot_be_stored_takes_nobody_else_with_it(
    stores: OpenStores, visitors: Visitors, person: str
) -> None:
    found = await asyncio.gather(
        visitors.say("alice", "一"), visitors.say(person, "二"), visitors.say("bob", "三"), return_exceptions=True
    )

    assert not isinstance(found[0], BaseException)
    assert not isinstance(found[2], BaseException)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(words=st.text(alphabet=st.characters(exclude_categories=()), max_size=200).filter(_has_no_torn_pair))
async def test_any_words_at_all_come_back(stores: OpenStores, visitors: Visitors, words: str) -> None:
    recorded = await visitors.say("alice", words)

    found = await stores.one("SELECT fields FROM content WHERE seq = :seq", seq=recorded.seq)
    assert json.loads(found["fields"]) == {"content": words}
