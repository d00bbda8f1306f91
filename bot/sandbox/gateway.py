"""The door of the server APIs: faults, tokens, encoding, and the record, the same for every API family.

A family is a list of `ApiRoute`; its handlers decide at once and return an `Outcome`. The gateway writes the call and
what it shows to the record, and only then lets anybody see it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from aiohttp import web

from bot.sandbox.chats import Chats
from bot.sandbox.clock import PlatformClock
from bot.sandbox.errcodes import errmsg
from bot.sandbox.errors import ApiError
from bot.sandbox.faults import REFUSALS, Fault, FaultBook, FaultKind
from bot.sandbox.record import Record
from bot.sandbox.shown import Shown
from bot.sandbox.tokens import TokenBook
from bot.sandbox.world import Account

A = TypeVar("A", bound=Account)

#: A \uXXXX escape whose backslash is not itself escaped; the platforms refuse it (40033).
_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\u[0-9a-fA-F]{4}")


@dataclass(slots=True, kw_only=True)
class Call(Generic[A]):
    """One call of a server API."""

    path: str
    method: str
    query: Mapping[str, str]
    remote: str
    now: float
    raw: bytes = b""
    #: The JSON body; empty for GET and uploads.
    body: dict[str, Any] = field(default_factory=dict)
    upload: tuple[bytes, str] | None = None
    #: Whose token it carries; for token requests the handler fills it in.
    account: A | None = None
    #: Persons' ids or userids the call is about.
    people: frozenset[str] = frozenset()
    #: What a restarted sandbox must know, although the call is refused.
    kept: dict[str, Any] = field(default_factory=dict)

    @property
    def holder(self) -> A:
        """The account, on a route that needs a token."""
        if self.account is None:
            raise ApiError(41001)
        return self.account

    def text(self, name: str, *, missing: int) -> str:
        """Return the string `name` of the body. Raises ApiError `missing` when it is absent, 47001 when no string."""
        value = self.body.get(name)
        if value is None or value == "":
            raise ApiError(missing, name)
        if not isinstance(value, str):
            raise ApiError(47001, f"{name} must be a string")
        return value

    def part(self, name: str, *, missing: int) -> dict[str, Any]:
        """Return the object `name` of the body. Raises ApiError `missing` when it is absent or no object."""
        value = self.body.get(name)
        if not isinstance(value, dict):
            raise ApiError(missing, name)
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """A message that a person gets to see by this call."""

    person: str
    message: Shown
    #: Added to the line on record and to the chat, for example the msgid.
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a call does: fields of the answer, messages that are shown, or a file instead of JSON."""

    payload: Mapping[str, Any] = field(default_factory=dict)
    #: The account in whose chats messages are shown, where it need not be the token's.
    account: str = ""
    #: custom_send, message_send, kf_send or kf_on_event.
    via: str = ""
    delivered: tuple[Delivered, ...] = ()
    #: What else goes on record, for example a recall.
    lines: tuple[Mapping[str, Any], ...] = ()
    #: What a restarted sandbox must know of the call and no other line says, for example a menu (`replay.py`).
    kept: Mapping[str, Any] = field(default_factory=dict)
    #: Called once all of it is durable.
    then: Callable[[], None] | None = None
    file: tuple[bytes, str] | None = None
    #: True: the answer has no errcode when all is well (token requests).
    bare: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRoute(Generic[A]):
    """One server API."""

    method: str
    path: str
    handle: Callable[[Call[A]], Outcome]
    #: False: the API gives out tokens or needs none.
    token: bool = True
    #: True: the body is a multipart upload of one file.
    upload: bool = False
    #: Who the call is about, read before it is checked, for the faults.
    people: Callable[[Call[A]], Iterable[str]] | None = None
    #: Fills in the account of a route without token.
    account: Callable[[Call[A]], A | None] | None = None


