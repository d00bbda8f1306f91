"""Regular expressions that authors may write: short, and unable to take long on any message."""

from __future__ import annotations

import re
from typing import Final

PATTERN_CHARACTERS: Final = 200
#: Longer messages are not compared with patterns.
SUBJECT_CHARACTERS: Final = 500
#: In how many ways the choices of one pattern may divide a message; a few milliseconds at worst.
MAX_WAYS: Final = SUBJECT_CHARACTERS**2

_TOKEN = re.compile(
    r"(?P<plain>\\.|\[\^?\]?(?:\\.|[^\]\\])*\])"
    r"|(?P<open>\(\??)|(?P<close>\))|(?P<branch>\|)"
    r"|(?:(?P<simple>[*+?])|\{(?P<least>\d*)(?P<comma>,?)(?P<most>\d*)\})[?+]?"
    r"|.",
    re.DOTALL,
)


def compile_pattern(source: str) -> re.Pattern[str]:
    """Return the compiled pattern, which is to match a whole message.

    Raises ValueError with a mend when it is not a regular expression or could backtrack for long: a group may not be
    repeated, and the repetitions and branches together may not divide a message in more than `MAX_WAYS` ways.
    """
    if len(source) > PATTERN_CHARACTERS:
        raise ValueError(f"the pattern has {len(source)} characters, {PATTERN_CHARACTERS} are allowed; shorten it")
    try:
        pattern = re.compile(source, re.IGNORECASE)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"this is not a regular expression ({error}); correct it") from error
    if pattern.flags & re.VERBOSE:
        raise ValueError("the flag `x` is not supported in patterns; write it without spaces and comments")
    if _ways(source) > MAX_WAYS:
        raise ValueError(
            "so many repetitions can take long on some messages; "
            "use at most two of `*` and `+`, or bound them like {0,5}"
        )
    return pattern


def _ways(source: str) -> int:
    """Return an upper bound of the ways in which the pattern can divide a message."""
    ways = 1
    branches = [1]
    after_group = False
    for token in _TOKEN.finditer(source):
        if token["open"]:
            branches.append(1)
        elif token["branch"]:
            branches[-1] += 1
        elif token["close"]:
            ways *= branches.pop()
        elif token["simple"] or token["least"] is not None:
            if after_group and not _is_optional(token):
                raise ValueError(
                    "a repeated group can take for ever on some messages; "
                    "repeat a single character or a class such as [a-z] instead"
                )
            ways *= _lengths(token)
        after_group = bool(token["close"])
    return ways * branches.pop()


def _is_optional(token: re.Match[str]) -> bool:
    return token["simple"] == "?" or (token["most"] in ("0", "1"))


def _lengths(token: re.Match[str]) -> int:
    """Return how many lengths a repetition can have."""
    if token["simple"]:
        return 2 if token["simple"] == "?" else SUBJECT_CHARACTERS
    if not token["comma"]:
        return 1
    most = min(int(token["most"]), SUBJECT_CHARACTERS) if token["most"] else SUBJECT_CHARACTERS
    return max(1, most - int(token["least"] or 0) + 1)
