"""What the sandbox's record says: which pushes were answered, and what each person saw."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.crash.load import TOKEN

#: What one message of a person grants; docs: customer-service messages. It holds for longer than any run lasts.
_GRANTED: Final = 5
#: The bot knows of a push only when an attempt reaches it, at the latest with the third, after 10 s.
_SHORTLY: Final = 15.0
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
    #: By token: whose it is (account, person), when its first attempt left, when the platform took it as answered.
    chat: dict[str, tuple[str, str]] = field(default_factory=dict)
    first_left: dict[str, float] = field(default_factory=dict)
    settled: dict[str, float] = field(default_factory=dict)
    #: By (account, person): from when on how many active messages the platform allowed, in order of time.
    quota: dict[tuple[str, str], list[tuple[float, int]]] = field(default_factory=dict)
    #: Calls that were carried out and whose answer never arrived.
    dropped: int = 0
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
                if line["via"] == "custom_send":
                    _change_quota(seen, line, lambda left: left - 1)
            case "call" if line.get("fault") == "drop_after_accept":
                seen.dropped += 1
    return seen


def _note_push(seen: Seen, line: Mapping[str, Any]) -> None:
    found = TOKEN.search(line["text"])
    token = seen.pushed[line["push"]] = found.group() if found else line["push"]
    seen.chat[token] = (line["account"], line["person"])
    if token not in seen.first_left:
        seen.first_left[token] = line["at"]
        _change_quota(seen, line, lambda left: max(left, _GRANTED))
    seen.left.setdefault((line["push"], line["attempt"]), line["at"])


def _note_answer(seen: Seen, line: Mapping[str, Any]) -> None:
    seen.results[line["result"]] += 1
    if line["result"] in _SETTLES:
        token = seen.pushed[line["push"]]
        seen.acknowledged.add(token)
        seen.settled.setdefault(token, line["at"])
        seen.answered.append((seen.left[line["push"], line["attempt"]], line["at"]))


def _change_quota(seen: Seen, line: Mapping[str, Any], change: Callable[[int], int]) -> None:
    steps = seen.quota.setdefault((line["account"], line["person"]), [])
    steps.append((line["at"], change(steps[-1][1] if steps else 0)))


def least_quota(seen: Seen, chat: tuple[str, str], *, at: float) -> int | None:
    """Return the fewest active messages that were left to a person shortly before `at`; None for a stranger."""
    steps = [(since, left) for since, left in seen.quota.get(chat, ()) if since <= at]
    recent = [left for since, left in steps if since > at - _SHORTLY]
    before = [left for since, left in steps if since <= at - _SHORTLY][-1:]
    return min(before + recent, default=None)


def recovery_seconds(seen: Seen, kills: Sequence[float]) -> list[float]:
    """Return, a kill, the seconds until the first answer to an attempt that left after it; infinity without one."""
    return [min((answered for left, answered in seen.answered if left > at), default=float("inf")) - at for at in kills]
