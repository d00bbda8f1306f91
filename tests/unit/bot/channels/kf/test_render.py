"""What is sent to WeChat customer service: the documented fields, within their limits, under one id a delivery."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bot.channels.kf.render import message_id, send_msg, send_msg_on_event
from content.messages import Article, ImageReply, MenuReply, NewsReply, Option, Outgoing, TextReply


def _fields(reply: Outgoing) -> dict[str, Any]:
    return send_msg(reply, to="wmP", open_kfid="wkA", idempotency_key="reply:1:2:0").fields


@pytest.mark.parametrize("key", ["reply:1:2:0", "", "键" * 400])
def test_a_message_id_is_the_same_for_the_same_delivery_and_of_the_allowed_characters(key: str) -> None:
    assert message_id(key) == message_id(key)
    assert re.fullmatch(r"[0-9A-Za-z_-]{1,32}", message_id(key))
    assert message_id(key) != message_id(key + "1")


def test_words_go_to_one_customer_of_one_account() -> None:
    assert _fields(TextReply(content="您好😊")) == {
        "touser": "wmP",
        "open_kfid": "wkA",
        "msgid": message_id("reply:1:2:0"),
        "msgtype": "text",
        "text": {"content": "您好😊"},
    }


def test_a_picture_goes_by_its_media() -> None:
    assert _fields(ImageReply(media_id="M"))["image"] == {"media_id": "M"}


def test_an_article_without_an_uploaded_picture_becomes_words_with_its_address() -> None:
    article = Article(title="怎么选", url="https://example.com/a", description="三步")
    fields = _fields(NewsReply(articles=(article,)))
    assert fields["text"] == {"content": "怎么选\n三步\nhttps://example.com/a"}


def test_a_question_is_a_menu_whose_choices_bear_their_ids() -> None:
    menu = MenuReply(head="请选择", options=(Option(id="a", label="甲"), Option(id="b", label="乙")), tail="或直接提问")
    assert _fields(menu)["msgmenu"] == {
        "head_content": "请选择",
        "list": [
            {"type": "click", "click": {"id": "a", "content": "甲"}},
            {"type": "click", "click": {"id": "b", "content": "乙"}},
        ],
        "tail_content": "或直接提问",
    }


def test_what_is_too_long_is_cut_between_characters_and_said() -> None:
    options = tuple(Option(id=str(n), label="选" * 60) for n in range(12))
    rendered = send_msg(MenuReply(head="问" * 500, options=options), to="wmP", open_kfid="wkA", idempotency_key="k")
    menu = rendered.fields["msgmenu"]
    assert rendered.truncated
    assert len(menu["head_content"].encode()) <= 1024
    assert (len(menu["list"]), max(len(item["click"]["content"].encode()) for item in menu["list"]) <= 128) == (
        10,
        True,
    )
    words = send_msg(TextReply(content="字" * 700), to="wmP", open_kfid="wkA", idempotency_key="k")
    assert words.truncated
    assert len(words.fields["text"]["content"].encode()) <= 2048


def test_an_answer_to_an_event_bears_the_code_and_no_receiver() -> None:
    rendered = send_msg_on_event(TextReply(content="您好", code="WELCOME"), idempotency_key="k")
    assert rendered.fields == {
        "code": "WELCOME",
        "msgid": message_id("k"),
        "msgtype": "text",
        "text": {"content": "您好"},
    }
