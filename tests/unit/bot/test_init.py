"""`zhike init` and what it writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.init import InitError, initialise
from bot.settings import SettingsError, load_settings
from content.loader import FILES, load_content

SECRETS = {
    "ZHIKE_SERVICE_SECRET": "0123456789abcdef0123456789abcdef",
    "ZHIKE_SERVICE_TOKEN": "token4service",
    "ZHIKE_SERVICE_AES_KEY": "k" * 43,
}


def test_the_settings_and_the_content_folder_are_written(tmp_path: Path) -> None:
    home = tmp_path / "new" / "home"
    assert initialise(home) == [home / "zhike.toml", home / "content" / "README.md"]
    assert (home / "zhike.toml").stat().st_mode & 0o077 == 0
    assert home.stat().st_mode & 0o077 == 0


def test_a_fresh_file_names_exactly_what_must_be_filled_in(tmp_path: Path) -> None:
    initialise(tmp_path)
    with pytest.raises(SettingsError) as raised:
        load_settings(tmp_path, {})
    assert {problem.key.removeprefix("accounts[service].") for problem in raised.value.problems} == {
        "insurer.hotline",
        "title",
        "app_id",
        "original_id",
        "secret",
        "callback_token",
        "callback_aes_key",
    }


def test_filled_in_the_file_loads_and_every_line_out_of_comment_is_the_default(tmp_path: Path) -> None:
    initialise(tmp_path)
    file = tmp_path / "zhike.toml"
    text = file.read_text(encoding="utf-8")
    for placeholder, value in {
        "填写客服热线": "95500",
        "填写公众号名称": "示例人寿",
        "填写 AppID（wx 开头）": "wx1234567890abcdef",
        "填写原始 ID（gh_ 开头）": "gh_1234567890ab",
    }.items():
        text = text.replace(placeholder, value)
    file.write_text(text, encoding="utf-8")

    loaded = load_settings(tmp_path, SECRETS)
    insurer = '[insurer]\nhotline = "95500"\n'
    file.write_text(insurer + text[text.index("[[accounts]]") :], encoding="utf-8")

    assert [account.name for account in loaded.accounts] == ["service"]
    assert loaded == load_settings(tmp_path, SECRETS)


def test_the_commented_examples_load_too(tmp_path: Path) -> None:
    initialise(tmp_path)
    file = tmp_path / "zhike.toml"
    uncommented = [
        line.removeprefix("# ") if line.startswith("# [[") or " = " in line else line
        for line in file.read_text(encoding="utf-8").splitlines()
    ]
    file.write_text("\n".join(uncommented).replace("填写", "已填"), encoding="utf-8")
    secrets = {
        name.replace("SERVICE", account): value
        for account in ("ASSISTANT", "COUNTER")
        for name, value in SECRETS.items()
    }
    secrets |= dict.fromkeys(("ZHIKE_POLICY_SECRET", "ZHIKE_SMS_SECRET", "ZHIKE_CODE_KEY"), "k" * 32)
    loaded = load_settings(tmp_path, SECRETS | secrets)
    assert [account.name for account in loaded.accounts] == ["service", "assistant", "counter"]
    assert [person.userid for person in loaded.staff] == ["zhangwei"]
    assert [(rule.department, rule.branch) for rule in loaded.departments] == [(2, "上海分公司")]


def test_the_content_folder_changes_nothing_until_something_is_put_there(tmp_path: Path) -> None:
    initialise(tmp_path)
    assert load_content(tmp_path) == load_content(None)


def test_the_readme_names_every_file_that_is_read(tmp_path: Path) -> None:
    initialise(tmp_path)
    readme = (tmp_path / "content" / "README.md").read_text(encoding="utf-8")
    assert [name for name in FILES if f"`{name}`" not in readme] == []


@pytest.mark.parametrize("present", ["zhike.toml", "content/README.md"])
def test_nothing_is_overwritten_and_nothing_half_written(tmp_path: Path, present: str) -> None:
    (tmp_path / "content").mkdir()
    (tmp_path / present).write_text("mine", encoding="utf-8")
    with pytest.raises(InitError, match="不会覆盖"):
        initialise(tmp_path)
    assert [path.read_text(encoding="utf-8") for path in tmp_path.rglob("*") if path.is_file()] == ["mine"]


def test_a_folder_that_cannot_be_made_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(InitError, match="不能写入"):
        initialise(tmp_path / "file" / "home")
