"""Several replies in one message, where one message is all that can leave."""

from __future__ import annotations

import pytest

from content.messages import Article, MenuReply, NewsReply, Option, Outgoing, Purpose, TextReply
from handlers.conversation.folding import fold
from handlers.conversation.turn import Reply

CHOICE = (Option(id="claim", label="理赔"),)


def _replies(*contents: Outgoing, purpose: Purpose = Purpose.SERVICE) -> list[Reply]:
    return [Reply(content=content, purpose=purpose, content_version="v1") for content in contents]


@pytest.mark.parametrize(
    ("said", "folded"),
    [
        ([TextReply(content="甲"), TextReply(content="乙")], [TextReply(content="甲\n乙")]),
        (
            [TextReply(content="甲"), MenuReply(head="哪一项？", options=CHOICE)],
            [MenuReply(head="甲\n哪一项？", options=CHOICE)],
        ),
        (
            [MenuReply(head="哪一项？", options=CHOICE, tail="点选"), TextReply(content="乙")],
            [MenuReply(head="哪一项？", options=CHOICE, tail="点选\n乙")],
        ),
    ],
)
def test_words_join_words_and_questions(said: list[Outgoing], folded: list[Outgoing]) -> None:
    assert [reply.content for reply in fold(_replies(*said))] == folded


@pytest.mark.parametrize(
    "said",
    [
        [TextReply(content="甲" * 400), TextReply(content="乙" * 400)],
        [MenuReply(head="一？", options=CHOICE), MenuReply(head="二？", options=CHOICE)],
        [TextReply(content="甲"), NewsReply(articles=(Article(title="文章", url="https://example.com"),))],
    ],
)
def test_what_does_not_fit_into_one_message_stays_apart(said: list[Outgoing]) -> None:
    assert [reply.content for reply in fold(_replies(*said))] == said


def test_an_advertisement_does_not_ride_on_a_service_message() -> None:
    replies = _replies(TextReply(content="甲")) + _replies(TextReply(content="乙"), purpose=Purpose.MARKETING)
    assert list(fold(replies)) == replies
