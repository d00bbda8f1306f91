"""The image and the composition, read as they stand: what they name exists."""

from __future__ import annotations

import os
import re
import shlex
import tomllib
from typing import Any

import pytest
import yaml
from typer import Typer

from bot.cli import app
from bot.roles import Role
from tests.architecture.tree import PACKAGES, ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
OURS = {name: service for name, service in COMPOSE["services"].items() if service.get("build")}


def _instructions(word: str) -> list[str]:
    joined = DOCKERFILE.replace("\\\n", " ")
    return [line.split(maxsplit=1)[1] for line in joined.splitlines() if line.startswith(f"{word} ")]


def _copied() -> list[str]:
    """Return what is copied from the checkout, not from an earlier stage."""
    plain = [shlex.split(line) for line in _instructions("COPY") if not line.startswith("--from")]
    return [source for words in plain for source in words[:-1]]


def _commands() -> set[str]:
    assert isinstance(app, Typer)
    return {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}


def test_what_the_image_copies_exists() -> None:
    assert [source for source in _copied() if not (ROOT / source).exists()] == []


def test_the_image_holds_every_package_and_no_tests() -> None:
    copied = {source.rstrip("/") for source in _copied()}
    assert copied >= set(PACKAGES)
    assert "tests" not in copied


def test_the_build_context_lets_in_what_is_copied() -> None:
    let_in = [line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] == "!"]
    assert [source for source in _copied() if source not in let_in] == []


def test_packages_are_installed_by_their_hashes() -> None:
    installs = [line for line in _instructions("RUN") if "pip install" in line]
    assert installs
    assert all("--require-hashes" in line for line in installs)
    assert "requirements/run.txt" in _copied()


def test_the_image_runs_as_a_user_without_rights() -> None:
    users = _instructions("USER")
    assert users
    assert users[-1] not in ("root", "0")
    assert re.search(rf"useradd .*--uid [1-9]\d+ .*{users[-1]}", DOCKERFILE)


def test_the_image_starts_zhike_with_a_command_that_exists() -> None:
    assert _instructions("ENTRYPOINT") == ['["zhike"]']
    (command,) = _instructions("CMD")
    assert yaml.safe_load(command)[0] in _commands()


def test_the_image_asks_whether_it_is_ready_at_an_address_that_is_served() -> None:
    (check,) = _instructions("HEALTHCHECK")
    found = re.search(r"http://127\.0\.0\.1:(\d+)(/[a-z/]+)", check)
    assert found is not None
    assert _instructions("EXPOSE") == [found[1]]
    assert f'"{found[2]}"' in (ROOT / "bot" / "web" / "server.py").read_text(encoding="utf-8")


def test_the_image_has_a_python_that_the_project_accepts() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    found = [tuple(map(int, version)) for version in re.findall(r"^FROM python:(\d+)\.(\d+)", DOCKERFILE, re.MULTILINE)]
    assert found
    assert min(found) >= tuple(int(part) for part in wanted.removeprefix(">=").split("."))
    assert len(set(found)) == 1


def test_every_role_has_a_service_of_its_own() -> None:
    roles = {name: service["command"][2] for name, service in OURS.items() if service["command"][0] == "serve"}
    assert roles == {role.value: role.value for role in Role}


def test_every_service_runs_a_command_that_exists() -> None:
    assert {service["command"][0] for service in OURS.values()} <= _commands()


def test_the_database_is_migrated_once_before_anything_serves() -> None:
    migrate = OURS["migrate"]
    assert migrate["command"] == ["migrate"]
    assert migrate["restart"] == "no"
    assert migrate["depends_on"]["database"]["condition"] == "service_healthy"
    for role in Role:
        assert OURS[role.value]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


def test_the_database_is_the_postgresql_the_documents_name_and_says_when_it_is_ready() -> None:
    database = COMPOSE["services"]["database"]
    assert database["image"] == "postgres:16"
    assert "pg_isready" in str(database["healthcheck"]["test"])


@pytest.mark.parametrize("name", sorted(COMPOSE["services"]))
def test_no_service_holds_a_secret_or_a_path_of_the_host(name: str) -> None:
    service = COMPOSE["services"][name]
    assert "environment" not in service
    assert service["env_file"]
    sources = [volume.partition(":")[0] for volume in service["volumes"]]
    assert [source for source in sources if source not in COMPOSE["volumes"]] == []


def test_the_scripts_of_the_build_may_be_run() -> None:
    assert [name for name in ("run", "system_packages") if not os.access(ROOT / ".ci" / name, os.X_OK)] == []
