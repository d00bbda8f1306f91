"""Slots in texts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.slots import fill, slots_of


def test_slots_are_filled_each_time_they_stand() -> None:
    assert fill("{a}和{b}和{a}", {"a": "甲", "b": "乙"}) == "甲和乙和甲"


def test_other_braces_stand_for_themselves() -> None:
    assert fill("{} {A} {1} {a b}", {}) == "{} {A} {1} {a b}"


def test_a_slot_without_a_value_is_an_error() -> None:
    with pytest.raises(KeyError, match="name"):
        fill("{name}", {"account": "x"})


@given(st.text())
def test_a_value_is_never_filled_again(value: Any) -> None:
    assert fill("{a}", {"a": value, "b": "x"}) == value


def test_the_names_of_the_slots_are_known() -> None:
    assert slots_of("{account}：{user_id} {}") == {"account", "user_id"}
