"""The project's copies of the taxonomy and of the compliance categories are those of the specification."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

CONTENT = Path(__file__).parents[3] / "content"
SPEC = Path(__file__).parents[4] / "shared" / "spec"


@pytest.mark.skipif(not SPEC.is_dir(), reason="the specification does not lie beside this checkout (../shared/spec)")
@pytest.mark.parametrize("name", ["profile.yaml", "violations.yaml"])
def test_the_copy_is_the_specification_word_for_word(name: Any) -> None:
    assert (CONTENT / name).read_bytes() == (SPEC / name).read_bytes()


@pytest.mark.parametrize(("name", "key"), [("profile.yaml", "attributes"), ("violations.yaml", "categories")])
def test_the_copy_is_there_and_holds_labelled_entries(name: Any, key: Any) -> None:
    entries = yaml.safe_load((CONTENT / name).read_text(encoding="utf-8"))[key]
    assert [entry for entry, value in entries.items() if not value.get("label")] == []
