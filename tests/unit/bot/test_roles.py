"""Which roles one process may take."""

from __future__ import annotations

import pytest

from bot.roles import ALL_ROLES, Role, RolesRefused, check_roles


def test_on_sqlite_one_process_takes_all_roles() -> None:
    check_roles(ALL_ROLES, is_sqlite=True)
    for role in Role:
        with pytest.raises(RolesRefused, match="请去掉 --role"):
            check_roles(frozenset({role}), is_sqlite=True)


def test_the_roles_that_nobody_would_take_are_named() -> None:
    with pytest.raises(RolesRefused, match="缺少 worker。"):
        check_roles(frozenset({Role.WEB, Role.SCHEDULER}), is_sqlite=True)


def test_on_postgresql_a_process_takes_any() -> None:
    for role in Role:
        check_roles(frozenset({role}), is_sqlite=False)
