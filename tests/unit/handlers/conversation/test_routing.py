"""The router: order, passing on, and nobody at home."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from content.messages import Text
from handlers.conversation.routing import NO_ROUTE, Route, first_at_once, first_match
from handlers.conversation.turn import NOT_HANDLED, Attributed, Outcome, Staff

FIRST = Outcome(effects=(Attributed(scene="first"),))
SECOND = Outcome(effects=(Attributed(scene="second"),))


def route(name: Any, outcome: Any, *, matches: Any = True, roles: Any = None) -> Any:
    async def handle(turn: Any) -> Any:
        return outcome

    return Route(name=name, matches=lambda turn: matches, handle=handle, roles=roles)


async def test_the_first_route_that_matches_answers(turn_of: Any) -> None:
    routes = [route("no", FIRST, matches=False), route("one", FIRST), route("two", SECOND)]
    answered = await first_match(routes, turn_of(Text(content="x")))
    assert (answered.route, answered.outcome) == ("one", FIRST)


async def test_a_route_that_passes_the_turn_on_leaves_it_to_the_next(turn_of: Any) -> None:
    answered = await first_match([route("one", NOT_HANDLED), route("two", SECOND)], turn_of(Text(content="x")))
    assert (answered.route, answered.outcome) == ("two", SECOND)


async def test_an_empty_outcome_is_an_answer(turn_of: Any) -> None:
    answered = await first_match([route("one", Outcome()), route("two", SECOND)], turn_of(Text(content="x")))
    assert (answered.route, answered.outcome) == ("one", Outcome())


async def test_without_any_route_nothing_happens(turn_of: Any) -> None:
    answered = await first_match([], turn_of(Text(content="x")))
    assert (answered.route, answered.outcome) == (NO_ROUTE, Outcome())


@pytest.mark.parametrize(("role", "answered_by"), [("supervisor", "one"), ("agent", "two"), (None, "two")])
async def test_a_route_for_some_roles_serves_nobody_else(turn_of: Any, role: str | None, answered_by: str) -> None:
    routes = [route("one", FIRST, roles=frozenset({"supervisor", "compliance"})), route("two", SECOND)]
    staff = None if role is None else Staff(userid="li", name="李", role=role)
    turn = turn_of(Text(content="x"))
    turn = replace(turn, who=replace(turn.who, staff=staff))
    assert (await first_match(routes, turn)).route == answered_by
    at_once = first_at_once(routes, turn)
    assert at_once is not None
    assert at_once.route == answered_by
