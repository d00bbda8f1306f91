"""Inbox: who waits for a person, who is served, and one handover with its talk, in which staff reply."""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Any, Final

from aiohttp import web

from bot.web.console.forgery import form_field
from bot.web.console.pages import ROOT, Page
from bot.web.console.sayings import Sayings
from bot.web.console.visit import Visit
from content.rights import Permission
from handlers.clock import Clock
from handlers.handover.board import MOST, HandoverBoard, Opened
from handlers.handover.duty_desk import Begun, DutyDesk
from handlers.handover.reply import LONGEST_REPLY, as_typed
from handlers.handover.serving import Replied, Serving, ServingDesk, Told
from handlers.handover.wording import HandoverWording
from storage.handovers import Accepted
from storage.tables.delivery import OPEN_WORDS
from storage.tables.handover import HandoverState

_KEY: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
#: What a form may have done, as the page that follows says it.
_DONE: Final = frozenset(
    {"sent", "taken", "passed", "closed", "on_duty", "on_duty_before", "off_duty", "off_duty_before"}
)


class InboxPages:
    """Shows the line and takes what is done in it; both renew themselves."""

    def __init__(
        self,
        board: HandoverBoard,
        *,
        desk: ServingDesk,
        duty: DutyDesk,
        wording: HandoverWording,
        sayings: Sayings,
        clock: Clock,
    ) -> None:
        self._board = board
        self._desk = desk
        self._duty = duty
        self._wording = wording
        self._sayings = sayings
        self._clock = clock

    def pages(self) -> list[Page]:
        """Return them."""
        read, serve, one = Permission.HANDOVERS_READ, Permission.HANDOVERS_SERVE, "/inbox/{handover}"
        acts = {"take": self._take, "reply": self._reply, "pass": self._pass, "close": self._close}
        return [
            Page(path="/inbox", permission=read, handler=self._listed, title="inbox.title", icon="headset"),
            Page(path="/inbox/duty", permission=serve, handler=self._change_duty, title="inbox.duty", method="POST"),
            Page(path=one, permission=read, handler=self._one, title="inbox.one"),
            *(
                Page(path=f"{one}/{act}", permission=serve, handler=handler, title=f"inbox.{act}", method="POST")
                for act, handler in acts.items()
            ),
        ]

    async def _listed(
        self, visit: Visit, *, status: int = 200, problem: str | None = None, draft: str = ""
    ) -> web.StreamResponse:
        return visit.page(
            "inbox_list.html" if visit.is_partial else "inbox.html",
            status=status,
            board=await self._board.groups(visit.viewer),
            most=MOST,
            may_serve=visit.viewer.may(Permission.HANDOVERS_SERVE),
            told=_told(visit),
            problem=problem,
            draft=draft,
        )

    async def _change_duty(self, visit: Visit) -> web.StreamResponse:
        if await form_field(visit.request, "on") == "no":
            ended = await self._duty.end(visit.viewer)
            return visit.redirect(f"{ROOT}/inbox?told={'off_duty_before' if ended is None else 'off_duty'}")
        begun = await self._duty.begin(visit.viewer)
        if begun is Begun.NOT_OPEN:
            opening = self._wording.opening(self._clock.now())
            return await self._listed(visit, status=409, problem=visit.words("inbox.not_open", opening=opening))
        return visit.redirect(f"{ROOT}/inbox?told={'on_duty' if begun is Begun.DONE else 'on_duty_before'}")

    async def _one(self, visit: Visit) -> web.StreamResponse:
        if not visit.is_partial:
            return await self._handover(visit, await self._opened(visit))
        opened = await self._board.opened(visit.viewer, visit.path_number("handover"))
        # Whoever has lost one to somebody beyond their sight hears it where they look.
        if opened is None:
            return visit.page("inbox_gone.html")
        return visit.page("inbox_talk.html", **self._state(visit, opened))

    async def _take(self, visit: Visit) -> web.StreamResponse:
        opened = await self._opened(visit)
        accepted, _ = await self._desk.accept(_serving(visit), opened.row.id)
        if accepted in (Accepted.DONE, Accepted.AGAIN):
            return visit.redirect(_address(opened, told="taken"))
        which = "not_on_duty" if accepted is Accepted.NOT_ON_DUTY else "gone"
        return await self._refused(visit, which)

    async def _reply(self, visit: Visit) -> web.StreamResponse:
        words, form = as_typed(await form_field(visit.request, "words")), await form_field(visit.request, "key")
        opened = await self._board.opened(visit.viewer, visit.path_number("handover"))
        if opened is None:
            problem = visit.words("inbox.gone_from_sight")
            return await self._listed(visit, status=404, problem=problem, draft=words)
        if not words or len(words) > LONGEST_REPLY or not _KEY.fullmatch(form):
            problem = visit.words("inbox.bad_reply", longest=LONGEST_REPLY)
            return await self._handover(visit, opened, status=422, problem=problem, draft=words)
        # The form names itself: sent twice it is one reply. Changed words are another one.
        key = f"console:{opened.row.id}:{form}:{hashlib.sha256(words.encode()).hexdigest()[:16]}"
        replied = await self._desk.reply(_serving(visit), opened.row, words, key=key)
        if replied.told is Told.SENT:
            return visit.redirect(_address(opened, told="sent"))
        problem = self._why(visit, replied)
        return await self._handover(visit, await self._opened(visit), status=409, problem=problem, draft=words)

    async def _pass(self, visit: Visit) -> web.StreamResponse:
        opened, userid = await self._opened(visit), await form_field(visit.request, "userid")
        if not opened.is_mine:
            return await self._refused(visit, "not_yours")
        if not userid:
            done, _ = await self._desk.decline(visit.viewer, opened.row.id)
            return visit.redirect(f"{ROOT}/inbox?told=passed") if done else await self._refused(visit, "gone")
        named = [person for person in await self._board.colleagues(visit.viewer) if person.userid == userid]
        if len(named) != 1:
            return await self._refused(visit, "no_colleague", userid=as_typed(userid)[:64])
        done, _ = await self._desk.transfer(
            visit.viewer, opened.row.id, to=named[0].staff_id, realm=named[0].realm, userid=userid
        )
        return visit.redirect(f"{ROOT}/inbox?told=passed") if done else await self._refused(visit, "not_yours")

    async def _close(self, visit: Visit) -> web.StreamResponse:
        opened = await self._opened(visit)
        done, _ = await self._desk.close(visit.viewer, opened.row.id)
        return visit.redirect(f"{ROOT}/inbox?told=closed") if done else await self._refused(visit, "not_yours")

    async def _opened(self, visit: Visit) -> Opened:
        opened = await self._board.opened(visit.viewer, visit.path_number("handover"))
        if opened is None:
            raise web.HTTPNotFound
        return opened

    async def _refused(self, visit: Visit, which: str, **slots: str) -> web.StreamResponse:
        """Show the handover as it stands now, or the list when it is out of sight, and why nothing came of it."""
        problem = visit.words(f"inbox.{which}", **slots)
        opened = await self._board.opened(visit.viewer, visit.path_number("handover"))
        if opened is None:
            return await self._listed(visit, status=409, problem=problem)
        return await self._handover(visit, opened, status=409, problem=problem)

    async def _handover(
        self, visit: Visit, opened: Opened, *, status: int = 200, problem: str | None = None, draft: str = ""
    ) -> web.StreamResponse:
        may_act = opened.is_mine and visit.viewer.may(Permission.HANDOVERS_SERVE)
        return visit.page(
            "handover.html",
            status=status,
            may_take=visit.viewer.may(Permission.HANDOVERS_SERVE) and _can_be_taken(opened),
            may_reply=may_act and opened.row.state is HandoverState.RUNNING,
            may_pass=may_act and opened.row.state in (HandoverState.OFFERED, HandoverState.RUNNING),
            colleagues=await self._board.colleagues(visit.viewer) if may_act else [],
            form_key=secrets.token_hex(16),
            longest=LONGEST_REPLY,
            told=_told(visit),
            problem=problem,
            draft=draft,
            **self._state(visit, opened),
        )

    def _state(self, visit: Visit, opened: Opened) -> dict[str, Any]:
        return {
            "opened": opened,
            "row": opened.row,
            "sayings": None
            if opened.talk is None
            else [(self._sayings.of(said, visit.words), opened.unsent.get(said.seq)) for said in opened.talk],
            #: What the page around the part was made for; when it is another by now, the part says so.
            "was": visit.query("was") or _stamp(opened),
            "stamp": _stamp(opened),
            "open_states": OPEN_WORDS,
        }

    def _why(self, visit: Visit, replied: Replied) -> str:
        if replied.told is Told.REFUSED:
            return visit.words("inbox.refused", reason=replied.reason)
        return visit.words("inbox.not_yours")


def _serving(visit: Visit) -> Serving:
    member = visit.session.member
    return Serving(viewer=visit.viewer, realm=member.realm, userid=member.userid)


def _can_be_taken(opened: Opened) -> bool:
    state = opened.row.state
    return state is HandoverState.WAITING or (state is HandoverState.OFFERED and opened.is_mine)


def _stamp(opened: Opened) -> str:
    return f"{opened.row.state.value}.{opened.row.staff_id or 0}"


def _address(opened: Opened, *, told: str) -> str:
    return f"{ROOT}/inbox/{opened.row.id}?told={told}"


def _told(visit: Visit) -> str | None:
    told = visit.query("told")
    return visit.words(f"inbox.told_{told}") if told in _DONE else None
