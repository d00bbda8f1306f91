"""Policies in words: what the source has, shortened; and codes that are made of the message that asked for them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import partial

import pytest

from content.loader import load_content
from content.policy import Policy, PolicyBook, ServiceCase
from content.slots import fill
from content.tree import Content
from handlers.policies.codes import code_of, is_code
from handlers.policies.wording import Fill, PolicyWording

AS_OF = datetime(2026, 11, 27, 14, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def content() -> Content:
    return load_content(None)


@pytest.fixture
def say() -> Fill:
    def filled(common: dict[str, str], text: str, /, **slots: str) -> str:
        return fill(text, common | slots)

    return partial(filled, {"account": "安和人寿", "hotline": "95500"})


def policy(number: str, **more: object) -> Policy:
    known = {"number": number, "product": "重疾险", "insured": "林小宝", "status": "有效"}
    return Policy(**{**known, **more})  # type: ignore[arg-type]


def book(*policies: Policy, cases: tuple[ServiceCase, ...] = ()) -> PolicyBook:
    return PolicyBook(as_of=AS_OF, policies=policies, cases=cases)


def test_renewals_are_those_with_a_date_the_next_first_and_say_as_of_when(content: Content, say: Fill) -> None:
    found = book(policy("P1", next_due=date(2027, 5, 1)), policy("P2"), policy("P3", next_due=date(2027, 1, 1)))
    words = PolicyWording(content.policies).renewals(found, say)
    assert words.index("2027-01-01") < words.index("2027-05-01")
    assert words.count("重疾险") == 2
    assert "数据截至 2026-11-27 22:00" in words


def test_what_the_source_does_not_say_is_not_said(content: Content, say: Fill) -> None:
    words = PolicyWording(content.policies).policies(book(policy("DEMO20260001")), say)
    assert "保单尾号 0001）被保险人 林**，有效" in words
    assert [word for word in ("DEMO", "小宝", "应缴", "已交至", "保额", "None") if word in words] == []


def test_braces_in_the_sources_words_stand_for_themselves(content: Content, say: Fill) -> None:
    words = PolicyWording(content.policies).policies(book(policy("P1", product="{hotline}{x}", status="{as_of}")), say)
    assert "{hotline}{x}" in words
    assert "{as_of}" in words


def test_more_than_a_message_holds_is_counted_and_nothing_is_said_to_be_nothing(content: Content, say: Fill) -> None:
    wording = PolicyWording(content.policies)
    many = wording.policies(book(*(policy(f"P{n:04}") for n in range(11))), say)
    assert many.count("重疾险") == 8
    assert "还有 3 项" in many
    assert "没有正在办理" in wording.progress(book(), say)


def test_a_code_is_the_same_for_the_same_message_and_another_for_anybody_else() -> None:
    key = b"k" * 32
    code = code_of(key, identity_id=1, seed="m:1")
    assert len(code) == 6
    assert code.isdigit()
    assert code == code_of(key, identity_id=1, seed="m:1")
    others = {
        code_of(key, identity_id=2, seed="m:1"),
        code_of(key, identity_id=1, seed="m:2"),
        code_of(b"j" * 32, identity_id=1, seed="m:1"),
    }
    assert code not in others
    assert is_code(code, code)
    assert not is_code(next(iter(others)), code)
