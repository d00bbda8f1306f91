"""The OpenAPI 3.1 document of the routes, made of the models that read and write them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from aiohttp import hdrs
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from bot.web.api.binding import IDEMPOTENCY_KEY, KEY_PATTERN
from bot.web.api.endpoint import REPLAYED
from bot.web.api.problem import (
    FORBIDDEN,
    IN_PROGRESS,
    INTERNAL,
    INVALID,
    KEY_MISSING,
    KEY_REUSED,
    MALFORMED,
    MEDIA_TYPE,
    PROBLEM_TYPE,
    TOO_LARGE,
    UNAUTHORIZED,
    UNAVAILABLE,
    Kind,
    Problem,
)
from bot.web.api.route import AnyRoute

_REFERENCE: Final = "#/components/schemas/{model}"
_ALWAYS: Final = (UNAUTHORIZED, INTERNAL, UNAVAILABLE)
_OF_WRITES: Final = (MALFORMED, KEY_MISSING, IN_PROGRESS, TOO_LARGE, MEDIA_TYPE, INVALID, KEY_REUSED)
#: Headers that come with a status.
_TOLD: Final = {
    401: {hdrs.WWW_AUTHENTICATE: "How to authenticate (RFC 6750)."},
    409: {hdrs.RETRY_AFTER: "Seconds after which to ask again."},
    503: {hdrs.RETRY_AFTER: "Seconds after which to ask again."},
}
Schema = dict[str, Any]


def kinds_of(route: AnyRoute) -> tuple[Kind, ...]:
    """Return every kind of problem that a route can answer with, by status."""
    kinds = {*_ALWAYS, *route.problems, INVALID}
    if route.permission is not None:
        kinds.add(FORBIDDEN)
    if route.is_write:
        kinds |= set(_OF_WRITES)
    return tuple(sorted(kinds, key=lambda kind: (kind.status, kind.word)))


def build_document(routes: Sequence[AnyRoute], *, server: str) -> Schema:
    """Return the document; `server`: the address below which the paths lie."""
    schemas = _schemas(routes)
    paths: Schema = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Zhike 知客",
            "version": "1",
            "description": "What other systems of the insurer read and change. docs/api.md explains it.",
        },
        "servers": [{"url": server}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "An API key (`zhike key add`)."}
            },
        },
    }


def _schemas(routes: Iterable[AnyRoute]) -> Schema:
    models: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {(Problem, "serialization"): None}
    for route in routes:
        models[(route.answer, "serialization")] = None
        if route.is_write:
            models[(route.body, "validation")] = None
    _, found = models_json_schema(list(models), ref_template=_REFERENCE, by_alias=True)
    schemas: Schema = found["$defs"]
    return schemas


def _operation(route: AnyRoute) -> Schema:
    responses: Schema = {"200": _answer(route)}
    for kind in kinds_of(route):
        _add(responses, kind)
    needs = "any valid key" if route.permission is None else f"`{route.permission}`"
    operation: Schema = {
        "operationId": route.name,
        "summary": route.summary,
        "description": f"Needs {needs}{', and a key that sees all' if route.is_whole else ''}.",
        "parameters": _parameters(route),
        "responses": dict(sorted(responses.items())),
    }
    if route.is_write:
        reference = {"$ref": _REFERENCE.format(model=route.body.__name__)}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": reference}}}
    return operation


def _answer(route: AnyRoute) -> Schema:
    reference = {"$ref": _REFERENCE.format(model=route.answer.__name__)}
    answer: Schema = {
        "description": (route.answer.__doc__ or "").strip(),
        "content": {"application/json": {"schema": reference}},
    }
    if route.is_write:
        answer["headers"] = {
            REPLAYED: {
                "description": "`true` with an answer that had been given to the key before.",
                "schema": {"type": "string", "const": "true"},
            }
        }
    return answer


def _add(responses: Schema, kind: Kind) -> None:
    """Put a kind of problem to the response of its status; several kinds share one."""
    said = f"`{kind.word}`: {kind.title}."
    known = responses.get(str(kind.status))
    if known is not None:
        known["description"] += f" {said}"
        return
    response: Schema = {
        "description": said,
        "content": {PROBLEM_TYPE: {"schema": {"$ref": _REFERENCE.format(model=Problem.__name__)}}},
    }
    if kind.status in _TOLD:
        response["headers"] = {
            name: {"description": text, "schema": {"type": "string"}} for name, text in _TOLD[kind.status].items()
        }
    responses[str(kind.status)] = response


def _parameters(route: AnyRoute) -> list[Schema]:
    """Return path, query and header of a route."""
    whole = route.parameters.model_json_schema(mode="validation")
    found = [_parameter(name, schema, route) for name, schema in whole.get("properties", {}).items()]
    if route.is_write:
        found.append(
            {
                "name": IDEMPOTENCY_KEY,
                "in": "header",
                "required": True,
                "description": "Your own word for this write; the same one when you repeat it within 24 hours.",
                # One of its own for each operation: a key that stood for another write is refused.
                "schema": {
                    "type": "string",
                    "pattern": KEY_PATTERN,
                    "minLength": 1,
                    "maxLength": 128,
                    "examples": [f"{route.name}-1"],
                },
            }
        )
    return found


def _parameter(name: str, schema: Schema, route: AnyRoute) -> Schema:
    is_path = name in route.path_names
    kept = {key: part for key, part in schema.items() if key not in ("title", "description", "anyOf", "default")}
    # A query cannot say null: what may be left out is described by what it is when it is there.
    [given] = [each for each in schema.get("anyOf", [{}]) if each.get("type") != "null"]
    said = schema.get("description") or given.pop("description", "")
    if schema.get("default") is not None:
        kept["default"] = schema["default"]
    return {
        "name": name,
        "in": "path" if is_path else "query",
        "required": is_path,
        "description": said,
        "schema": {**kept, **given},
    }
