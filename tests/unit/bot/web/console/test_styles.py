"""Scripts and styles stand in files of their own, and nothing names another host."""

from __future__ import annotations

import hashlib
import re

import pytest

from bot.web.console.shell import FOLDER as TEMPLATES
from bot.web.console.static_files import FOLDER as STATIC

_OURS = sorted([*TEMPLATES.glob("*.html"), *STATIC.glob("*.*")])


@pytest.mark.parametrize("name", [path.name for path in _OURS])
def test_no_file_names_another_host(name: str) -> None:
    [path] = [path for path in _OURS if path.name == name]
    found = set(re.findall(r"(?:https?:)?//[\w.-]+\.\w+", path.read_text(encoding="utf-8")))
    assert found - {"http://www.w3.org"} == set()


@pytest.mark.parametrize("name", [path.name for path in sorted(TEMPLATES.glob("*.html"))])
def test_no_template_holds_a_script_a_style_or_an_escape_from_escaping(name: str) -> None:
    text = (TEMPLATES / name).read_text(encoding="utf-8")
    assert re.findall(r"<script(?! src=)|<style|\sstyle=|\son\w+=|hx-on|\|\s*safe|autoescape", text) == []


def test_what_is_vendored_is_named_with_version_and_licence() -> None:
    vendor = STATIC / "vendor"
    told = (vendor / "README.md").read_text(encoding="utf-8")
    scripts = sorted(path.name for path in vendor.glob("*.js"))
    assert scripts
    assert [name for name in scripts if name not in told] == []
    assert list(vendor.glob("*LICENSE*"))
    assert [name for name in scripts if hashlib.sha256((vendor / name).read_bytes()).hexdigest() not in told] == []
