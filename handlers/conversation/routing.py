"""The router: an ordered list of routes, of which the first that matches and handles answers the turn."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from content.value import value
from handlers.conversation.turn import NOT_HANDLED, NotHandled, Outcome, Turn

Matcher = Callable[[Turn], bool]
Handler = Callable[[Turn], Coroutine[Any, Any, Outcome | NotHandled]]

#: Name of the route when none of the list took the turn.
NO_ROUTE = "none"


@value
class Route:
    """One way to answer. `matches` is cheap and decides whether `handle` is asked, which may still pass it on."""

    #: Stable name for logs and metrics, e.g. "answers" or "staff.help".
    name: str
    matches: Matcher
    handle: Handler
    #: It may wait for something (a model, another system): it is never asked while a transaction is open.
    waits: bool = False
    #: Only staff in one of these roles are served by it; None: it looks at nobody's role.
    roles: frozenset[str] | None = None

    def takes(self, turn: Turn) -> bool:
        """Tell whether `handle` is to be asked."""
        return self._serves(turn) and self.matches(turn)

    def _serves(self, turn: Turn) -> bool:
        return self.roles is None or (turn.who.staff is not None and turn.who.staff.role in self.roles)


@value
class Answered:
    """The outcome of a turn and the name of the route that made it."""

    route: str
    outcome: Outcome


async def first_match(routes: Iterable[Route], turn: Turn) -> Answered:
    """Return what the first route that handles the turn makes of it; an empty outcome when none does."""
    for route in routes:
        if not route.takes(turn):
            continue
        outcome = await route.handle(turn)
        if outcome is not NOT_HANDLED:
            return Answered(route=route.name, outcome=outcome)
    return Answered(route=NO_ROUTE, outcome=Outcome())


def first_at_once(routes: Iterable[Route], turn: Turn) -> Answered | None:
    """Return the same without waiting; None when a route that may wait has its turn before one has answered.

    Raises RuntimeError when a route waits although it does not say so.
    """
    for route in routes:
        if not route.takes(turn):
            continue
        if route.waits:
            return None
        outcome = _run(route, turn)
        if outcome is not NOT_HANDLED:
            return Answered(route=route.name, outcome=outcome)
    return Answered(route=NO_ROUTE, outcome=Outcome())


def _run(route: Route, turn: Turn) -> Outcome | NotHandled:
    handling = route.handle(turn)
    try:
        handling.send(None)
    except StopIteration as stop:
        outcome: Outcome | NotHandled = stop.value
        return outcome
    handling.close()
    raise RuntimeError(f"route {route.name!r} waited for something; declare it with waits=True")
