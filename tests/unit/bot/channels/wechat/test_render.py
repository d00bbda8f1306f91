"""Payloads of message/custom/send."""

from __future__ import annotations

import pytest

from bot.channels.replies import compact_json
from bot.channels.wechat.render import custom_send, passive
from content.messages import Article, ImageReply, MenuReply, NewsReply, Option, Outgoing, TextReply


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (TextReply(content="您好"), {"touser": "o1", "msgtype": "text", "text": {"content": "您好"}}),
        (ImageReply(media_id="m1"), {"touser": "o1", "msgtype": "image", "image": {"media_id": "m1"}}),
        (
            MenuReply(head="请选择", options=(Option(id="a", label="甲"), Option(id="b", label="乙")), tail="谢谢"),
            {
                "touser": "o1",
                "msgtype": "msgmenu",
                "msgmenu": {
                    "head_content": "请选择",
                    "list": [{"id": "a", "content": "甲"}, {"id": "b", "content": "乙"}],
                    "tail_content": "谢谢",
                },
            },
        ),
        (
            NewsReply(articles=(Article(title="t", url="u", description="d", picture_url="p"),)),
            {
                "touser": "o1",
                "msgtype": "news",
                "news": {"articles": [{"title": "t", "description": "d", "url": "u", "picurl": "p"}]},
            },
        ),
    ],
)
def test_every_kind_of_message_has_its_payload(reply: Outgoing, expected: dict[str, object]) -> None:
    assert custom_send(reply, to="o1").fields == expected


def test_json_goes_out_without_escapes() -> None:
    assert compact_json(custom_send(TextReply(content="险😊"), to="o1").fields) == (
        '{"touser":"o1","msgtype":"text","text":{"content":"险😊"}}'
    )


def test_articles_beyond_the_first_are_left_out_and_reported() -> None:
    rendered = custom_send(NewsReply(articles=(Article(title="t", url="u"),) * 3), to="o1")
    assert (len(rendered.fields["news"]["articles"]), rendered.truncated) == (1, True)


def test_a_label_cannot_break_out_of_its_link() -> None:
    menu = MenuReply(head="", options=(Option(id='1"><a', label='"></a><script>&msgmenuid=9'),))
    assert passive(menu).fields["Content"] == (
        '<a href="weixin://bizmsgmenu?msgmenucontent=%22%3E%3C/a%3E%3Cscript%3E%26msgmenuid%3D9&msgmenuid=1%22%3E%3Ca">'
        '"›‹/a›‹script›&msgmenuid=9</a>'
    )


def test_a_menu_too_long_for_a_passive_reply_loses_whole_options() -> None:
    options = tuple(Option(id=str(number), label="保障" * 20) for number in range(20))
    rendered = passive(MenuReply(head="请选择", options=options))
    content = rendered.fields["Content"]
    assert rendered.truncated
    assert len(content.encode()) <= 2048
    assert content.count("<a href=") == content.count("</a>") > 3
