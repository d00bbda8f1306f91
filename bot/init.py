"""`zhike init`: a commented zhike.toml and an empty content folder, for a person to fill in. Nothing is overwritten."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from bot.settings_file import SETTINGS_FILE

TEMPLATE: Final = Path(__file__).parent / "init_files"


class InitError(Exception):
    """The data folder cannot be set up; the sentence says why and what to do."""


def initialise(home: Path) -> list[Path]:
    """Write the settings file and the content folder into `home` and return what was written.

    Raises InitError when one of the files is there already (nothing is written then) and when `home` cannot be written.
    """
    wanted = {home / SETTINGS_FILE: "zhike.toml", home / "content" / "README.md": "content.md"}
    present = [path for path in wanted if path.exists()]
    if present:
        names = "、".join(str(path) for path in present)
        raise InitError(f"{names} 已经存在，不会覆盖。请直接修改它，或换一个 ZHIKE_HOME。")
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        for path, template in wanted.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            # "x": a file that appeared meanwhile is not overwritten either.
            with path.open("x", encoding="utf-8") as file:
                file.write((TEMPLATE / template).read_text(encoding="utf-8"))
        # The settings may hold secrets.
        (home / SETTINGS_FILE).chmod(0o600)
    except OSError as error:
        raise InitError(
            f"不能写入 {home}（{error.strerror}）。请检查目录的属主与权限，或换一个 ZHIKE_HOME。"
        ) from error
    return list(wanted)
