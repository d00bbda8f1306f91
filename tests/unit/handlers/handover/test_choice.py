"""Who is asked next, as a pure choice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from handlers.handover.choice import choose, serves
from storage.duty import OnDuty
from storage.handover_queue import Line
from storage.handover_rows import HandoverRow
from storage.tables.handover import HandoverState

NOW = datetime(2026, 5, 6, 2, tzinfo=UTC)


def _person(staff_id: int, *, role: str = "agent", team: int | None = None, branch: int = 1, busy: int = 0) -> OnDuty:
    return OnDuty(
        staff_id=staff_id,
        realm="ww",
        userid=f"u{staff_id}",
        name=f"N{staff_id}",
        role=role,
        team_id=team,
        branch_id=branch,
        since=NOW,
        busy=busy,
    )


def _row(**more: Any) -> HandoverRow:
    nothing = dict.fromkeys(HandoverRow.__dataclass_fields__)
    return HandoverRow(**{**nothing, "id": 1, "state": HandoverState.WAITING, "notices": 0, **more})


def _line(*roster: OnDuty, asked: dict[int, datetime] | None = None, **more: Any) -> Line:
    named = {"stands_in": {}, "supervisors": {}, **more}
    return Line(waiting=(), roster=roster, asked={1: asked or {}}, **named)


def _chosen(row: HandoverRow, line: Line, **given: int) -> int | None:
    found = choose(
        row, line, most=2, given={int(k[1:]): v for k, v in given.items()}, again_before=NOW - timedelta(minutes=5)
    )
    return None if found is None else found.staff_id


def test_roles_that_serve_are_agents_and_supervisors() -> None:
    assert [role for role in ("agent", "supervisor", "compliance", "administrator", "wizard") if serves(role)] == [
        "agent",
        "supervisor",
    ]


def test_the_nearest_is_asked_and_among_equals_who_serves_fewest() -> None:
    row = _row(owner_id=1, owner_team=7, owner_branch=1)
    far, branch, team, busier, owner = (
        _person(5, branch=2),
        _person(4),
        _person(3, team=7),
        _person(2, team=7, busy=1),
        _person(1, team=7),
    )
    assert _chosen(row, _line(far, branch, team, busier, owner)) == 1
    assert _chosen(row, _line(far, branch, busier, team)) == 3
    assert _chosen(row, _line(far, branch, team, busier), s3=1) == 3
    assert _chosen(row, _line(far, branch, team, busier), s3=2) == 2
    assert _chosen(row, _line(far, branch)) == 4
    assert _chosen(row, _line(far)) == 5


def test_a_supervisor_is_asked_last_and_a_deputy_in_their_place() -> None:
    row = _row(owner_id=1, owner_team=7, owner_branch=1)
    boss, agent = _person(8, role="supervisor", team=7), _person(5, branch=2)
    led: dict[str, Any] = {"supervisors": {8: (7, 1)}}
    assert _chosen(row, _line(boss, agent, **led)) == 5
    assert _chosen(row, _line(boss, **led)) == 8
    deputy = _person(9, role="compliance", branch=3)
    assert _chosen(row, _line(deputy, **led, stands_in={9: frozenset({8})})) == 9
    assert _chosen(row, _line(deputy, **led)) is None


def test_who_was_asked_is_asked_again_only_when_nobody_else_is_left_and_some_time_is_over() -> None:
    row, one, two = _row(), _person(1), _person(2, busy=1)
    assert _chosen(row, _line(one, two, asked={1: NOW})) == 2
    assert _chosen(row, _line(one, asked={1: NOW})) is None
    assert _chosen(row, _line(one, asked={1: NOW - timedelta(minutes=6)})) == 1


def test_nobody_gets_more_than_the_setting_says() -> None:
    assert _chosen(_row(), _line(_person(1, busy=2))) is None
