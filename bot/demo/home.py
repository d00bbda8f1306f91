"""The demonstration's folder: made by the demonstration, marked as its own, and never somebody else's."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

#: Stands in every folder that the demonstration has made; only such a folder is written to again, or emptied.
MARKER: Final = ".zhike-demo"


class ForeignHome(Exception):
    """The folder holds something that the demonstration did not write; the sentence says what to do."""


def take_home(home: Path, *, fresh: bool) -> None:
    """Make `home` the demonstration's, empty when `fresh`. Raises ForeignHome and touches nothing when it is not."""
    if home.exists() and not home.is_dir():
        raise ForeignHome(f"{home} 不是文件夹。请用 --home 另指一个文件夹。")
    if fresh and home.is_symlink():
        raise ForeignHome(f"{home} 是符号链接，演示不会清空它指向的地方。请用 --home 另指一个文件夹。")
    if home.exists() and any(home.iterdir()) and not (home / MARKER).is_file():
        raise ForeignHome(
            f"{home} 里有不是演示写下的文件，演示不会覆盖或删除它们。请用 --home 另指一个空的或新的文件夹；"
            "若里面只有旧版演示留下的数据，请自行删除它。"
        )
    if fresh and home.exists():
        shutil.rmtree(home)
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    (home / MARKER).write_text("Written by `zhike demo`, which may overwrite or delete this folder.\n", "utf-8")
