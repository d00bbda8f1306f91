"""What a member's departments stand for: their own rule, or one of the departments above."""

from __future__ import annotations

import pytest

from handlers.sync.places import Place, Places
from storage.sync_members import KnownDepartment

_SHANGHAI, _TEAM = Place(role="agent", branch="上海"), Place(role="agent", branch="上海", team="一组")
_PLACES = Places(
    {2: _SHANGHAI, 4: _TEAM},
    [
        KnownDepartment(id=1, name="总公司", parent_id=0),
        KnownDepartment(id=2, name="上海", parent_id=1),
        KnownDepartment(id=3, name="营销部", parent_id=2),
        KnownDepartment(id=4, name="一组", parent_id=3),
        KnownDepartment(id=7, name="圈", parent_id=8),
        KnownDepartment(id=8, name="圈", parent_id=7),
    ],
)


@pytest.mark.parametrize(
    ("departments", "place"),
    [
        ((2,), _SHANGHAI),
        ((3,), _SHANGHAI),
        ((4,), _TEAM),
        ((1,), None),
        ((1, 4), _TEAM),
        ((4, 2), _TEAM),
        ((99,), None),
        ((), None),
        ((7,), None),
    ],
)
def test_the_nearest_rule_of_the_first_department_that_has_one_counts(
    departments: tuple[int, ...], place: Place | None
) -> None:
    assert _PLACES.of(departments) == place


def test_a_department_is_named_with_those_above_it() -> None:
    assert _PLACES.path(4) == "总公司/上海/营销部/一组"
    assert _PLACES.path(99) == "99"
