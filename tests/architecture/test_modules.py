"""How big modules are, what they are called, and what never stands in them."""

from __future__ import annotations

import ast
from statistics import median

from tests.architecture.tree import PACKAGES, ROOT, lines, modules


def test_no_module_is_longer_than_400_lines() -> None:
    assert {str(path.relative_to(ROOT)): lines(path) for path in modules() if lines(path) > 400} == {}


def test_the_median_module_has_between_60_and_200_lines() -> None:
    lengths = [lines(path) for path in modules() if path.name != "__init__.py"]
    assert 60 <= median(lengths) <= 200


def test_no_module_is_a_drawer_for_everything() -> None:
    drawers = {"utils.py", "util.py", "helpers.py", "helper.py", "common.py", "misc.py", "shared.py"}
    tests = (ROOT / "tests").rglob("*.py")
    assert [str(path.relative_to(ROOT)) for path in (*modules(), *tests) if path.name in drawers] == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [path for path in modules() if ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) is None]
    assert [str(path.relative_to(ROOT)) for path in silent] == []


def test_the_packages_are_the_four_of_the_house() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages == set(PACKAGES)


def test_all_channels_have_the_same_files() -> None:
    files = {
        name: {path.name for path in (ROOT / "bot" / "channels" / name).glob("*.py")}
        for name in ("wechat", "wecom", "kf")
    }
    # Menus are brought to official accounts only, staff sign in by WeCom only, kf's messages are fetched and its
    # customers stand in no register.
    assert files["wechat"] - {"menu.py"} == files["wecom"] - {"oauth.py"}
    assert files["wechat"] - {"menu.py", "register.py"} == files["kf"] - {"feed.py"}


def test_tests_patch_no_names() -> None:
    patching = []
    for path in (ROOT / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Attribute(value=ast.Name(id="monkeypatch"), attr="setattr"):
                    patching.append(f"{path.relative_to(ROOT)}:{node.lineno}")
                case ast.ImportFrom(module="unittest.mock") | ast.Import(names=[ast.alias(name="unittest.mock")]):
                    patching.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert patching == []


def test_test_folders_are_no_packages() -> None:
    assert [str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("__init__.py")] == []
