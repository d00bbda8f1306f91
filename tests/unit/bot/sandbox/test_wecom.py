"""Receivers, the duplicate check and the silent limits of WeCom application messages."""

from __future__ import annotations

from typing import Any

import pytest

from bot.sandbox.config import CorpConfig, Rules
from bot.sandbox.errors import ApiError
from bot.sandbox.media import MediaStore
from bot.sandbox.wecom_messages import read_message
from bot.sandbox.wecom_receivers import receivers_of
from bot.sandbox.wecom_sent import DuplicateCheck, MemberLimits, SentMessages
from bot.sandbox.world import Corp, WecomApp

AES_KEY = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"


@pytest.fixture
def app() -> WecomApp:
    corp = CorpConfig.model_validate(
        {
            "corp_id": "ww1",
            "title": "安心保险",
            "apps": [
                {
                    "name": "assistant",
                    "title": "助手",
                    "agent_id": 1000002,
                    "secret": "s",
                    "token": "t",
                    "aes_key": AES_KEY,
                    "callback_url": "http://127.0.0.1:1/callback",
                }
            ],
            "members": [
                {"userid": "ZhangWei", "name": "张伟", "parties": [1, 2]},
                {"userid": "LiNa", "name": "李娜", "tags": [5]},
            ],
        }
    )
    return Corp(corp, rules=Rules()).apps[0]


@pytest.mark.parametrize(
    ("body", "members", "invalid"),
    [
        ({"touser": "zhangwei"}, ["ZhangWei"], {}),
        ({"touser": "ZhangWei|LINA|zhangwei"}, ["ZhangWei", "LiNa"], {}),
        ({"touser": "@all"}, ["ZhangWei", "LiNa"], {}),
        ({"touser": "LiNa|NoBody|Ghost"}, ["LiNa"], {"invaliduser": "nobody|ghost"}),
        ({"toparty": "2"}, ["ZhangWei"], {}),
        ({"totag": "5|6"}, ["LiNa"], {"invalidtag": "6"}),
        ({"touser": "ZhangWei", "toparty": "1"}, ["ZhangWei", "LiNa"], {}),
        ({"toparty": "9"}, [], {"invalidparty": "9"}),
    ],
)
def test_receivers_are_resolved_once_each(
    app: WecomApp, body: dict[str, Any], members: list[str], invalid: dict[str, str]
) -> None:
    receivers = receivers_of(app, body)
    assert (receivers.members, receivers.invalid()) == (members, invalid)


def test_a_member_who_left_the_scope_is_invalid(app: WecomApp) -> None:
    app.left.add("LiNa")
    assert receivers_of(app, {"touser": "LiNa"}).invalid() == {"invaliduser": "lina"}


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        ({}, 82001),
        ({"touser": "|"}, 82001),
        ({"touser": 7}, 40058),
        ({"touser": "|".join(map(str, range(1001)))}, 40031),
        ({"toparty": "|".join(map(str, range(101)))}, 82002),
        ({"totag": "|".join(map(str, range(101)))}, 82003),
    ],
)
def test_impossible_receivers_have_their_codes(app: WecomApp, body: dict[str, Any], errcode: int) -> None:
    with pytest.raises(ApiError, match=str(errcode)):
        receivers_of(app, body)


def test_the_duplicate_check_compares_whole_requests_within_the_interval() -> None:
    check = DuplicateCheck()
    body = {"touser": "a", "text": {"content": "x"}, "enable_duplicate_check": 1, "duplicate_check_interval": 60}
    other = {**body, "text": {"content": "y"}}
    assert [check.is_repeat("app", b, now=n) for b, n in ((body, 0), (other, 1), (body, 59), (body, 60))] == [
        False,
        False,
        True,
        False,
    ]


def test_the_duplicate_check_must_be_asked_for_and_is_an_applications_own() -> None:
    check = DuplicateCheck()
    plain = {"touser": "a"}
    asked = {"touser": "a", "enable_duplicate_check": 1}
    assert [check.is_repeat("one", plain, now=0) for _ in range(2)] == [False, False]
    assert [check.is_repeat(app, asked, now=0) for app in ("one", "two")] == [False, False]


def test_the_duplicate_interval_is_half_an_hour_by_default_and_four_hours_at_most() -> None:
    check = DuplicateCheck()
    short: dict[str, Any] = {"touser": "a", "enable_duplicate_check": 1}
    long = {**short, "duplicate_check_interval": 10**6}
    assert [check.is_repeat("app", short, now=n) for n in (0, 1799, 1800)] == [False, True, False]
    assert [check.is_repeat("app", long, now=n) for n in (0, 14399, 14400)] == [False, True, False]


def test_a_member_gets_30_a_minute_and_1000_an_hour() -> None:
    limits = MemberLimits(a_minute=30, an_hour=1000)
    assert sum(limits.take("app", "a", now=0) for _ in range(40)) == 30
    assert limits.take("app", "b", now=0)
    assert limits.take("app", "A", now=60)
    taken = sum(limits.take("app", "c", now=n) for n in range(0, 3600, 3))
    assert taken == 1000


def test_a_message_can_be_taken_back_once_within_a_day_by_its_application() -> None:
    sent = SentMessages()
    msgid = sent.add("app", now=0)
    with pytest.raises(ApiError, match="40058"):
        sent.recall("other", msgid, now=1)
    sent.recall("app", msgid, now=86400)
    with pytest.raises(ApiError, match="40058"):
        sent.recall("app", msgid, now=86400)
    with pytest.raises(ApiError, match="42052"):
        sent.recall("app", sent.add("app", now=0), now=86401)


def test_a_longer_text_is_cut_at_2048_bytes() -> None:
    message = read_message({"msgtype": "text", "text": {"content": "险" * 700}}, media=MediaStore(), now=0)
    assert message.text == "险" * 682


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        ({}, 40008),
        ({"msgtype": "smell"}, 40008),
        ({"msgtype": "text"}, 40058),
        ({"msgtype": "text", "text": {"content": ""}}, 44004),
        ({"msgtype": "image", "image": {"media_id": "m"}}, 40007),
        ({"msgtype": "textcard", "textcard": {"title": "t"}}, 40058),
        ({"msgtype": "news", "news": {"articles": [{"title": "t"}] * 9}}, 45008),
    ],
)
def test_impossible_messages_have_their_codes(body: dict[str, Any], errcode: int) -> None:
    with pytest.raises(ApiError, match=str(errcode)):
        read_message(body, media=MediaStore(), now=0)
