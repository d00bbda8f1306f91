"""Who looks at conversations and people, and how far: every reader of them takes a viewer."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, exists, false, or_, select, true, union_all

from content.rights import Permission, Role, Scope
from content.value import value
from storage.tables import ACCOUNT, CUSTOMER_OWNER, IDENTITY


@value
class Viewer:
    """A person, a key or a command that reads; a filter in SQL: nothing beyond the scope leaves the database."""

    name: str
    role: str
    permissions: frozenset[Permission] = frozenset()
    scope: Scope = Scope.OWN
    #: Themselves, and those of whom they are the deputy now.
    staff_ids: frozenset[int] = frozenset()
    team_ids: frozenset[int] = frozenset()
    #: Their branch with the branches below it.
    branch_ids: frozenset[int] = frozenset()
    #: What they may as somebody's deputy alone (`content.rights.LENT`), and in which branches; None: in all.
    lent: frozenset[Permission] = frozenset()
    lent_branch_ids: frozenset[int] | None = frozenset()
    #: Names of the accounts whose conversations they may see; None: of all.
    accounts: frozenset[str] | None = None
    staff_id: int | None = None
    api_key_id: int | None = None

    def may(self, permission: Permission) -> bool:
        """Tell whether something is permitted."""
        return permission in self.permissions

    def sees_account(self) -> ColumnElement[bool]:
        """Return the condition on ACCOUNT under which a row may be shown."""
        return true() if self.accounts is None else ACCOUNT.c.name.in_(sorted(self.accounts))

    def sees_customer(self, customer_id: ColumnElement[Any]) -> ColumnElement[bool]:
        """Return the condition under which the customer of that id may be shown.

        Who is nobody's customer is seen by those alone who see all.
        """
        if self.scope is Scope.ALL:
            return true()
        mine = exists().where(CUSTOMER_OWNER.c.customer_id == customer_id, self.owns())
        return mine.correlate_except(CUSTOMER_OWNER)

    def lists_customer(self, customer_id: ColumnElement[Any]) -> ColumnElement[bool]:
        """Return the same condition for a list of customers in order of their ids.

        The few of an agent or a team are listed first; walking down all customers until enough of them are met would
        take long. The many of a branch are met soon.
        """
        if self.scope in (Scope.ALL, Scope.BRANCH):
            return self.sees_customer(customer_id)
        return customer_id.in_(select(CUSTOMER_OWNER.c.customer_id).where(self.owns()))

    def owns(self) -> ColumnElement[bool]:
        """Return the condition on CUSTOMER_OWNER that an owner lies in the scope; not for those who see all."""
        return self.reaches(CUSTOMER_OWNER.c.staff_id, team=CUSTOMER_OWNER.c.team_id, branch=CUSTOMER_OWNER.c.branch_id)

    def reaches(
        self, staff: ColumnElement[Any], *, team: ColumnElement[Any], branch: ColumnElement[Any]
    ) -> ColumnElement[bool]:
        """Return the condition that somebody with this id, team and branch lies in the scope."""
        if self.scope is Scope.ALL:
            return true()
        return or_(false(), *self._reached(staff, team=team, branch=branch))

    def owned(self) -> Any:
        """Return the query of the customers whose owner lies in the scope, some perhaps twice; not for who sees all.

        A query a column and not one with OR: each is answered by an index alone, in a fifth of the time.
        """
        reached = self._reached(
            CUSTOMER_OWNER.c.staff_id, team=CUSTOMER_OWNER.c.team_id, branch=CUSTOMER_OWNER.c.branch_id
        )
        customers = select(CUSTOMER_OWNER.c.customer_id)
        return union_all(*[customers.where(condition) for condition in reached or [false()]])

    def _reached(
        self, staff: ColumnElement[Any], *, team: ColumnElement[Any], branch: ColumnElement[Any]
    ) -> list[ColumnElement[bool]]:
        reached = [(staff, self.staff_ids)]
        if self.scope is Scope.TEAM:
            reached.append((team, self.team_ids))
        if self.scope is Scope.BRANCH:
            reached.append((branch, self.branch_ids))
        return [column.in_(sorted(ids)) for column, ids in reached if ids]


#: Whoever runs a command on the machine has the database itself.
COMMAND_LINE: Final = Viewer(
    name="command line", role=Role.ADMINISTRATOR, permissions=frozenset(Permission), scope=Scope.ALL
)


def visible(query: Any, viewer: Viewer) -> Any:
    """Return `query`, which joins ACCOUNT and IDENTITY, without the rows that `viewer` may not see."""
    return query.where(viewer.sees_account(), viewer.sees_customer(IDENTITY.c.customer_id))
