"""The console's words in two languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.web.console.shell import FOLDER
from bot.web.console.words import WordsError, load_words
from content.consent import Consent, ConsentState
from content.rights import Permission, Role, Scope


def _write(folder: Path, zh: str, en: str) -> Path:
    (folder / "zh.yaml").write_text(zh, encoding="utf-8")
    (folder / "en.yaml").write_text(en, encoding="utf-8")
    return folder


@pytest.mark.parametrize("language", ["zh", "en"])
def test_everything_that_has_a_stored_name_is_called_something(language: str) -> None:
    words = load_words()[language]
    stored = {
        "roles": [*Role, "api_key"],
        "scopes": list(Scope),
        "permissions": list(Permission),
        "consents": list(Consent),
        "consent_states": list(ConsentState),
    }
    assert [
        (group, word) for group, names in stored.items() for word in names if words.named(group, word) == word
    ] == []


def test_what_a_newer_version_stored_is_shown_by_its_own_name() -> None:
    assert load_words()["zh"].named("actions", "unmerged") == "unmerged"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_key_that_a_template_asks_for_is_there(language: str) -> None:
    words = load_words()[language]
    asked = {
        (template.name, key)
        for template in FOLDER.glob("*.html")
        for key in re.findall(r'\bt\("([a-z0-9_.]+)"[,)]', template.read_text(encoding="utf-8"))
    }
    assert len(asked) > 50
    assert {(name, key) for name, key in asked if key not in words._texts} == set()


def test_a_key_that_one_language_lacks_is_named(tmp_path: Path) -> None:
    with pytest.raises(WordsError, match=r"en\.yaml: a\.c is missing"):
        load_words(_write(tmp_path, "a: {b: 甲, c: 乙}", "a: {b: x}"))
    with pytest.raises(WordsError, match=r"zh\.yaml: a\.c is missing"):
        load_words(_write(tmp_path, "a: {b: 甲}", "a: {b: x, c: y}"))


def test_a_slot_that_one_language_lacks_is_named(tmp_path: Path) -> None:
    with pytest.raises(WordsError, match=r"en\.yaml: a\.b has other slots"):
        load_words(_write(tmp_path, "a: {b: '{name}'}", "a: {b: '{nmae}'}"))


@pytest.mark.parametrize("text", ["a: {b: 1}", "a: [x]", "x", "a: {b: }"])
def test_what_is_no_text_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(WordsError):
        load_words(_write(tmp_path, text, text))
