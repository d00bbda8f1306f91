"""What a masked text looks like."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from content.masking import mask, mask_fields

#: Of what numbers are made and parted, so that many texts hold several that touch.
CROWDED = st.text(alphabet="0123456789159138６二一三幺八①Xx -,.、/杠()元*", max_size=80)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("13812345678", "138****5678"),
        ("我的电话是13812345678一直打不通", "我的电话是138****5678一直打不通"),
        ("+86 138-1234-5678", "+86 138-****-5678"),
        ("008613812345678", "0086138****5678"),
        ("013812345678", "0138****5678"),
        ("１３８１２３４５６７８", "１３８****５６７８"),
        ("幺三八 幺二三四 五六七八", "幺三八 **** 五六七八"),
        ("壹叁捌壹贰叁肆伍陆柒捌", "壹叁捌****伍陆柒捌"),
        ("1️⃣3️⃣8️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣8️⃣", "1️⃣3️⃣8️⃣*️⃣*️⃣*️⃣*️⃣5️⃣6️⃣7️⃣8️⃣"),
        ("①13812345678②13912345678", "①138****5678②139****5678"),
        ("2026-11-27 13812345678", "2026-11-27 138****5678"),
        ("0571-87654321", "0571-******21"),
        ("(010)62345678", "(010)******78"),
        ("+86-10-62345678", "+86-10-******78"),
        ("零二一杠六二三四五六七八", "零二一杠******七八"),
        ("身份证11010519491231002X，", "身份证1101************2X，"),
        ("110105 1949 1231 002x", "1101** **** **** **2x"),
        ("110105194912310021", "1101************21"),
        ("110105491231002", "1101*********02"),
        ("4111111111111111", "************1111"),
        ("4111 1111 1111 1111", "**** **** **** 1111"),
    ],
)
def test_hidden_digits_become_stars_and_everything_else_stays(text: str, masked: str) -> None:
    assert mask(text) == masked


def test_a_mobile_number_within_a_longer_number_is_no_mobile_number() -> None:
    assert mask("9138123456780") == "9138123456780"


@given(CROWDED)
@example("4111111111111591 2345678 2345678")
@example("4111111111111591 2341591 2341591 2341591")
@settings(max_examples=1000, deadline=None)
def test_a_masked_text_is_its_own_masking(text: str) -> None:
    once = mask(text)
    assert mask(once) == once


@given(st.one_of(CROWDED, st.text()))
@settings(max_examples=500, deadline=None)
def test_only_digits_change_and_each_into_one_star(text: str) -> None:
    masked = mask(text)
    assert len(masked) == len(text)
    kept = "-,.、/杠()元* 您"
    assert all(after in (before, "*") for before, after in zip(text, masked, strict=True))
    assert all(after == before for before, after in zip(text, masked, strict=True) if before in kept)


def test_fields_are_masked_at_any_depth_and_names_are_not() -> None:
    fields = {
        "content": "13812345678",
        "media_id": "13812345678",
        "count": 13812345678,
        "articles": [{"title": "打13812345678", "picture_url": "/13812345678.png"}],
        "fields": {"Remark": "4111111111111111", "none": None},
    }
    assert mask_fields(fields) == {
        "content": "138****5678",
        "media_id": "13812345678",
        "count": 13812345678,
        "articles": [{"title": "打138****5678", "picture_url": "/13812345678.png"}],
        "fields": {"Remark": "************1111", "none": None},
    }
    assert fields["content"] == "13812345678"


@pytest.mark.parametrize(
    "piece",
    ["一三", "6 2 ", "1", "13812345678 ", "1----", "6222", "2026-11-27 ", "-", "1 2 3 ", "86010", "11010519491231002X"],
)
def test_the_steps_grow_with_the_length_and_no_faster(piece: str) -> None:
    short, long = (piece * (size // len(piece)) for size in (1_000, 4_000))
    mask(short)
    assert _calls(long) <= 4.4 * _calls(short) + 500


@pytest.mark.parametrize(("piece", "size"), [("13812345678 ", 100_000), ("1----", 100_000), ("6 2 ", 10_000)])
def test_long_messages_take_a_bounded_number_of_steps(piece: str, size: int) -> None:
    assert _calls(piece * (size // len(piece))) <= size * 150


def _calls(text: str) -> int:
    """Return how many functions are called, Python's own among them, to mask a text: steps, not seconds."""
    count = 0

    def called(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(called)
    try:
        mask(text)
    finally:
        sys.setprofile(before)
    return count


def test_a_link_to_ones_own_data_is_of_no_use_to_who_reads_it() -> None:
    secret = "aZ09_-" * 7 + "x"
    words = f"请用这个链接：https://bot.example/my-data/{secret}\n明天见"
    masked = mask(words)
    assert secret not in masked
    assert masked == words.replace(secret, "*" * len(secret))
    assert mask(masked) == masked
