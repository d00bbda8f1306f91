"""A platform's own sessions, kept in memory: who serves whom there, and calls that fail when a test wants it."""

from __future__ import annotations

from handlers.conversation.ports import ServicerRefused, Session, SessionState
from handlers.delivery.errors import Rejected

_MOVES = {
    SessionState.NEW: {SessionState.BOT, SessionState.POOL, SessionState.PERSON},
    SessionState.BOT: {SessionState.POOL, SessionState.PERSON},
    SessionState.POOL: {SessionState.PERSON},
    SessionState.PERSON: {SessionState.PERSON, SessionState.ENDED},
    SessionState.ENDED: set[SessionState](),
}


class KeptSessions:
    """A `handlers.conversation.ports.Sessions` with the platform's table of moves."""

    def __init__(self, *servicers: str) -> None:
        #: Who takes customers at the moment.
        self.servicers = set(servicers)
        self.sessions: dict[str, Session] = {}
        #: Every call in order: (person, to, staff); a question has no `to`.
        self.calls: list[tuple[str, SessionState | None, str | None]] = []
        #: Raised by the next calls that move, one after another; None lets one pass.
        self.errors: list[BaseException | None] = []
        #: Raised after a move was made: the answer got lost.
        self.lost: list[BaseException] = []

    async def state(self, person: str) -> Session:
        self.calls.append((person, None, None))
        return self.sessions.get(person, Session(state=SessionState.NEW))

    async def move(self, person: str, to: SessionState, *, staff: str | None = None) -> str | None:
        self.calls.append((person, to, staff))
        error = self.errors.pop(0) if self.errors else None
        if error is not None:
            raise error
        before = self.sessions.get(person, Session(state=SessionState.NEW))
        if to not in _MOVES[before.state]:
            raise Rejected(f"{before.state} to {to}", code=95016)
        if to is SessionState.PERSON and staff not in self.servicers:
            raise ServicerRefused(f"{staff} is no servicer", code=95014)
        self.sessions[person] = Session(state=to, staff=staff if to is SessionState.PERSON else None)
        if self.lost:
            raise self.lost.pop(0)
        is_first = to in (SessionState.POOL, SessionState.PERSON) and before.state in (
            SessionState.NEW,
            SessionState.BOT,
        )
        return f"code-{len(self.calls)}" if is_first or to is SessionState.ENDED else None

    def moves(self) -> list[tuple[SessionState, str | None]]:
        """Return the moves that were asked for, in order."""
        return [(to, staff) for _, to, staff in self.calls if to is not None]
