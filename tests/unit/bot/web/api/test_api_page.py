"""docs/api.md lists every route, kind of problem and permission as they are."""

from __future__ import annotations

import re

from bot.web.api import problem
from bot.web.api.app import DOCUMENT
from bot.web.api.problem import Kind
from bot.web.api.route import AnyRoute
from tests.docs.pages import read

PAGE = read("docs/api.md")


def test_every_route_stands_in_the_table_with_its_permission(routes: tuple[AnyRoute, ...]) -> None:
    rows = re.findall(r"^\| `(GET|PUT|POST|DELETE) (\S+)` \| ([^|]+) \|", PAGE, re.MULTILINE)
    listed = {(method, path): needs.strip() for method, path, needs in rows}
    assert listed == {("GET", DOCUMENT): "no key"} | {
        (route.method, route.path): "any key" if route.permission is None else f"`{route.permission}`"
        for route in routes
    }


def test_every_kind_of_problem_is_explained_with_its_status() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (\d{3}) \|", PAGE, re.MULTILINE)
    kinds = [each for each in vars(problem).values() if isinstance(each, Kind)]
    assert {(word, int(status)) for word, status in rows} == {(kind.word, kind.status) for kind in kinds}
