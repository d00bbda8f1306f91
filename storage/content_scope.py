"""Which content a viewer sees, writes and reviews: conditions in SQL, so that nothing else leaves the database.

Content belongs to its author's branch, or to head office (no branch). Who sees a branch reads head office's, too, for
all may send it; writing, stopping and reviewing go no further than the own branches.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, false, or_, true

from content.rights import Permission, Scope
from storage.tables import CONTENT_ITEM
from storage.viewer import Viewer

_BRANCH = CONTENT_ITEM.c.branch_id


def reads(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition under which an item may be shown."""
    own = () if Permission.CONTENTS_READ in viewer.lent else (*_own(viewer), *_mine(viewer), *_head_office(viewer))
    return _any(*own, *_lent(viewer, Permission.CONTENTS_READ))


def writes(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition under which an item may be written, or stopped and withdrawn."""
    return _any(*_own(viewer), *_mine(viewer))


def reviews(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition under which an item may be approved and returned by somebody who may review."""
    own = () if Permission.CONTENTS_REVIEW in viewer.lent else _own(viewer)
    return _any(*own, *_lent(viewer, Permission.CONTENTS_REVIEW))


def _own(viewer: Viewer) -> tuple[ColumnElement[bool], ...]:
    if viewer.scope is Scope.ALL:
        return (true(),)
    if viewer.scope is Scope.BRANCH and viewer.branch_ids:
        return (_BRANCH.in_(sorted(viewer.branch_ids)),)
    return ()


def _mine(viewer: Viewer) -> tuple[ColumnElement[bool], ...]:
    return () if viewer.staff_id is None else (CONTENT_ITEM.c.created_by == viewer.staff_id,)


def _head_office(viewer: Viewer) -> tuple[ColumnElement[bool], ...]:
    return (_BRANCH.is_(None),) if viewer.scope is Scope.BRANCH else ()


def _lent(viewer: Viewer, permission: Permission) -> tuple[ColumnElement[bool], ...]:
    if not viewer.may(permission) or viewer.lent_branch_ids == frozenset():
        return ()
    return (true(),) if viewer.lent_branch_ids is None else (_BRANCH.in_(sorted(viewer.lent_branch_ids)),)


def _any(*conditions: Any) -> ColumnElement[bool]:
    return or_(false(), *conditions)
