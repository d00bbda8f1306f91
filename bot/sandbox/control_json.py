"""How the control API reads and writes JSON, and how it refuses: a status and {"error": sentence}."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from bot.sandbox.errors import ControlError

M = TypeVar("M", bound=BaseModel)

#: What is wrong with a field, by pydantic's word for it; `{limit}` is the bound it passed.
_WRONG = {
    "missing": "没有写",
    "extra_forbidden": "没有这个字段",
    "json_invalid": "不是 JSON",
    "float_type": "应该是数字",
    "float_parsing": "应该是数字",
    "finite_number": "应该是数字",
    "int_type": "应该是整数",
    "int_parsing": "应该是整数",
    "int_from_float": "应该是整数",
    "string_type": "应该是文字",
    "string_too_short": "不能为空",
    "string_too_long": "太长了",
    "bool_type": "应该是 true 或 false",
    "bool_parsing": "应该是 true 或 false",
    "model_type": "应该是一个对象",
    "list_type": "应该是一个列表",
    "too_short": "不能为空",
    "literal_error": "没有这种选择",
    "enum": "没有这种选择",
    "greater_than": "应该大于 {limit}",
    "greater_than_equal": "不能小于 {limit}",
    "less_than": "应该小于 {limit}",
    "less_than_equal": "不能大于 {limit}",
}
#: The fields that the phone page lets people write, as it calls them.
_LABELS = {"latitude": "纬度", "longitude": "经度", "label": "地点", "title": "标题", "url": "网址", "scene": "场景值"}
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
        problems = "；".join(map(_problem, error.errors(include_url=False)))
        raise ControlError(422, f"请求里有不对的地方：{problems}") from error


def _problem(detail: ErrorDetails) -> str:
    place = ".".join(_LABELS.get(str(part), str(part)) for part in detail["loc"]) or "请求"
    limits = [value for value in detail.get("ctx", {}).values() if isinstance(value, int | float)]
    limit = f"{limits[0]:g}" if limits else ""
    return f"{place}：{_WRONG.get(detail['type'], '写得不对').format(limit=limit)}"


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
