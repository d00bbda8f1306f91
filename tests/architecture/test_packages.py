"""What is installed: pinned, hashed, from nowhere in particular, and exactly what the project says it uses."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest

from tests.architecture.tree import ROOT

LOCKS = ("run.txt", "test.txt")
PARTS = ("run", "test")


def _lock(name: str) -> str:
    return (ROOT / "requirements" / name).read_text(encoding="utf-8")


def _entries(name: str) -> list[str]:
    """Return the logical lines of a lock, comments left out."""
    text = re.sub(r"^\s*#.*$", "", _lock(name), flags=re.MULTILINE)
    return [line.strip() for line in text.replace("\\\n", " ").splitlines() if line.strip()]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _names(name: str) -> set[str]:
    return {_normal(re.split(r"[=<>\[ ;]", entry, maxsplit=1)[0]) for entry in _entries(name)}


def _wanted(part: str) -> set[str]:
    lines = (ROOT / "requirements" / f"{part}.in").read_text(encoding="utf-8").splitlines()
    return {_normal(re.split(r"[=<>\[ ;]", line, maxsplit=1)[0]) for line in lines if line and line[0] not in "#-"}


def _project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_is_pinned_with_its_hashes(name: str) -> None:
    pin = re.compile(r"[A-Za-z0-9._-]+(\[[a-z0-9,-]+\])?==\S+( ;[^-]+)?(\s+--hash=sha256:[0-9a-f]{64})+")
    entries = _entries(name)
    assert entries
    assert [entry[:60] for entry in entries if not pin.fullmatch(entry)] == []


@pytest.mark.parametrize("name", [*LOCKS, "run.in", "test.in"])
def test_no_address_stands_in_a_list_of_packages(name: str) -> None:
    assert (
        re.findall(r"https?://\S+|--(?:extra-)?index-url\S*|--find-links\S*|--trusted-host\S*| @ \S+", _lock(name))
        == []
    )


@pytest.mark.parametrize("part", PARTS)
def test_what_is_wanted_is_locked(part: str) -> None:
    assert _wanted(part) - _names(f"{part}.txt") == set()


def test_what_the_project_names_is_what_is_wanted_to_run() -> None:
    named = {_normal(re.split(r"[=<>\[ ;]", dependency, maxsplit=1)[0]) for dependency in _project()["dependencies"]}
    assert named == _wanted("run")


def test_the_pins_lie_within_what_the_project_allows() -> None:
    pins = dict(re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([0-9][^\s\\;]*)", _lock("run.txt"), re.MULTILINE))
    versions = {_normal(name): version for name, version in pins.items()}
    wrong = [
        f"{dependency}, locked {versions[name]}"
        for dependency in _project()["dependencies"]
        for name in [_normal(re.split(r"[=<>\[ ;]", dependency, maxsplit=1)[0])]
        if not _allows(dependency, versions[name])
    ]
    assert wrong == []


def _allows(dependency: str, version: str) -> bool:
    bounds = re.findall(r"(>=|<|==)([0-9.]+)", dependency)
    found = _number(version)
    tests = {">=": lambda bound: found >= bound, "<": lambda bound: found < bound, "==": lambda bound: found == bound}
    return all(tests[sign](_number(bound)) for sign, bound in bounds)


def _number(version: str) -> tuple[int, ...]:
    parts = [int(part) for part in re.findall(r"\d+", version)[:3]]
    return tuple(parts + [0] * (3 - len(parts)))


def test_no_file_of_the_build_names_a_place_to_install_from() -> None:
    files = ["Makefile", "Dockerfile", "compose.yaml", "pyproject.toml", ".ci/run", ".ci/system_packages"]
    told = re.compile(r"--(?:extra-)?index-url|--find-links|--trusted-host|PIP_INDEX|pypi|mirror", re.IGNORECASE)
    assert [name for name in files if told.search((ROOT / name).read_text(encoding="utf-8"))] == []
