"""Values of a rule that are no numbers."""

from __future__ import annotations

import pytest

from content.audience import load_audience
from content.segment_checks import flaws
from content.segments import Condition


@pytest.mark.parametrize("number", [float("inf"), float("-inf"), float("nan")])
def test_a_number_that_is_none_is_a_flaw_with_its_place(number: float) -> None:
    rule = Condition.model_validate({"fact": "finance.budget", "at_least": number})
    [flaw] = flaws(rule, load_audience(None).attributes, {})

    assert (flaw.place, flaw.what) == (("at_least",), f"{number} 不是数字")
