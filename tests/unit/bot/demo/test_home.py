"""The demonstration's folder: nothing of anybody else's is overwritten or deleted."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.demo.home import ForeignHome, take_home


@pytest.mark.parametrize("fresh", [True, False])
def test_a_folder_that_holds_something_else_is_refused_and_left_as_it_was(tmp_path: Path, fresh: bool) -> None:
    (tmp_path / "zhike.toml").write_text("mine", "utf-8")
    with pytest.raises(ForeignHome, match="请用 --home 另指"):
        take_home(tmp_path, fresh=fresh)
    assert {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()} == {"zhike.toml": "mine"}


@pytest.mark.parametrize("fresh", [True, False])
def test_a_new_folder_and_an_empty_one_are_taken_for_the_owner_alone(tmp_path: Path, fresh: bool) -> None:
    (tmp_path / "empty").mkdir()
    for home in (tmp_path / "empty", tmp_path / "a" / "new"):
        take_home(home, fresh=fresh)
        take_home(home, fresh=fresh)
    assert (tmp_path / "a" / "new").stat().st_mode & 0o077 == 0


def test_a_folder_of_its_own_is_emptied_only_for_a_fresh_start(tmp_path: Path) -> None:
    home = tmp_path / "home"
    take_home(home, fresh=False)
    (home / "zhike.db").write_text("yesterday", "utf-8")
    take_home(home, fresh=False)
    kept = (home / "zhike.db").exists()
    take_home(home, fresh=True)
    assert (kept, (home / "zhike.db").exists()) == (True, False)


def test_neither_a_file_nor_what_a_link_points_to_is_emptied(tmp_path: Path) -> None:
    take_home(tmp_path / "home", fresh=True)
    (tmp_path / "link").symlink_to(tmp_path / "home")
    (tmp_path / "file").write_text("mine", "utf-8")
    for name in ("link", "file"):
        with pytest.raises(ForeignHome, match=str(tmp_path / name)):
            take_home(tmp_path / name, fresh=True)
