"""What a member of staff or a key may do and how far they see, as a viewer."""

from __future__ import annotations

from content.rights import LENT, PERMITTED, USUAL_SCOPE, Permission, Role, Scope
from storage.api_keys import KeyRow
from storage.organisation import Member
from storage.viewer import Viewer


class Forbidden(Exception):
    """A viewer may not do something; the sentence names the permission that is missing."""

    def __init__(self, permission: Permission) -> None:
        super().__init__(f"没有权限：{permission}")
        self.permission = permission


def viewer_of(member: Member) -> Viewer:
    """Return a member of staff as a viewer; a role or scope that this version does not know permits nothing."""
    role = _role(member.role)
    own = frozenset() if role is None else PERMITTED[role]
    lent, lent_branch_ids = _lent(member)
    return Viewer(
        name=member.name,
        role=member.role,
        permissions=own | lent,
        lent=lent - own,
        lent_branch_ids=lent_branch_ids,
        scope=Scope.OWN if role is None else _scope(member.scope, role),
        # A deputy stands in for the customers somebody owns, not for their wider scope.
        staff_ids=frozenset({member.id}) | member.stands_in_for,
        team_ids=frozenset() if member.team_id is None else frozenset({member.team_id}),
        branch_ids=member.branch_ids,
        staff_id=member.id,
    )


def viewer_of_key(key: KeyRow, *, branch_ids: frozenset[int]) -> Viewer:
    """Return an API key as a viewer; `branch_ids`: its branch with those below it."""
    return Viewer(
        name=f"API {key.name}",
        role="api_key",
        permissions=key.permissions,
        scope=key.scope,
        branch_ids=branch_ids,
        api_key_id=key.id,
    )


def require(viewer: Viewer, permission: Permission) -> None:
    """Raise Forbidden unless `viewer` may."""
    if not viewer.may(permission):
        raise Forbidden(permission)


def _lent(member: Member) -> tuple[frozenset[Permission], frozenset[int] | None]:
    """Return what a deputy may in somebody's place, and in which branches; None for all of them.

    Only of those who may review: a deputy writes and stops nothing in another's name.
    """
    lent: frozenset[Permission] = frozenset()
    branch_ids: frozenset[int] | None = frozenset()
    for lender in member.lenders:
        role = _role(lender.role)
        if role is None or Permission.CONTENTS_REVIEW not in PERMITTED[role]:
            continue
        lent |= LENT & PERMITTED[role]
        scope = _scope(lender.scope, role)
        if scope is Scope.ALL or branch_ids is None:
            branch_ids = None
        elif scope is Scope.BRANCH:
            branch_ids |= lender.branch_ids
    return lent, branch_ids


def _role(word: str) -> Role | None:
    return Role(word) if word in set(Role) else None


def _scope(word: str | None, role: Role) -> Scope:
    if word is None:
        return USUAL_SCOPE[role]
    return Scope(word) if word in set(Scope) else Scope.OWN
