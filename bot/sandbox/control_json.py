"""How the control API reads and writes JSON, and how it refuses: a status and {"error": sentence}."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from bot.sandbox.errors import ControlError

M = TypeVar("M", bound=BaseModel)
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Input(BaseModel):
    """A body of the control API; fields it does not know are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def reply(data: object) -> web.Response:
    """Return `data` as JSON."""
    text = json.dumps(data, ensure_ascii=False)
    return web.Response(text=text, content_type="application/json", charset="utf-8")


async def read_input(request: web.Request, model: type[M]) -> M:
    """Return the JSON body as `model`. Raises ControlError 422 with the fields that are wrong."""
    try:
        return model.model_validate_json(await request.read())
    except ValidationError as error:
        problems = "；".join(f"{'.'.join(str(p) for p in e['loc']) or '请求'}：{e['msg']}" for e in error.errors())
        raise ControlError(422, f"请求里有不对的地方：{problems}") from error


def number(request: web.Request, name: str, *, default: float) -> float:
    """Return the number `name` of the query. Raises ControlError 422 when it is none or negative."""
    try:
        value = float(request.query.get(name, default))
    except ValueError as error:
        raise ControlError(422, f"{name} 应该是数字") from error
    if not value >= 0:
        raise ControlError(422, f"{name} 不能小于 0")
    return value


@web.middleware
async def refuse_politely(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Turn a ControlError into its status and {"error": sentence}."""
    try:
        return await handler(request)
    except ControlError as error:
        response = reply({"error": error.sentence})
        response.set_status(error.status)
        return response
