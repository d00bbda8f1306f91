"""What is wrong with authored content: every problem with its file, its line and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from content.value import value


@value
class Problem:
    """One thing that is wrong, at one place."""

    path: Path
    #: Counted from one.
    line: int
    #: What happened, without a full stop.
    what: str
    #: What the author can do, as a clause in the imperative.
    mend: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}; {self.mend}"


class ContentError(Exception):
    """Authored content cannot be used. `problems` holds all that were found, its text one a line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
