"""What a process does: one process in all roles on one machine, or any number in each on PostgreSQL."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """One kind of work."""

    #: Takes callbacks in and answers them.
    WEB = "web"
    #: Sends the outbox and takes over abandoned conversations.
    WORKER = "worker"
    #: Runs the ticks, if it is the leader.
    SCHEDULER = "scheduler"


ALL_ROLES = frozenset(Role)


class RolesRefused(Exception):
    """The chosen roles cannot do the work; the sentence says why and what to do."""


def check_roles(roles: frozenset[Role], *, is_sqlite: bool) -> None:
    """Raise RolesRefused for some roles only on SQLite: no second process may serve there to take the others."""
    if is_sqlite and roles != ALL_ROLES:
        missing = "、".join(role for role in Role if role not in roles)
        raise RolesRefused(
            f"SQLite 上只能有一个进程在服务，它须担任全部角色，现在缺少 {missing}。"
            "请去掉 --role；要分开运行各角色，请改用 PostgreSQL（database.url 或 ZHIKE_DATABASE_URL）。"
        )