class Gateway(Generic[A]):
    """Serves the API families of one platform under one prefix."""

    def __init__(
        self,
        *,
        channel: str,
        prefix: str,
        tokens: TokenBook[A],
        clock: PlatformClock,
        record: Record,
        chats: Chats,
        faults: FaultBook,
        allow: Callable[[Call[A]], None] | None = None,
    ) -> None:
        """`allow` may refuse calls with a valid token, for example because of the caller's address."""
        self._allow = allow
        self._channel = channel
        self._prefix = prefix
        self._tokens = tokens
        self._clock = clock
        self._record = record
        self._chats = chats
        self._faults = faults

    def routes(self, *families: Iterable[ApiRoute[A]]) -> list[web.RouteDef]:
        """Return the HTTP routes of all `families`; every method is routed, because a wrong one has its own errcode."""
        return [web.route("*", self._prefix + r.path, self._handler(r)) for family in families for r in family]

    def _handler(self, route: ApiRoute[A]) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.StreamResponse:
            return await self._serve(request, route)

        return handle

    async def _serve(self, request: web.Request, route: ApiRoute[A]) -> web.StreamResponse:
        call = await self._read(request, route)
        if self._hit(FaultKind.DROP_BEFORE_ACCEPT, call) is not None:
            await self._note(call, errcode=None, fault="drop_before_accept")
            return _hang_up(request)
        slow = self._hit(FaultKind.SLOW, call)
        if slow is not None:
            await self._clock.sleep(slow.seconds if slow.seconds is not None else 1.0)
            call.now = self._clock.now()
        answer = await self._carry_out(call, route)
        if self._hit(FaultKind.DROP_AFTER_ACCEPT, call) is not None:
            return _hang_up(request)
        return answer

    async def _read(self, request: web.Request, route: ApiRoute[A]) -> Call[A]:
        token = request.query.get("access_token")
        call: Call[A] = Call(
            path=route.path,
            method=request.method,
            query=request.query,
            remote=request.remote or "",
            now=self._clock.now(),
            account=self._tokens.holder(token) if route.token else None,
        )
        if route.upload and request.content_type == "multipart/form-data":
            media = (await request.post()).get("media")
            if isinstance(media, web.FileField):
                call.upload = media.file.read(), media.content_type
        else:
            call.raw = await request.read()
            call.body = _lenient_json(call.raw)
        if route.account is not None:
            call.account = route.account(call)
        if route.people is not None:
            call.people = frozenset(route.people(call))
        return call

    async def _carry_out(self, call: Call[A], route: ApiRoute[A]) -> web.StreamResponse:
        try:
            self._check(call, route)
            outcome = route.handle(call)
        except ApiError as error:
            await self._note(call, errcode=error.errcode)
            text = errmsg(self._channel, error.errcode, error.detail)
            return _json({"errcode": error.errcode, "errmsg": text, **error.payload})
        await self._publish(call, outcome)
        if outcome.file is not None:
            data, content_type = outcome.file
            return web.Response(body=data, headers={"Content-Type": content_type})
        head = {} if outcome.bare else {"errcode": 0, "errmsg": "ok"}
        return _json({**head, **outcome.payload})

    def _check(self, call: Call[A], route: ApiRoute[A]) -> None:
        busy = self._hit(FaultKind.BUSY, call)
        if busy is not None:
            raise ApiError(busy.refusal())
        if call.method != route.method:
            raise ApiError(43001 if route.method == "GET" else 43002)
        if route.token:
            self._check_token(call)
        if route.method == "POST" and not route.upload:
            _check_json(call)
        # Token requests count too: their account is known by its id before the secret is looked at.
        if call.account is not None and call.account.calls.take(call.path, now=call.now):
            call.kept["counted"] = True
        for kind in REFUSALS:
            fault = None if kind is FaultKind.BUSY else self._hit(kind, call)
            if fault is not None:
                raise ApiError(fault.refusal())

    def _check_token(self, call: Call[A]) -> None:
        token = call.query.get("access_token")
        self._tokens.check(token, now=call.now)
        for kind in (FaultKind.EXPIRED_TOKEN, FaultKind.INVALID_TOKEN):
            if self._hit(kind, call) is not None:
                superseded = kind is FaultKind.INVALID_TOKEN
                self._tokens.end(token, now=call.now, superseded=superseded)
                call.kept["ended"] = {"value": token, "superseded": superseded}
                self._tokens.check(token, now=call.now)
        if self._allow is not None:
            self._allow(call)

    def _hit(self, kind: FaultKind, call: Call[A]) -> Fault | None:
        name = call.account.name if call.account is not None else None
        return self._faults.take(kind, account=name, people=call.people, path=call.path)

    async def _publish(self, call: Call[A], outcome: Outcome) -> None:
        name = outcome.account or (call.account.name if call.account else "")
        shown = [
            (d, {"via": outcome.via, "push": None, **d.message.described(), **d.details}) for d in outcome.delivered
        ]
        lines = [{"what": "shown", "account": name, "person": d.person, **seen} for d, seen in shown]
        call.kept.update(outcome.kept)
        await self._note(call, *outcome.lines, *lines, errcode=0)
        for delivered, seen in shown:
            self._chats.add((name, delivered.person), {"at": call.now, "from": "account", **seen})
        if outcome.then is not None:
            outcome.then()

    async def _note(
        self, call: Call[A], *more: Mapping[str, Any], errcode: int | None, fault: str | None = None
    ) -> None:
        line: dict[str, Any] = {"what": "call", "path": call.path, "account": call.account.name if call.account else ""}
        line["errcode"] = errcode
        if call.people:
            line["person"] = min(call.people) if len(call.people) == 1 else sorted(call.people)
        if fault is not None:
            line["fault"] = fault
        if call.kept:
            line["kept"] = call.kept
        await self._record.write(line, *more)


def _lenient_json(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw) if raw else {}
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _check_json(call: Call[Any]) -> None:
    if not call.raw:
        raise ApiError(44002)
    if _ESCAPE.search(call.raw):
        raise ApiError(40033)
    try:
        body = json.loads(call.raw)
    except ValueError as error:
        raise ApiError(47001) from error
    if not isinstance(body, dict):
        raise ApiError(47001)


def _json(payload: Mapping[str, Any]) -> web.Response:
    text = json.dumps(payload, ensure_ascii=False)
    return web.Response(text=text, content_type="application/json", charset="utf-8")


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
