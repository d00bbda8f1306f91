"""The form of a segment: rows of condition, comparison and value, as the rule they make."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from content.attributes import Attribute, Attributes, Kind
from content.value import value

#: Rows of the form; a rule that needs more, or groups in groups, is written in a file or over the API.
ROWS: Final = 5
#: What can be chosen as a comparison, by the word of its label.
SIGNS: Final = (
    "is",
    "in",
    "not_is",
    "less",
    "at_least",
    "known",
    "unknown",
    "month",
    "within",
    "past",
    "count",
    "none",
)
_SEVERAL: Final = "、,，;；"


@value
class Choice:
    """One thing that a row can be about."""

    id: str
    label: str


@value
class FormRow:
    """What one row of the form says."""

    about: str = ""
    sign: str = ""
    text: str = ""
    days: str = ""


def choices(attributes: Attributes, named: Mapping[str, str], words: Callable[[str], str]) -> list[Choice]:
    """Return everything that a row can be about: attributes, then what is done, followed, allowed, insured."""
    facts = [Choice(id=f"fact:{key}", label=each.label) for key, each in attributes.by_key.items()]
    others = ("event:message", "event:click", "event:any", "tag", "follows", "consent:marketing", "policy:next_due")
    rest = [Choice(id=each, label=words(each.replace(":", "_"))) for each in (*others, "policy:end")]
    return facts + rest + [Choice(id=f"segment:{name}", label=title) for name, title in named.items()]


def rows_of(query: Callable[[str], str]) -> list[FormRow]:
    """Return the rows of a form that was sent."""
    names = ("about", "sign", "text", "days")
    return [FormRow(**{name: query(f"{name}{n}")[:200] for name in names}) for n in range(ROWS)]


def rule_of(rows: list[FormRow], *, joined: str, attributes: Attributes) -> dict[str, Any] | None:
    """Return the rule of the rows that say something, None when none does; it is judged as any other is."""
    found = [_condition(row, attributes) for row in rows if row.about]
    if not found:
        return None
    return found[0] if len(found) == 1 else {"any" if joined == "any" else "all": found}


def _condition(row: FormRow, attributes: Attributes) -> dict[str, Any]:
    kind, _, name = row.about.partition(":")
    match kind:
        case "fact":
            return _fact(name, row, attributes.get(name))
        case "event":
            return _event(name, row)
        case "policy":
            days = _number(row.days or row.text)
            asked: dict[str, Any] = {"policy": name, "past" if row.sign == "past" else "within": days}
        case "consent":
            asked = {"consent": name, "is": row.text or "granted"}
        case "follows":
            asked = {"follows": row.text or "any"}
        case "tag":
            asked = {"tag": row.text}
        case _:
            asked = {"segment": name}
    return {"not": asked} if row.sign in ("not_is", "unknown", "none") else asked


def _fact(name: str, row: FormRow, attribute: Attribute | None) -> dict[str, Any]:
    is_day = attribute is not None and attribute.kind is Kind.DATE
    match row.sign:
        case "known" | "unknown":
            return {"fact": name, "known": row.sign == "known"}
        case "month":
            return {"fact": name, "month": _whole(row.text) if row.text else "this"}
        case "within" if is_day:
            return {"fact": name, "anniversary_within": _number(row.days or row.text)}
        case "in":
            parts = row.text
            for mark in _SEVERAL:
                parts = parts.replace(mark, " ")
            return {"fact": name, "in": parts.split()}
        case "not_is":
            return {"not": {"fact": name, "is": row.text}}
        case sign:
            # One that is not for facts is told as a flaw: as another one it would find somebody else.
            return {"fact": name, sign or "is": row.text}


def _event(name: str, row: FormRow) -> dict[str, Any]:
    asked: dict[str, Any] = {"event": name}
    if row.sign in ("none", "not_is", "unknown"):
        asked["at_most"] = 0
    else:
        sign = "at_least" if row.sign in ("", "is", "count", "known") else row.sign
        asked[sign] = _whole(row.text) if row.text else 1
    if row.days:
        asked["days"] = _whole(row.days)
    return asked


def _whole(text: str) -> int | str:
    """Return a number, or what was written in its place: "30天" is told as a flaw, and not left out."""
    number = _number(text)
    return text if number is None else number


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None
