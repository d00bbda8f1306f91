"""Whom a waiting customer is offered to: a pure choice from who is on duty."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from content.rights import PERMITTED, Permission, Role
from storage.duty import OnDuty
from storage.handover_queue import Line
from storage.handover_rows import HandoverRow


def serves(role: str) -> bool:
    """Tell whether somebody in a role serves customers."""
    return role in set(Role) and Permission.HANDOVERS_SERVE in PERMITTED[Role(role)]


def choose(
    handover: HandoverRow, line: Line, *, most: int, given: dict[int, int], again_before: datetime
) -> OnDuty | None:
    """Return who is asked next; None when nobody who is on duty and has room is left to ask.

    The owner first, then who stands in for the owner, colleagues of the team, of the branch, everybody whose role
    serves; then the supervisor of the team, of the branch, or their deputy. Among equals who serves fewest. `given`:
    offers of this very round, which the roster does not count yet. Who was asked already is asked again only when
    nobody else is left, and not if that was after `again_before`.
    """
    asked = line.asked.get(handover.id, {})
    lately = frozenset(staff_id for staff_id, at in asked.items() if at > again_before)
    for passed_over in (frozenset(asked), lately):
        person = _nearest(handover, line, most=most, given=given, passed_over=passed_over)
        if person is not None:
            return person
    return None


def _nearest(
    handover: HandoverRow, line: Line, *, most: int, given: dict[int, int], passed_over: frozenset[int]
) -> OnDuty | None:

    def load(person: OnDuty) -> int:
        return person.busy + given.get(person.staff_id, 0)

    free = [person for person in line.roster if person.staff_id not in passed_over and load(person) < most]
    free.sort(key=load)
    for is_near in _circles(handover, line):
        for person in free:
            if is_near(person):
                return person
    return None


def _circles(handover: HandoverRow, line: Line) -> list[Callable[[OnDuty], bool]]:
    def works(person: OnDuty) -> bool:
        return serves(person.role) and person.role != Role.SUPERVISOR

    def leads(person: OnDuty, place: int | None, at: int) -> bool:
        """Whether somebody is, or stands in for, a supervisor of the owner's team (at 0) or branch (at 1)."""
        led = {person.staff_id} | line.stands_in.get(person.staff_id, frozenset())
        return any(who in line.supervisors and line.supervisors[who][at] == place for who in led)

    def leads_any(person: OnDuty) -> bool:
        led = {person.staff_id} | line.stands_in.get(person.staff_id, frozenset())
        return bool(led & line.supervisors.keys())

    owner, team, branch = handover.owner_id, handover.owner_team, handover.owner_branch
    circles: list[Callable[[OnDuty], bool]] = []
    if owner is not None:
        circles += [
            lambda person: serves(person.role) and person.staff_id == owner,
            lambda person: serves(person.role) and owner in line.stands_in.get(person.staff_id, frozenset()),
        ]
    if team is not None:
        circles.append(lambda person: works(person) and person.team_id == team)
    if branch is not None:
        circles.append(lambda person: works(person) and person.branch_id == branch)
    circles.append(works)
    if team is not None:
        circles.append(lambda person: leads(person, team, 0))
    if branch is not None:
        circles.append(lambda person: leads(person, branch, 1))
    circles.append(leads_any)
    return circles
