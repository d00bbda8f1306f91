"""The router: order, passing on, and nobody at home."""

from __future__ import annotations

from typing import Any

from content.messages import Text
from handlers.conversation.routing import NO_ROUTE, Route, first_match
from handlers.conversation.turn import NOT_HANDLED, Attributed, Outcome

FIRST = Outcome(effects=(Attributed(scene="first"),))
SECOND = Outcome(effects=(Attributed(scene="second"),))


def route(name: Any, outcome: Any, *, matches: Any = True) -> Any:
    async def handle(turn: Any) -> Any:
        return outcome

    return Route(name=name, matches=lambda turn: matches, handle=handle)


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
