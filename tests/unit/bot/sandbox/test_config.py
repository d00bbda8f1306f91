"""A wrong configuration is explained field by field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox.config import ConfigError, load_config, parse_config

AES_KEY = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"


def _account(**changes: Any) -> dict[str, Any]:
    account = {
        "name": "service",
        "title": "安心保险",
        "app_id": "wx1",
        "original_id": "gh_1",
        "secret": "s",
        "token": "t",
        "aes_key": AES_KEY,
        "callback_url": "http://127.0.0.1:9800/callback/service",
    }
    return {**account, **changes}


def test_what_is_left_out_has_a_default() -> None:
    config = parse_config({"oa": [_account()]}, source="test")
    assert (config.oa[0].mode, config.oa[0].format, config.clock.mode) == ("safe", "xml", "real")
    assert config.rules.attempt_offsets_seconds == (0, 5, 10)


def test_a_code_that_hangs_already_has_a_scene_and_may_have_a_title() -> None:
    scenes = [{"scene": "hall", "title": "营业厅台卡"}, {"scene": "agent:zhangwei"}]
    config = parse_config({"oa": [_account(scenes=scenes)]}, source="test")
    assert [(code.scene, code.title) for code in config.oa[0].scenes] == [
        ("hall", "营业厅台卡"),
        ("agent:zhangwei", ""),
    ]


def test_a_start_without_a_zone_is_utc() -> None:
    config = parse_config({"clock": {"mode": "virtual", "start": "2026-01-05T09:00:00"}}, source="test")
    assert config.clock.start_epoch() == 1767603600.0


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ({"oa": [_account(aes_key="short")]}, "oa.0.aes_key"),
        ({"oa": [_account(mode="open")]}, "oa.0.mode"),
        ({"oa": [_account(colour="red")]}, "oa.0.colour"),
        ({"oa": [_account(), _account()]}, "used twice: service"),
        ({"people": [{"id": "a", "name": "A", "follows": ["nowhere"]}]}, "follows nowhere"),
        ({"oa": [_account(scenes=[{"scene": ""}])]}, "oa.0.scenes.0.scene"),
        ({"oa": [_account(scenes=[{"scene": "s" * 65}])]}, "oa.0.scenes.0.scene"),
        ([], "the file"),
    ],
)
def test_a_mistake_is_named_with_its_field(data: object, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        parse_config(data, source="test")


def test_a_missing_file_says_what_to_pass(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--config"):
        load_config(tmp_path / "none.json")


def test_a_file_that_is_no_json_says_so(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(ConfigError, match="not JSON"):
        load_config(path)


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text(json.dumps({"oa": [_account()]}), encoding="utf-8")
    assert load_config(path).oa[0].title == "安心保险"
