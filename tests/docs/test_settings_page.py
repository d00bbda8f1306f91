"""Every setting stands in docs/settings.md, in its section, and nothing else does."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from bot.settings import KfAccount, Settings, StaffSettings, WechatAccount, WecomAccount
from bot.settings_accounts import DepartmentSettings
from bot.settings_file import ENVIRONMENT
from tests.docs.pages import read, table_keys

PAGE = read("docs/settings.md")


def _sections() -> dict[str, str]:
    parts = re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]
    return {part.partition("\n")[0].strip(): part for part in parts}


def _keys(model: type[BaseModel]) -> set[str]:
    return set(model.model_fields)


def _plain_sections() -> dict[str, type[BaseModel]]:
    """Return the sections of the tree that are written as one table of the file."""
    return {
        name: field.annotation
        for name, field in Settings.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
    }


def test_the_tree_has_sections_to_look_for() -> None:
    assert {"database", "web", "conversation"} <= set(_plain_sections())


@pytest.mark.parametrize("name", sorted(_plain_sections()))
def test_a_section_lists_exactly_its_keys(name: str) -> None:
    listed = table_keys(_sections()[f"`[{name}]`"])
    assert sorted(listed) == sorted(_keys(_plain_sections()[name]))


@pytest.mark.parametrize("name", sorted(_plain_sections()))
def test_a_section_states_the_defaults_of_the_code(name: str) -> None:
    section = _sections()[f"`[{name}]`"]
    stated = dict(re.findall(r"^\| `([^`]+)` \| `([^`]+)` \|", section, re.MULTILINE))
    expected = {key: _shown(field.default) for key, field in _plain_sections()[name].model_fields.items()}
    assert stated == expected


def _shown(default: Any) -> str:
    if isinstance(default, SecretStr):
        default = default.get_secret_value()
    if default == ():
        return "[]"
    if isinstance(default, bool):
        return str(default).lower()
    return f'"{default}"' if isinstance(default, str) else f"{default}"


_LISTS = [
    ("`[[accounts]]`", (WechatAccount, WecomAccount, KfAccount)),
    ("`[[staff]]`", (StaffSettings,)),
    ("`[[departments]]`", (DepartmentSettings,)),
]


@pytest.mark.parametrize(("heading", "models"), _LISTS)
def test_a_list_names_exactly_the_keys_of_its_entries(heading: str, models: tuple[type[BaseModel], ...]) -> None:
    listed = table_keys(_sections()[heading])
    assert sorted(listed) == sorted(set().union(*map(_keys, models)))


@pytest.mark.parametrize(("heading", "models"), _LISTS)
def test_an_optional_key_of_a_list_is_not_called_required(heading: str, models: tuple[type[BaseModel], ...]) -> None:
    wrong = [
        key
        for model in models
        for key, field in model.model_fields.items()
        if key != "channel" and field.is_required() != (f"| `{key}` | required |" in _sections()[heading])
    ]
    assert wrong == []


def test_every_part_of_the_tree_has_a_heading() -> None:
    parts = set(Settings.model_fields) - {"home"}
    headed = {heading.strip("`[]") for heading in _sections()}
    assert parts - headed == set()


def test_the_environment_variables_are_listed() -> None:
    listed = set(table_keys(_sections()["Environment"]))
    assert listed == {"ZHIKE_HOME", *ENVIRONMENT}
