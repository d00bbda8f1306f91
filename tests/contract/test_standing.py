"""What a turn is told of the choices that a person was offered, read from a real log."""

from __future__ import annotations

from dataclasses import replace

import pytest

from content.loader import load_content
from content.messages import MenuReply, Option, Text, encode_body
from handlers.conversation.menu import authored_labels
from handlers.conversation.standing import Standings
from storage.records import Person, ReplyDraft
from tests.fakes.clock import ManualClock
from tests.fakes.stores import OpenStores
from tests.fakes.visitors import Visitors, lease_of, turn

OPTIONS = (Option(id="claim_report", label="怎么报案"), Option(id="claim_progress", label="查理赔进度"))
QUESTION = MenuReply(head="哪一步？", options=OPTIONS)


@pytest.fixture
async def person(stores: OpenStores, clock: ManualClock) -> Person:
    """Return somebody who was just asked a question with choices."""
    rows = await stores.accounts.bring_in([("service", "wechat", "wx-realm", "服务号")])
    said = await Visitors(stores.log, rows["service"], clock).say("alice", "理赔")
    kind, fields = encode_body(QUESTION)
    asked = ReplyDraft(kind=kind, fields=fields, purpose="service", content_version="v1")
    await stores.handling.finish(replace(turn(lease_of(said), [said.seq], now=clock.now()), replies=(asked,)))
    return said.person


@pytest.mark.parametrize("words", ["2", "２", " 2。", "查理赔进度", "查理赔进度 "])
async def test_a_number_or_a_label_is_read_with_what_was_offered(
    stores: OpenStores, person: Person, words: str
) -> None:
    standings = Standings(stores.history, labels=authored_labels(load_content(None)))
    assert (await standings.of(person, [Text(content=words)])).offered == OPTIONS


@pytest.mark.parametrize("words", ["你好", "我的理赔进度到哪了", ""])
async def test_other_words_read_nothing(stores: OpenStores, person: Person, words: str) -> None:
    standings = Standings(stores.history, labels=authored_labels(load_content(None)))
    assert (await standings.of(person, [Text(content=words)])).offered == ()
