"""A task in the words of the content, with China's time."""

from __future__ import annotations

from datetime import datetime

from content.local_time import local
from content.signals import TaskTexts
from content.slots import fill
from storage.hand_overs import WITHIN, Leaver
from storage.task_rounds import Untold
from storage.task_rows import TaskRow


class TaskWording:
    """Says what there is to do."""

    def __init__(self, texts: TaskTexts) -> None:
        self._texts = texts

    def told(self, task: Untold) -> str:
        """Return what the owner of a task is told."""
        slots = _slots(task.id, task.title, task.customer_id, task.due_at)
        if task.escalated_from is None:
            return fill(self._texts.given, slots)
        return fill(self._texts.escalated, slots | {"from": task.escalated_from})

    def of_leaver(self, leaver: Leaver) -> str:
        """Return what the supervisor of somebody who has left is told."""
        due = local(leaver.left_at + WITHIN)
        slots = {"name": leaver.name, "count": str(leaver.customers), "due": f"{due:%Y-%m-%d}"}
        return fill(self._texts.leaver, slots)

    @property
    def leaver_title(self) -> str:
        """What a task is called that hands a customer over."""
        return self._texts.leaver_title

    @property
    def handed_over(self) -> str:
        """What came of such a task when the customer has an owner again."""
        return self._texts.handed_over

    def listed(self, tasks: list[TaskRow], *, now: datetime) -> str:
        """Return the list of what somebody has to do."""
        if not tasks:
            return self._texts.none
        lines = [
            fill(
                self._texts.overdue if task.due_at <= now else self._texts.line,
                _slots(task.id, task.title, task.customer_id, task.due_at),
            )
            for task in tasks
        ]
        return "\n".join([fill(self._texts.head, {"count": str(len(tasks))}), *lines, self._texts.foot])

    def finished(self, task_id: int, *, done: bool) -> str:
        """Return what is said when somebody wanted to finish a task."""
        return fill(self._texts.done if done else self._texts.not_there, {"id": str(task_id)})


def _slots(task_id: int, title: str, customer_id: int, due_at: datetime) -> dict[str, str]:
    due = local(due_at)
    return {"id": str(task_id), "title": title, "customer": str(customer_id), "due": f"{due:%m-%d %H:%M}"}
