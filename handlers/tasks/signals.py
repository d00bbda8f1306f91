"""The processor that reads what customers say for signals that need a person."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Final

from content.signals import Tasks as AuthoredTasks
from handlers.clock import Clock
from handlers.conversation.turn import STAFF_CHANNELS
from storage.cursors import LogRow
from storage.tasks import Progress, TaskDraft, Tasks

#: So long after its deadline a message still makes a task.
_STILL_NEWS: Final = timedelta(days=1)
#: By kind of message the field that holds what was said.
_WORDS: Final = {"text": "content", "voice": "recognition"}


class SignalWatch:
    """Opens a task for each signal. Reads the log behind the message path, so that it delays no answer."""

    name: Final = "signals"
    version: Final = 1
    cursor: Final = "signals.1"

    def __init__(
        self,
        authored: AuthoredTasks,
        tasks: Tasks,
        *,
        channels: Callable[[int], str | None],
        catch_all: int | None,
        clock: Clock,
    ) -> None:
        """`channels`: an account's channel by its id; None for one that is not served any more.

        `catch_all`: the member of staff who gets the tasks of who is nobody's customer.
        """
        self._signals = authored.signals
        self._tasks = tasks
        self._channels = channels
        self._catch_all = catch_all
        self._clock = clock

    async def process(self, batch: Sequence[LogRow]) -> None:
        """Open what a batch shows and move the cursor, in one transaction."""
        account_id = batch[-1].account_id
        staff = self._channels(account_id) in STAFF_CHANNELS
        drafts = [] if staff else [draft for row in batch if row.direction == "in" for draft in self._found(row)]
        progress = Progress(processor=self.cursor, account_id=account_id, seq=batch[-1].seq)
        await self._tasks.take(drafts, progress=progress, now=self._clock.now(), catch_all=self._catch_all)

    def _found(self, row: LogRow) -> list[TaskDraft]:
        words = said(row.kind, row.fields)
        since = self._clock.now() - row.sent_at
        # An old log that is read for the first time, or an archive, is history: nobody can be in time for it.
        fresh = [signal for signal in self._signals if since <= timedelta(minutes=signal.due_minutes) + _STILL_NEWS]
        found = [(signal, signal.found_in(words)) for signal in fresh] if words else []
        return [
            TaskDraft(
                cause=signal.id,
                title=signal.title,
                customer_id=row.customer_id,
                due_at=row.sent_at + timedelta(minutes=signal.due_minutes),
                account_id=row.account_id,
                seq=row.seq,
                phrase=phrase,
            )
            for signal, phrase in found
            if phrase is not None
        ]


def said(kind: str, fields: dict[str, Any] | None) -> str:
    """Return the words of a message, "" when it has none or they were destroyed."""
    words = (fields or {}).get(_WORDS.get(kind, ""))
    return words if isinstance(words, str) else ""
