"""Openids are the same in every run and differ between accounts; MsgIds never come back."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.openid import MessageIds, openid_of


def test_an_openid_is_the_same_in_every_run() -> None:
    assert openid_of("wxabc", "alice") == "oWubfIo7sqrKY8LUbjZDxKENN60d"


@given(st.text(), st.text())
def test_an_openid_is_an_o_and_27_url_safe_characters(app_id: str, person: str) -> None:
    assert re.fullmatch(r"o[A-Za-z0-9_-]{27}", openid_of(app_id, person))


def test_a_person_has_another_openid_on_every_account() -> None:
    assert openid_of("wx1", "alice") != openid_of("wx2", "alice")


def test_message_ids_fit_64_bits_and_no_floating_point_number() -> None:
    identifier = MessageIds(lines_on_record=0).next()
    assert 2**53 < identifier < 2**63
    assert int(float(identifier + 1)) != identifier + 1


def test_message_ids_do_not_come_back_after_a_restart() -> None:
    first = MessageIds(lines_on_record=0)
    used = [first.next() for _ in range(100)]
    assert MessageIds(lines_on_record=200).next() > max(used)
