"""The staff and branches of the settings, as storage takes them; what the console makes of a password."""

from __future__ import annotations

from argon2 import PasswordHasher as Argon2
from argon2.exceptions import Argon2Error, InvalidHashError

from bot.settings import Settings
from storage.organisation import BranchRow
from storage.records import StaffRow


def staff_rows(settings: Settings) -> list[StaffRow]:
    """Return the members of staff that the settings name."""
    return [
        StaffRow(
            realm=person.realm,
            userid=person.userid,
            name=person.name,
            role=person.role,
            branch=person.branch,
            team=person.team,
            scope=person.scope,
        )
        for person in settings.staff
    ]


def branch_rows(settings: Settings) -> list[BranchRow]:
    """Return the branches that the settings put below others."""
    return [BranchRow(name=branch.name, above=branch.above) for branch in settings.branches]


class Argon2Hasher:
    """Argon2id with the parameters of RFC 9106's second choice (64 MiB, three passes, four lanes)."""

    def __init__(self) -> None:
        self._argon2 = Argon2()

    def hash(self, password: str) -> str:
        return self._argon2.hash(password)

    def verify(self, password_hash: str, password: str) -> bool:
        try:
            return self._argon2.verify(password_hash, password)
        except (Argon2Error, InvalidHashError):
            return False

    def is_outdated(self, password_hash: str) -> bool:
        return self._argon2.check_needs_rehash(password_hash)
