"""No table is forgotten when a person is to be forgotten."""

from __future__ import annotations

import pytest

from storage.erasure_map import FATES, Blank, Destroy
from storage.tables import METADATA


def test_every_table_says_what_erasure_does_with_it() -> None:
    missing = sorted(set(METADATA.tables) - set(FATES))
    assert not missing, f"name {missing} in storage/erasure_map.py: what becomes of them when a person is erased?"
    assert not sorted(set(FATES) - set(METADATA.tables)), "the map names tables that are gone"


@pytest.mark.parametrize("name", [name for name, fate in FATES.items() if isinstance(fate, Destroy | Blank)])
def test_the_columns_of_the_map_exist(name: str) -> None:
    fate = FATES[name]
    assert isinstance(fate, Destroy | Blank)
    columns = set(METADATA.tables[name].columns.keys())
    named = {column for column, _ in fate.by}
    if isinstance(fate, Blank):
        named |= set(fate.columns) | set(fate.only)
    assert named <= columns
