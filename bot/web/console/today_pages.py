"""Today: one's own tasks and those of the scope, ending one, giving one to somebody else."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web

from bot.web.console.forgery import form_field
from bot.web.console.pages import ROOT, Page
from bot.web.console.visit import Visit
from content.rights import Permission
from handlers.tasks.board import LONGEST, NoSuchColleague, TaskBoard, sees_others

_MINE: Final = 50
_ON_A_PAGE: Final = 30
_LONGEST_USERID: Final = 64


class TodayPages:
    """Shows the board and takes what is done on it."""

    def __init__(self, board: TaskBoard) -> None:
        self._board = board

    def pages(self) -> list[Page]:
        """Return them."""
        read, write, one = Permission.TASKS_READ, Permission.TASKS_WRITE, "/today/{task}"
        return [
            Page(path="/today", permission=read, handler=self._show, title="today.title", icon="task"),
            Page(path=f"{one}/finish", permission=write, handler=self._finish, title="today.finish", method="POST"),
            Page(path=f"{one}/assign", permission=write, handler=self._assign, title="today.assign", method="POST"),
        ]

    async def _show(self, visit: Visit) -> web.StreamResponse:
        done, given = visit.query_number("done"), visit.query_number("given")
        note = None
        if done is not None:
            note = visit.words("today.is_done", number=done)
        elif given is not None:
            note = visit.words("today.is_given", number=given)
        return await self._page(visit, before=visit.query_number("before"), note=note)

    async def _finish(self, visit: Visit) -> web.StreamResponse:
        number = visit.path_number("task")
        if await self._board.finish(visit.viewer, number, await _field(visit, "disposition", LONGEST)):
            return visit.redirect(f"{ROOT}/today?done={number}")
        return await self._page(visit, status=404, problem=visit.words("today.is_gone", number=number))

    async def _assign(self, visit: Visit) -> web.StreamResponse:
        number = visit.path_number("task")
        try:
            given = await self._board.assign(visit.viewer, number, await _field(visit, "userid", _LONGEST_USERID))
        except NoSuchColleague as nobody:
            problem = visit.words("today.no_colleague", userid=nobody.userid)
            return await self._page(visit, status=422, problem=problem)
        if given:
            return visit.redirect(f"{ROOT}/today?given={number}")
        return await self._page(visit, status=404, problem=visit.words("today.is_gone", number=number))

    async def _page(self, visit: Visit, *, before: int | None = None, status: int = 200, **told: Any) -> web.Response:
        viewer = visit.viewer
        mine = await self._board.mine(viewer, limit=_MINE + 1)
        others = await self._board.others(viewer, limit=_ON_A_PAGE + 1, before=before)
        shown = others[:_ON_A_PAGE]
        return visit.page(
            "today.html",
            status=status,
            mine=mine[:_MINE],
            has_more=len(mine) > _MINE,
            most=_MINE,
            sees_others=sees_others(viewer),
            others=shown,
            may_write=viewer.may(Permission.TASKS_WRITE),
            is_first=before is None,
            following=shown[-1].row.id if len(others) > _ON_A_PAGE else None,
            **{"note": None, "problem": None, **told},
        )


async def _field(visit: Visit, name: str, longest: int) -> str:
    """Return a field of the form without control characters, of which PostgreSQL takes no NUL."""
    text = await form_field(visit.request, name)
    return "".join(char for char in text if char.isprintable())[:longest]
