"""Every command of `zhike` and every target of make stands in the README or the docs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from typer import Typer

from bot.cli import app
from tests.docs.pages import ROOT, pages, read


def _commands(group: Typer, name: str) -> Iterator[str]:
    for command in group.registered_commands:
        assert command.callback is not None
        yield f"{name} {command.name or command.callback.__name__}"
    for below in group.registered_groups:
        assert below.typer_instance is not None
        if below.typer_instance.info.invoke_without_command is True:
            yield f"{name} {below.name}"
        yield from _commands(below.typer_instance, f"{name} {below.name}")


def _all_pages() -> str:
    return "\n".join(page.read_text(encoding="utf-8") for page in pages())


def test_every_command_is_described() -> None:
    commands = list(_commands(app, "zhike"))
    assert "zhike log verify" in commands
    text = _all_pages()
    assert [command for command in commands if command not in text] == []


def test_the_pages_name_no_command_that_does_not_exist() -> None:
    known = {tuple(command.split()[1:]) for command in _commands(app, "zhike")}
    named = re.findall(r"`(?:\.venv/bin/)?zhike ([a-z]+(?: [a-z]+){0,2})", _all_pages())
    assert [words for words in named if not any(tuple(words.split())[: len(c)] == c for c in known)] == []


def test_every_make_target_is_listed_in_contributing() -> None:
    targets = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    page = read("CONTRIBUTING.md")
    assert "bench-inbound" in targets
    assert [target for target in targets if target != "help" and f"`make {target}" not in page] == []


def test_the_pages_name_no_make_target_that_does_not_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"`(?:[A-Z]+=\w+ )*make ([a-z-]+)", _all_pages()))
    assert named - targets == set()
