"""The direction of imports, and that a module needs no other to have been imported before it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.architecture.tree import ROOT, module_name, modules

CHECKER = Path(__file__).with_name("import_alone.py")


def _import_alone(names: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, CHECKER],
        input="\n".join(names),
        capture_output=True,
        text=True,
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": ""},
        check=False,
    )


def test_every_contract_of_the_imports_is_kept() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run([linter, "--no-cache"], capture_output=True, text=True, cwd=ROOT, check=False)
    assert "0 broken" in run.stdout, run.stdout + run.stderr
    assert run.returncode == 0


def test_the_tables_import_nothing_else_of_the_storage() -> None:
    """The check of single modules has them imported before it looks at the rest of the package."""
    found = [
        f"{path.name}: {line}"
        for path in (ROOT / "storage" / "tables").glob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.lstrip().startswith(("from storage", "import storage")) and "storage.tables" not in line
    ]
    assert found == []


def test_every_module_can_be_imported_alone_and_does_nothing_at_import() -> None:
    run = _import_alone([module_name(path) for path in modules()], ROOT)
    assert run.stdout + run.stderr == ""
    assert run.returncode == 0


def test_the_check_names_a_module_that_needs_another_or_works_at_import(tmp_path: Path) -> None:
    (tmp_path / "first.py").write_text("import second\nVALUE = second.VALUE\n")
    (tmp_path / "second.py").write_text("import first\nVALUE = first.VALUE\n")
    (tmp_path / "eager.py").write_text("import threading\nthreading.Timer(60, print).start()\n")
    (tmp_path / "ready.py").write_text("from rich.console import Console\nOUT = Console()\n")
    (tmp_path / "fine.py").write_text("VALUE = 1\n")
    run = _import_alone(["first", "eager", "ready", "fine"], tmp_path)
    assert "first: cannot be imported alone" in run.stdout
    assert "eager: at import threads grew from 1 to 2" in run.stdout
    assert "ready: holds Console `OUT` from import on" in run.stdout
    assert "fine" not in run.stdout
    assert run.returncode == 3
