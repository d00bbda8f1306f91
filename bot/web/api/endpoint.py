"""One route over HTTP: who asks, may they, what do they ask, do it, answer; and every error as a problem."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final

import structlog
from aiohttp import hdrs, web

from bot.web.api.binding import read_body, read_idempotency_key, read_parameters
from bot.web.api.key_holders import KeyHolders, permit
from bot.web.api.once import Once, fingerprint
from bot.web.api.problem import (
    INTERNAL,
    MALFORMED,
    METHOD,
    NOT_FOUND,
    PROBLEM_TYPE,
    TOO_LARGE,
    UNAVAILABLE,
    Refused,
)
from bot.web.api.route import AnyRoute, Call, NoBody
from storage.errors import StorageError
from storage.idempotency import Ask

#: Said with an answer that had been given before.
REPLAYED: Final = "Idempotency-Replayed"
#: Answers are about people: no proxy keeps them, and no browser guesses what they are.
_HEADERS: Final = {hdrs.CACHE_CONTROL: "no-store", "X-Content-Type-Options": "nosniff"}


class Endpoint:
    """Answers the requests of one route."""

    def __init__(self, route: AnyRoute, *, holders: KeyHolders, once: Once) -> None:
        self._route = route
        self._holders = holders
        self._once = once

    async def answer(self, request: web.Request) -> web.Response:
        """Return what the route answers. Raises Refused and StorageError."""
        route = self._route
        viewer = await self._holders.viewer(request.headers)
        permit(route, viewer)
        parameters = read_parameters(route, request)
        if not route.is_write:
            shown = await route.handle(Call(viewer=viewer, parameters=parameters, body=NoBody()))
            return _response(200, shown.model_dump_json().encode())
        key = read_idempotency_key(request.headers)
        body = await read_body(request, route.body, largest=route.largest)
        call: Call[Any, Any] = Call(viewer=viewer, parameters=parameters, body=body, key=key)
        # Only keys come here, so there is one.
        ask = Ask(api_key_id=viewer.api_key_id or 0, key=key, fingerprint=fingerprint(route, call))
        sent = await self._once.answer(ask, partial(route.handle, call))
        return _response(sent.status, sent.body, {REPLAYED: "true"} if sent.is_repeated else None)


def _response(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> web.Response:
    content_type = "application/json" if status < 400 else PROBLEM_TYPE
    return web.Response(
        status=status, body=body, headers={**_HEADERS, **(headers or {}), hdrs.CONTENT_TYPE: content_type}
    )


@web.middleware
async def as_problems(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Answer every error below /api/v1 with a problem document, unknown paths and methods too."""
    try:
        return await handler(request)
    except Refused as refused:
        told = refused
    except web.HTTPException as error:
        told = _told(error)
    except StorageError as error:
        structlog.get_logger().error("A call of the API was not done.", action="api_unavailable", detail=str(error))
        told = Refused(UNAVAILABLE, "the database does not answer; try again later", headers={hdrs.RETRY_AFTER: "5"})
    except Exception:  # noqa: BLE001 - whatever it is, the client gets a problem and the log the traceback
        structlog.get_logger().exception("A call of the API failed.", action="api_failed", path=request.path)
        told = Refused(INTERNAL, "the server failed; its log says why (api_failed)")
    return _response(told.kind.status, told.body, told.headers)


def _told(error: web.HTTPException) -> Refused:
    """Return what aiohttp says by itself as a problem."""
    match error.status:
        case 404:
            return Refused(NOT_FOUND, "there is no such path; /api/v1/openapi.json lists those there are")
        case 405:
            allowed = error.headers.get(hdrs.ALLOW, "")
            return Refused(METHOD, f"this path knows {allowed}", headers={hdrs.ALLOW: allowed})
        case 413:
            return Refused(TOO_LARGE, "the body is too large")
        case _:
            return Refused(MALFORMED, error.reason)
