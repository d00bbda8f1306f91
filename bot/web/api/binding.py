"""What a request says, as the models of its route: path and query, idempotency key, body."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeVar

from aiohttp import hdrs, web
from pydantic import ValidationError

from bot.web.api.problem import KEY_MISSING, MALFORMED, MEDIA_TYPE, TOO_LARGE, Refused, invalid
from bot.web.api.route import LARGEST_BODY, AnyRoute, Body, Parameters

B = TypeVar("B", bound=Body)
IDEMPOTENCY_KEY: Final = "Idempotency-Key"
KEY_PATTERN: Final = r"^[!-~]{1,128}$"


def read_parameters(route: AnyRoute, request: web.Request) -> Parameters:
    """Return what path and query say. Raises Refused, naming every field that is wrong."""
    query = request.query
    repeated = [name for name in set(query) if len(query.getall(name)) > 1]
    if repeated:
        raise invalid(*[("query", name, "given more than once") for name in sorted(repeated)])
    hidden = [name for name in query if name in route.path_names]
    if hidden:
        raise invalid(*[("query", name, "belongs into the path") for name in sorted(hidden)])
    try:
        parameters: Parameters = route.parameters.model_validate({**query, **request.match_info})
    except ValidationError as error:
        raise _wrong(error, dict.fromkeys(route.path_names, "path"), otherwise="query") from None
    return parameters


def read_idempotency_key(headers: Mapping[str, str]) -> str:
    """Return the client's word for a write. Raises Refused."""
    key = headers.get(IDEMPOTENCY_KEY)
    if key is None:
        raise Refused(
            KEY_MISSING, f"send the header {IDEMPOTENCY_KEY} with a word of your own, and the same one when you repeat"
        )
    if not re.fullmatch(KEY_PATTERN, key):
        raise invalid(("header", IDEMPOTENCY_KEY, "not 1 to 128 visible ASCII characters"))
    return key


async def read_body(request: web.Request, model: type[B], *, largest: int = LARGEST_BODY) -> B:
    """Return the body of a write. Raises Refused."""
    if request.content_type != "application/json":
        raise Refused(MEDIA_TYPE, "send the body as JSON, with Content-Type: application/json")
    if request.headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
        raise Refused(MEDIA_TYPE, "send the body as it is, without Content-Encoding")
    try:
        return model.model_validate_json(await _bytes(request, largest))
    except ValidationError as error:
        if any(each["type"] == "json_invalid" for each in error.errors()):
            raise Refused(MALFORMED, "the body is not JSON in UTF-8") from None
        raise _wrong(error, {}, otherwise="body") from None


async def _bytes(request: web.Request, largest: int) -> bytes:
    too_large = Refused(TOO_LARGE, f"a body has at most {largest} bytes here")
    if (request.content_length or 0) > largest:
        raise too_large
    try:
        # What the application around takes of a callback is less than some routes do.
        body = await request.clone(client_max_size=largest + 1).read()
    except web.HTTPRequestEntityTooLarge:
        raise too_large from None
    except (ConnectionError, web.RequestPayloadError):
        raise Refused(MALFORMED, "the connection ended before the body did") from None
    if len(body) > largest:
        raise too_large
    return body


_Place = Literal["path", "query", "header", "body"]


def _wrong(error: ValidationError, places: Mapping[Any, _Place], *, otherwise: _Place) -> Refused:
    """Return the problem of a failed validation; what was sent is not said back."""
    found: list[tuple[_Place, str, str]] = []
    for each in error.errors(include_url=False, include_context=False, include_input=False):
        place = places.get(each["loc"][0], otherwise) if each["loc"] else otherwise
        found.append((place, ".".join(str(part) for part in each["loc"]), each["msg"]))
    return invalid(*found)
