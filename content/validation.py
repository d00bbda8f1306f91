"""From a document to a model: pydantic finds what is wrong, this says where it is and how to mend it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from content.document import Document, Place
from content.errors import ContentError, Problem

M = TypeVar("M", bound=BaseModel)

#: What pydantic expects, in the words of an author.
_EXPECTED = {
    "string_type": ("a text", "put it in quotes"),
    "int_type": ("a whole number", "write a number"),
    "int_parsing": ("a whole number", "write a number"),
    "float_type": ("a number", "write a number"),
    "float_parsing": ("a number", "write a number"),
    "bool_type": ("true or false", "write true or false"),
    "bool_parsing": ("true or false", "write true or false"),
    "tuple_type": ("a list", "begin each entry with `- `"),
    "list_type": ("a list", "begin each entry with `- `"),
    "dict_type": ("a mapping", "write `key: value` lines"),
    "model_type": ("a mapping", "write `key: value` lines"),
    "model_attributes_type": ("a mapping", "write `key: value` lines"),
}


def validate(document: Document, model: type[M]) -> M:
    """Return the document's values as `model`. Raises ContentError with every problem in it."""
    data = {} if document.data is None else document.data
    try:
        return model.model_validate(data)
    except ValidationError as error:
        details = error.errors(include_url=False)
        raise ContentError([_problem(document, model, detail) for detail in details]) from error


def _problem(document: Document, model: type[BaseModel], detail: ErrorDetails) -> Problem:
    place: Place = tuple(part for part in detail["loc"] if part != "[key]")
    name = f"`{place[-1]}`" if place and isinstance(place[-1], str) else "this entry" if place else "this file"
    kind = detail["type"]
    if kind == "missing":
        return document.problem(place, f"{name} is missing", f"add `{place[-1]}: …` here")
    if kind == "extra_forbidden":
        return document.problem(place, f"{name} is not a known key", _known_keys(model, place))
    if kind in _EXPECTED:
        expected, mend = _EXPECTED[kind]
        what = f"{name} must be {expected}, not {_shown(detail['input'])}"
        return document.problem(place, what, mend)
    if kind == "too_long":
        limits = detail["ctx"]
        what = f"{name}: there are {limits['actual_length']} entries, {limits['max_length']} are allowed"
        return document.problem(place, what, "delete some")
    message = str(detail.get("ctx", {}).get("error", detail["msg"]))
    what, _, mend = message.partition("; ")
    if kind == "value_error":
        what = f"{name}: {what}"
    else:
        what = f"{name}: {what[:1].lower()}{what[1:]}, not {_shown(detail['input'])}"
    return document.problem(place, what, mend or "correct it")


def _shown(value: Any) -> str:
    """Return a value as an author would recognise it, cut to a readable length."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case Mapping():
            return "a mapping"
        case str():
            return f"the text {value if len(value) <= 40 else value[:40] + '…'!r}"
        case Sequence():
            return "a list"
        case _:
            return str(value)


def _known_keys(model: type[BaseModel], place: Place) -> str:
    owner = _model_at(model, place[:-1])
    if owner is None:
        return "delete it"
    known = [field.alias or name for name, field in owner.model_fields.items()]
    near = difflib.get_close_matches(str(place[-1]), known, n=1)
    if near:
        return f"did you mean `{near[0]}`?"
    return "delete it, or use one of " + ", ".join(f"`{key}`" for key in known)


def _model_at(model: type[BaseModel], place: Place) -> type[BaseModel] | None:
    """Return the model that the value at `place` is validated with; None when there is no such model."""
    annotation: Any = model
    for part in place:
        annotation = _inside(annotation, part)
    return _model_of(annotation)


def _inside(annotation: Any, part: str | int) -> Any:
    """Return the annotation of what stands under `part` in a value of `annotation`; None when nothing can."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = {field.alias or name: field for name, field in annotation.model_fields.items()}
        field = fields.get(str(part))
        return field.annotation if field else None
    if origin is dict:
        return arguments[1]
    if origin in (tuple, list):
        return arguments[0]
    if origin in (Union, UnionType, Annotated):
        found = (_inside(argument, part) for argument in arguments)
        return next((annotation for annotation in found if annotation is not None), None)
    return None


def _model_of(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Union, UnionType, Annotated):
        found = (_model_of(argument) for argument in get_args(annotation))
        return next((model for model in found if model is not None), None)
    return None
