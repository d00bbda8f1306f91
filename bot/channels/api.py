"""One call of a platform's server API over aiohttp: JSON there, JSON back, and what it means when neither works.

A file goes there as a form, and comes back as it is, up to a number of bytes.

What counts is whether the request may have had an effect:
- no connection came about: nothing left this machine, `RetryLater`;
- the connection stood and no readable answer came (time-out, reset, cut short, a 5xx page): `OutcomeUnknown`;
- an answer with an error code, whatever the HTTP status: the platform's table decides (`bot.channels.reactions`).

The access token travels in the query, so addresses are never logged and never part of an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import aiohttp
import structlog

from bot.channels.reactions import ReactionTable, error_for
from bot.channels.replies import compact_json
from handlers.clock import Clock
from handlers.delivery.errors import (
    AccountBlocked,
    ChannelError,
    MediaTooLarge,
    NotAPicture,
    OutcomeUnknown,
    RetryLater,
)

_log = structlog.get_logger(__name__)
#: The platform's id of a request, for its support; it stands at the end of errmsg.
_RID = re.compile(r"rid:\s*([0-9A-Za-z-]+)")
_JSON_HEADERS = {"Content-Type": "application/json; charset=utf-8"}


class PlatformApi:
    """The server API of one platform at one base address."""

    def __init__(
        self,
        *,
        http: aiohttp.ClientSession,
        base_url: str,
        clock: Clock,
        connect_seconds: float = 3.0,
        answer_seconds: float = 10.0,
    ) -> None:
        """Take the shared session; its connector must drop idle connections before the platform does.

        (A request on a connection that the other side is just closing ends as `OutcomeUnknown`.) `answer_seconds`
        bounds the wait for each piece of the answer and, doubled, the whole call.
        """
        self._http = http
        self._base_url = base_url.rstrip("/")
        self._clock = clock
        self._timeout = aiohttp.ClientTimeout(
            total=connect_seconds + 2 * answer_seconds,
            connect=connect_seconds,
            sock_connect=connect_seconds,
            sock_read=answer_seconds,
        )

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str],
        errors: ReactionTable,
        payload: Mapping[str, Any] | None = None,
        sort_keys: bool = False,
    ) -> dict[str, Any]:
        """Return the answer's fields when its error code counts as success. Raises ChannelError."""
        request = f"{method} {path}"
        body = None if payload is None else compact_json(payload, sort_keys=sort_keys).encode("utf-8")
        status, answer = await self._exchange(request, method, path, query=query, body=body)
        return self._accepted(request, status, answer, errors)

    async def upload(
        self, path: str, *, query: Mapping[str, str], errors: ReactionTable, file: bytes, name: str, content_type: str
    ) -> dict[str, Any]:
        """Post one file as the form's field `media`; return the answer's fields. Raises ChannelError."""
        request = f"POST {path}"
        form = aiohttp.FormData()
        # As a stream: aiohttp would write large bytes in one piece, which holds up everything else.
        form.add_field("media", BytesIO(file), filename=name, content_type=content_type)
        status, answer = await self._exchange(request, "POST", path, query=query, body=form)
        if status == 413:  # a gateway's word, before the API was reached
            raise MediaTooLarge(f"{request}: HTTP 413, {len(file)} bytes are more than are taken")
        return self._accepted(request, status, answer, errors)

    async def download(self, path: str, *, query: Mapping[str, str], errors: ReactionTable, most_bytes: int) -> bytes:
        """Return a file. Raises ChannelError: MediaTooLarge when it has more bytes, NotAPicture for fields without it.

        The platforms answer JSON, with status 200, when there is none; no picture begins as JSON does.
        """
        request = f"GET {path}"
        status, answer = await self._exchange(request, "GET", path, query=query, most_bytes=most_bytes)
        if status == 200 and answer and not answer.startswith(b"{"):
            if len(answer) > most_bytes:
                raise MediaTooLarge(f"{request}: the file has more than {most_bytes} bytes")
            return answer
        self._accepted(request, status, answer, errors)
        raise NotAPicture(f"{request}: the platform gave fields in place of a file")

    def _accepted(self, request: str, status: int, answer: bytes, errors: ReactionTable) -> dict[str, Any]:
        fields = _fields(answer)
        code = _error_code(fields, status=status) if fields is not None else None
        if fields is None or code is None:
            raise self._unreadable(request, status)
        error = error_for(errors, code, request=request, now=self._clock.now())
        if error is not None:
            rid = _RID.search(str(fields.get("errmsg", "")))
            _log.warning("api_refused", request=request, code=code, rid=rid and rid[1], error=type(error).__name__)
            raise error
        return fields

    async def _exchange(
        self,
        request: str,
        method: str,
        path: str,
        *,
        query: Mapping[str, str],
        body: bytes | aiohttp.FormData | None = None,
        most_bytes: int | None = None,
    ) -> tuple[int, bytes]:
        """Return status and answer; of an answer with more than `most_bytes` one byte more than that."""
        try:
            async with self._http.request(
                method,
                self._base_url + path,
                params=query,
                data=body,
                headers=_JSON_HEADERS if isinstance(body, bytes) else None,
                timeout=self._timeout,
                allow_redirects=False,
                raise_for_status=False,
            ) as response:
                if most_bytes is None:
                    return response.status, await response.read()
                return response.status, await _beginning(response.content, most_bytes + 1)
        # The order matters: time-outs of connecting are also time-outs, and refused connections also OSErrors.
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise RetryLater(f"{request}: no connection to the platform ({type(error).__name__})") from error
        except aiohttp.InvalidURL as error:
            raise AccountBlocked(f"{request}: api_base_url in the settings is not an address") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise OutcomeUnknown(f"{request}: sent, but no whole answer came ({type(error).__name__})") from error

    def _unreadable(self, request: str, status: int) -> ChannelError:
        _log.warning("api_unreadable", request=request, status=status)
        if status == 429:
            return RetryLater(f"{request}: HTTP 429, too many calls")
        if 300 <= status < 500:
            # A gateway's refusal: the API itself was not reached.
            return AccountBlocked(f"{request}: HTTP {status} instead of an answer; check api_base_url in the settings")
        return OutcomeUnknown(f"{request}: HTTP {status} without a readable answer")


async def _beginning(stream: aiohttp.StreamReader, most_bytes: int) -> bytes:
    """Return what comes, and no more than `most_bytes` of it."""
    parts: list[bytes] = []
    room = most_bytes
    while room > 0 and (part := await stream.read(min(room, 1 << 16))):
        parts.append(part)
        room -= len(part)
    return b"".join(parts)


def _fields(answer: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(answer)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _error_code(fields: Mapping[str, Any], *, status: int) -> int | None:
    """Return errcode; when it is absent 0 from the API (200) and None from anything else; None when it is no number."""
    code = fields.get("errcode", 0 if status == 200 else None)
    if isinstance(code, str) and re.fullmatch(r"-?[0-9]{1,9}", code):
        return int(code)
    return code if isinstance(code, int) and not isinstance(code, bool) else None
