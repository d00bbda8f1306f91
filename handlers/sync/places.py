"""Where a member of a WeCom department works here: what the settings say of the department, or of one above it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from content.value import value
from storage.sync_members import KnownDepartment


@value
class Place:
    """What a department stands for here."""

    role: str
    branch: str
    team: str = ""


class Places:
    """Finds the place of a member."""

    def __init__(self, rules: Mapping[int, Place], departments: Sequence[KnownDepartment]) -> None:
        """`rules`: what departments stand for, by their ids; those below, too, unless they have a rule of their own."""
        self._rules = rules
        self._above = {department.id: department.parent_id for department in departments}
        self._names = {department.id: department.name for department in departments}

    def of(self, departments: Iterable[int]) -> Place | None:
        """Return the place of who belongs to these departments, the main one first; None when none of them has one."""
        found = (self._rules.get(above) for department in departments for above in self._upward(department))
        return next((place for place in found if place is not None), None)

    def path(self, department: int) -> str:
        """Return a department with those above it, for a person to find it by."""
        names = [self._names.get(above, str(above)) for above in self._upward(department)]
        return "/".join(reversed(names))

    def _upward(self, department: int) -> list[int]:
        chain = [department]
        # A list that leads back to itself ends here.
        while (above := self._above.get(chain[-1])) and above not in chain:
            chain.append(above)
        return chain
