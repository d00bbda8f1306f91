"""What the sandbox's record says: which pushes were answered, and what each person saw."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.crash.load import TOKEN

_SETTLES: Final = ("reply", "empty")
_REPLIES: Final = ("passive", "custom_send", "message_send")


@dataclass(slots=True, kw_only=True)
class Seen:
    """The record of one run, by token where it is about one message."""

    #: Token of each push, by the push's id.
    pushed: dict[str, str] = field(default_factory=dict)
    #: When each attempt left, by (push, attempt).
    left: dict[tuple[str, int], float] = field(default_factory=dict)
    #: (when the attempt left, when it was answered), of every attempt that was answered.
    answered: list[tuple[float, float]] = field(default_factory=list)
    #: Tokens whose push was answered.
    acknowledged: set[str] = field(default_factory=set)
    gave_up: set[str] = field(default_factory=set)
    #: How often a person saw each token come back.
    shown: Counter[str] = field(default_factory=Counter)
    #: What replies came by.
    ways: Counter[str] = field(default_factory=Counter)
    #: How attempts ended.
    results: Counter[str] = field(default_factory=Counter)

    @property
    def open_pushes(self) -> int:
        """Pushes that are neither answered nor given up."""
        return len(set(self.pushed.values()) - self.acknowledged - self.gave_up)


def read_record(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the record's whole lines."""
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield json.loads(line)


def see(lines: Iterable[Mapping[str, Any]]) -> Seen:
    """Return what the lines of a record say."""
    seen = Seen()
    for line in lines:
        match line["what"]:
            case "push":
                _note_push(seen, line)
            case "answer":
                _note_answer(seen, line)
            case "gave_up":
                seen.gave_up.add(seen.pushed.get(line["push"], line["push"]))
            case "shown" if line["via"] in _REPLIES:
                seen.ways[line["via"]] += 1
                seen.shown.update(TOKEN.findall(line["text"]))
    return seen


def _note_push(seen: Seen, line: Mapping[str, Any]) -> None:
    found = TOKEN.search(line["text"])
    seen.pushed[line["push"]] = found.group() if found else line["push"]
    seen.left.setdefault((line["push"], line["attempt"]), line["at"])


def _note_answer(seen: Seen, line: Mapping[str, Any]) -> None:
    seen.results[line["result"]] += 1
    if line["result"] in _SETTLES:
        seen.acknowledged.add(seen.pushed[line["push"]])
        seen.answered.append((seen.left[line["push"], line["attempt"]], line["at"]))


def recovery_seconds(seen: Seen, kills: Sequence[float]) -> list[float]:
    """Return, a kill, the seconds until the first answer to an attempt that left after it; infinity without one."""
    return [min((answered for left, answered in seen.answered if left > at), default=float("inf")) - at for at in kills]
