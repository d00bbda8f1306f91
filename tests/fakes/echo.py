"""An answer that says the words back, so that a test knows which message a reply answers; no shipped content does."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ECHO: Final = """\
rules:
  - id: echo
    match:
      pattern: '(?s)回声\\s(?P<words>.+)'
    reply:
      text: 收到：{words}
"""


def write_echo(home: Path) -> None:
    """Write it among the content of `home`: `回声 X` is answered `收到：X`, everything else as without it."""
    folder = home / "content"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "answers.yaml").write_text(ECHO, encoding="utf-8")
