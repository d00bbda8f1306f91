"""Running a state machine of hypothesis over one database that is opened once."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test


def run_machine(begin: Callable[[int], RuleBasedStateMachine], *, examples: int, steps: int) -> None:
    """Run so many machines of so many steps each; `begin` makes the one of a number. Fails when fewer were made."""
    made = iter(range(10_000))
    run_state_machine_as_test(
        cast(type[RuleBasedStateMachine], lambda: begin(next(made))),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert next(made) >= examples
