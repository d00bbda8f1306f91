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
