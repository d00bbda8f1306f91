"""A folder of authored files, and what loading it says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from content.errors import ContentError
from content.loader import BUILT_IN, load_content
from content.tree import Content


@pytest.fixture
def author(tmp_path: Path) -> Callable[..., Path]:
    """Write files of one's own, given by name; return the home folder."""

    def write(**files: str | bytes) -> Path:
        folder = tmp_path / "content"
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            raw = text if isinstance(text, bytes) else text.encode("utf-8")
            (folder / f"{name}.yaml").write_bytes(raw)
        return tmp_path

    return write


@pytest.fixture
def loaded(author: Callable[..., Path]) -> Callable[..., Content]:
    """Load the content with files of one's own over it."""
    return lambda **files: load_content(author(**files))


@pytest.fixture
def complaints(author: Callable[..., Path]) -> Callable[..., list[str]]:
    """Load files that are wrong; return each problem, its path cut to the file's name."""

    def load(**files: str | bytes) -> list[str]:
        home = author(**files)
        with pytest.raises(ContentError) as refused:
            load_content(home)
        return str(refused.value).replace(f"{home / 'content'}/", "").splitlines()

    return load


@pytest.fixture
def built_in() -> Callable[[str], str]:
    """Return the text of a built-in file."""
    return lambda name: (BUILT_IN / name).read_text(encoding="utf-8")
