"""The chain over the log, and the file outside the database in which its seals stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.chain import Chain
from storage.seal_file import SealFile
from tests.fakes.stores import OpenStores


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """Return where the seals stand outside the database."""
    return tmp_path / "seals.jsonl"


@pytest.fixture
def chain(stores: OpenStores, outside: Path) -> Chain:
    """Return the chain over the log."""
    return Chain(stores.database, SealFile(outside))
