"""Who looks at conversations and people, and how far: every reader of them takes a viewer."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, true

from content.value import value
from storage.tables import ACCOUNT


@value
class Viewer:
    """A person or a command that reads.

    Scopes by customer, team and branch narrow `sees` further when staff have them; the readers need not change.
    """

    name: str
    role: str
    #: Names of the accounts whose conversations they may see; None: of all.
    accounts: frozenset[str] | None = None

    def sees(self) -> ColumnElement[bool]:
        """Return the condition on ACCOUNT under which a row may be shown."""
        return true() if self.accounts is None else ACCOUNT.c.name.in_(sorted(self.accounts))


#: Whoever runs a command on the machine has the database itself.
COMMAND_LINE: Final = Viewer(name="command line", role="administrator")


def visible(query: Any, viewer: Viewer) -> Any:
    """Return `query`, which joins ACCOUNT, without the rows that `viewer` may not see."""
    return query.where(viewer.sees())
