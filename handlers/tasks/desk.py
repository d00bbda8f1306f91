"""Tasks in the application chat: the list of today, and finishing one."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from content.messages import MenuClick, TextReply
from content.rights import Scope
from handlers.clock import Clock
from handlers.conversation.turn import NOT_HANDLED, NotHandled, Outcome, Reply, Turn
from handlers.people.rights import viewer_of
from handlers.tasks.wording import TaskWording
from storage.organisation import Member, Organisation
from storage.tasks import Tasks

#: In their normal form.
TODAY_WORDS: Final = frozenset({"今日待办", "我的待办", "待办", "待办事项", "todo"})
#: Key of a button in the application's menu that asks the same.
TODAY_KEY: Final = "today"
#: After the number stands nothing, a space or a mark: 「完成20年缴费后能领多少」 ends no task.
_DONE: Final = re.compile(r"\s*(?:完成|办结)\s*#?\s*(\d{1,18})(?:[\s,，:：、。；;]+(.*))?", re.DOTALL)
#: Longest list that fits a message with room to spare (2,048 bytes).
_LISTED: Final = 15
_LONGEST: Final = 500


class TaskDesk:
    """What staff ask about tasks. Its routes wait for the database, so they are declared so."""

    def __init__(
        self, *, tasks: Tasks, organisation: Organisation, wording: TaskWording, version: str, clock: Clock
    ) -> None:
        self._tasks = tasks
        self._organisation = organisation
        self._wording = wording
        self._version = version
        self._clock = clock

    def is_today(self, turn: Turn) -> bool:
        """Tell whether a bound member of staff asks what there is to do."""
        if not turn.with_staff or turn.who.staff is None:
            return False
        if isinstance(turn.body, MenuClick):
            return turn.body.key == TODAY_KEY
        return any(fragment.normal in TODAY_WORDS for fragment in turn.fragments)

    async def today(self, turn: Turn) -> Outcome | NotHandled:
        """List the person's undone tasks, what is due first at the front."""
        member = await self._member(turn)
        if member is None:
            return NOT_HANDLED
        tasks = await self._tasks.of_owner(member.id, limit=_LISTED)
        return self._say(self._wording.listed(tasks, now=self._clock.now()))

    def is_done(self, turn: Turn) -> bool:
        """Tell whether a bound member of staff says that something is done."""
        return turn.with_staff and turn.who.staff is not None and _DONE.fullmatch(turn.text) is not None

    async def done(self, turn: Turn) -> Outcome | NotHandled:
        """Finish a task of the person's own with what they say came of it; those of others are ended in the console."""
        member = await self._member(turn)
        found = _DONE.fullmatch(turn.text)
        if member is None or found is None:
            return NOT_HANDLED
        task_id, disposition = int(found[1]), (found[2] or "").strip()[:_LONGEST] or "已办"
        own = replace(viewer_of(member), scope=Scope.OWN)
        done = await self._tasks.finish(task_id, disposition, viewer=own, now=self._clock.now())
        # The turn may be made anew, after a kill or because a fragment joined: what is ended stays so.
        done = done or await self._tasks.was_ended_by(task_id, member.id)
        return self._say(self._wording.finished(task_id, done=done))

    async def _member(self, turn: Turn) -> Member | None:
        now = self._clock.now()
        staff_id = await self._organisation.bound(turn.who.realm, turn.who.external_id)
        return None if staff_id is None else await self._organisation.member(staff_id, now=now)

    def _say(self, words: str) -> Outcome:
        return Outcome(replies=(Reply(content=TextReply(content=words), content_version=self._version),))
