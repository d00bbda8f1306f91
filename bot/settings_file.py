"""Where settings come from, and what is said when they are wrong: the file, the environment, the problems found.

The environment goes over the file. Texts "env:NAME" and "file:PATH" are replaced here, before anything is validated, so
that a missing secret is reported beside all other problems.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, TomlConfigSettingsSource

from content.value import value

SETTINGS_FILE: Final = "zhike.toml"
#: Environment variable -> the setting it overrides. ZHIKE_HOME is not a setting: it says where they are.
ENVIRONMENT: Final[Mapping[str, tuple[str, str]]] = {"ZHIKE_DATABASE_URL": ("database", "url")}


@value
class Problem:
    """One thing that is wrong with the settings, and how to mend it."""

    file: Path
    #: "section.key"; of an account "accounts[name].key", counted from 1 when it has no name.
    key: str
    sentence: str
    mend: str

    def __str__(self) -> str:
        place = f"{self.file}：{self.key}" if self.key else f"{self.file}"
        return f"{place}：{self.sentence}。{self.mend}"


class SettingsError(Exception):
    """The settings cannot be used; `problems` holds all that was found."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


def read_sources(
    tree: type[BaseSettings], *, home: Path, env: Mapping[str, str], file_required: bool
) -> tuple[dict[str, Any], list[Problem]]:
    """Return the merged values of file and environment, and the problems met on the way; never raises SettingsError."""
    file = home / SETTINGS_FILE
    problems: list[Problem] = []
    written: dict[str, Any] = {}
    if file.is_file():
        try:
            written = TomlConfigSettingsSource(tree, toml_file=file)()
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            mend = "请按错误指出的行列修改；文件须为 UTF-8 编码。"
            problems.append(Problem(file=file, key="", sentence=f"不是合法的 TOML（{error}）", mend=mend))
        except OSError as error:
            mend = "请检查文件的属主与权限。"
            problems.append(Problem(file=file, key="", sentence=f"读不了（{error.strerror}）", mend=mend))
    elif file_required:
        mend = "请运行 zhike init，或把环境变量 ZHIKE_HOME 指向已有的数据目录。"
        problems.append(Problem(file=file, key="", sentence="没有这个文件", mend=mend))
    if "home" in written:
        mend = "请删去这一行：数据目录由环境变量 ZHIKE_HOME 指定。"
        problems.append(Problem(file=file, key="home", sentence="这不是一项设置", mend=mend))
        del written["home"]
    for name, (section, key) in ENVIRONMENT.items():
        if env.get(name):
            below = written.get(section)
            written[section] = {**(below if isinstance(below, dict) else {}), key: env[name]}
    resolved = _Resolver(home=home, env=env, problems=problems).resolve(written, "")
    return resolved, problems


class _Resolver:
    """Replaces "env:NAME" and "file:PATH" by what they stand for."""

    def __init__(self, *, home: Path, env: Mapping[str, str], problems: list[Problem]) -> None:
        self._home = home
        self._env = env
        self._problems = problems

    def resolve(self, value: Any, key: str) -> Any:
        match value:
            case dict():
                return {name: self.resolve(item, f"{key}.{name}" if key else name) for name, item in value.items()}
            case list():
                return [self.resolve(item, f"{key}[{label(value, at)}]") for at, item in enumerate(value)]
            case str() if value.startswith("env:"):
                return self._from_environment(value.removeprefix("env:").strip(), key)
            case str() if value.startswith("file:"):
                return self._from_file(value.removeprefix("file:").strip(), key)
            case _:
                return value

    def _from_environment(self, name: str, key: str) -> str:
        if not self._env.get(name):
            self._missing(key, f"环境变量 {name} 没有设置或为空", f"请在启动前设置 {name}，或在此直接填写。")
        return self._env.get(name, "")

    def _from_file(self, path: str, key: str) -> str:
        file = self._home / Path(path).expanduser()
        try:
            return file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "不是 UTF-8 文本"
            self._missing(key, f"读不了文件 {file}（{reason}）", "请检查路径与权限，或在此直接填写。")
            return ""

    def _missing(self, key: str, sentence: str, mend: str) -> None:
        self._problems.append(Problem(file=self._home / SETTINGS_FILE, key=key, sentence=sentence, mend=mend))


def label(entries: list[Any], at: int) -> str:
    """Return what an entry of a list is called in a key: its name or userid, otherwise its number from 1."""
    entry = entries[at]
    if isinstance(entry, dict):
        for name in ("name", "userid"):
            if isinstance(entry.get(name), str) and entry[name]:
                return str(entry[name])
    return str(at + 1)


def explain(error: ValidationError, raw: Mapping[str, Any], *, file: Path) -> list[Problem]:
    """Return pydantic's findings about `raw` as problems."""
    problems = []
    for detail in error.errors(include_url=False):
        sentence, mend = _say(detail)
        problems.append(Problem(file=file, key=_key(detail["loc"], raw), sentence=sentence, mend=mend))
    return problems


def _key(location: tuple[int | str, ...], raw: Mapping[str, Any]) -> str:
    parts: list[str] = []
    position = 0
    while position < len(location):
        part = location[position]
        entries = raw.get(str(location[0])) if position == 1 else None
        if isinstance(part, int) and isinstance(entries, list) and part < len(entries):
            parts[-1] += f"[{label(entries, part)}]"
            # After the number of an account stands the union's tag, which is not a key of the file.
            if location[0] == "accounts" and position + 2 < len(location):
                position += 1
        else:
            parts.append(str(part))
        position += 1
    return ".".join(parts)


def _say(detail: ErrorDetails) -> tuple[str, str]:
    """Return sentence and mend for one of pydantic's findings."""
    context = detail.get("ctx", {})
    match detail["type"]:
        case "missing":
            return "缺少这一项", "请补上，写法见 docs/settings.md。"
        case "empty":
            return "没有填写", "请填入实际的值，或写成 env:变量名、file:路径。"
        case "placeholder":
            return "还是示例里的占位文字", "请换成实际的值。"
        case "address":
            return "不是一个地址", "请写成 http://主机 或 https://主机 的样子。"
        case "extra_forbidden":
            return "没有这一项设置", "请检查拼写，或删去这一行。"
        case "literal_error":
            return "不是可选的值", f"可选：{context.get('expected', '')}。".replace(" or ", "、")
        case "union_tag_not_found" | "union_tag_invalid":
            return (
                "没有写明或不认识 channel",
                'channel 须为 "wechat"（公众号）、"wecom"（企业微信应用）或 "kf"（微信客服）。',
            )
        case "string_pattern_mismatch":
            return "含有不允许的字符", "只能用小写字母、数字和连字符。"
        case "greater_than" | "greater_than_equal" | "less_than" | "less_than_equal":
            bounds = {"gt": "须大于 ", "ge": "不能小于 ", "lt": "须小于 ", "le": "不能大于 "}
            said = "，".join(f"{words}{context[bound]}" for bound, words in bounds.items() if bound in context)
            return "数值超出范围", f"{said}。"
        case _:
            return f"值的类型不对（{detail['msg']}）", "写法见 docs/settings.md。"
