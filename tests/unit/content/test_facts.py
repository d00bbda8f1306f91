"""The rule that folds statements: sources by rank, agreement, contradiction, the customer's own last word."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from content.attributes import FactValue
from content.facts import Source, Statement, Status, fold
from tests.fakes.clock import START

_DAY = timedelta(days=1)


def _said(number: int, word: str, source: Source = Source.LIST, **more: Any) -> Statement:
    fields: dict[str, Any] = {"confidence": 0.9, "observed_at": START + number * _DAY, "is_positive": True, **more}
    found = FactValue(word=word, json=json.dumps(word, ensure_ascii=False))
    return Statement(id=number, subject="self", value=found, source=source, **fields)


def _held(*statements: Statement, many: bool = False, days: int = 30) -> list[tuple[str, bool, Status, int]]:
    found = fold(statements, many=many, now=START + days * _DAY)
    return [(each.value.json.strip('"'), each.is_positive, each.status, each.fact_id) for each in found]


def test_a_source_is_one_voice_its_last_word_counts() -> None:
    assert _held(_said(1, "上海"), _said(2, "北京")) == [("北京", True, Status.ACTIVE, 2)]


def test_the_policy_source_holds_against_an_agent_and_is_disputed_by_a_list() -> None:
    policy = _said(1, "上海", Source.POLICY, confidence=1.0)
    assert _held(policy, _said(2, "北京", Source.AGENT_ENTRY)) == [("上海", True, Status.ACTIVE, 1)]
    assert _held(policy, _said(2, "北京")) == [("上海", True, Status.DISPUTED, 1)]


@pytest.mark.parametrize(("confidence", "status"), [(0.60, Status.ACTIVE), (0.62, Status.DISPUTED)])
def test_one_and_a_half_times_the_weight_holds(confidence: float, status: Status) -> None:
    # 0.75 · 0.9 = 0.675 against 0.75 · c: the bound is at c = 0.6; agent and behaviour stand further down.
    rival = _said(2, "北京", Source.CUSTOMER_STATEMENT, confidence=confidence * 75 / 70)
    assert _held(_said(1, "上海"), rival) == [("上海", True, status, 1)]


def test_who_agrees_adds_up_and_nobody_is_surer_than_98_hundredths() -> None:
    [alone] = fold([_said(1, "上海")], many=False, now=START + _DAY * 9)
    [both] = fold([_said(1, "上海"), _said(2, "上海", Source.AGENT_ENTRY)], many=False, now=START + _DAY * 9)
    assert (alone.confidence, both.confidence, both.source) == (0.9, 0.98, Source.LIST)


def test_the_customers_later_word_holds_at_once_an_earlier_one_does_not() -> None:
    policy = _said(1, "上海", Source.POLICY, confidence=1.0)
    assert _held(policy, _said(2, "北京", Source.CUSTOMER_ENTRY)) == [("北京", True, Status.ACTIVE, 2)]
    assert _held(_said(2, "上海", Source.POLICY), _said(1, "北京", Source.CUSTOMER_ENTRY))[0][2] is Status.DISPUTED


def test_several_values_hold_at_once_and_each_can_be_denied() -> None:
    denied = _said(3, "life", Source.CUSTOMER_ENTRY, is_positive=False)
    held = _held(_said(1, "life"), _said(2, "medical"), denied, many=True)
    assert held == [("life", False, Status.ACTIVE, 3), ("medical", True, Status.ACTIVE, 2)]


def test_what_has_ended_says_nothing() -> None:
    ended = _said(1, "上海", Source.POLICY, valid_to=START + 30 * _DAY)
    assert _held(ended, _said(2, "北京"), days=29)[0][2] is Status.DISPUTED
    assert _held(ended, _said(2, "北京"), days=30) == [("北京", True, Status.ACTIVE, 2)]


def test_the_order_in_which_they_are_read_changes_nothing() -> None:
    statements = [
        _said(1, "上海", Source.POLICY),
        _said(2, "北京"),
        _said(3, "北京", Source.AGENT_ENTRY),
        _said(4, "上海", Source.BEHAVIOUR),
    ]
    assert len({tuple(_held(*order)) for order in permutations(statements)}) == 1
