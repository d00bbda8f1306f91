"""Loading `zhike.toml`: what is read, what overrides it, and what is said when something is wrong."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from bot.settings import Settings, SettingsError, WechatAccount, WecomAccount, find_home, load_settings

SERVICE = """
[[accounts]]
name = "service"
channel = "wechat"
title = "示例人寿"
app_id = "wx1234567890abcdef"
original_id = "gh_1234567890ab"
secret = "0123456789abcdef0123456789abcdef"
callback_token = "token4service"
callback_aes_key = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"
"""
INSURER = '\n[insurer]\nhotline = "95500"\n'
ASSISTANT = """
[[accounts]]
name = "assistant"
channel = "wecom"
title = "业务员助手"
corp_id = "ww1234567890abcdef"
agent_id = 1000002
secret = "wecom-secret-wecom-secret"
callback_token = "token4assistant"
callback_aes_key = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"
"""


def written(home: Path, text: str, *, insurer: str = INSURER) -> Path:
    (home / "zhike.toml").write_text(text + insurer, encoding="utf-8")
    return home


def problems_of(home: Path, env: dict[str, str] | None = None) -> dict[str, str]:
    with pytest.raises(SettingsError) as raised:
        load_settings(home, env or {})
    assert all(problem.file == home / "zhike.toml" for problem in raised.value.problems)
    assert all(problem.mend for problem in raised.value.problems)
    return {problem.key: problem.sentence for problem in raised.value.problems}


def test_a_full_file_becomes_one_typed_tree(tmp_path: Path) -> None:
    staff = '[[staff]]\nrealm = "ww1234567890abcdef"\nuserid = "zhangwei"\nname = "张伟"\nbranch = "上海分公司"\n'
    settings = load_settings(written(tmp_path, "[delivery]\nreply_reserve = 2\n" + SERVICE + ASSISTANT + staff), {})

    service, assistant = settings.accounts
    assert isinstance(service, WechatAccount)
    assert isinstance(assistant, WecomAccount)
    assert (service.realm, assistant.realm) == ("wx1234567890abcdef", "ww1234567890abcdef")
    assert service.callback_path == "/callback/service"
    assert settings.delivery.reply_reserve == 2
    assert settings.conversation.deadline_seconds == 4.5
    assert settings.staff[0].role == "agent"


def test_the_database_lies_in_the_home_when_its_path_is_relative(tmp_path: Path) -> None:
    settings = load_settings(written(tmp_path, SERVICE), {})
    assert settings.database_url == f"sqlite+aiosqlite:///{tmp_path}/zhike.db"


@pytest.mark.parametrize(
    "url",
    ["sqlite+aiosqlite:////srv/zhike.db", "sqlite+aiosqlite:///:memory:", "postgresql+asyncpg://zhike:pw@db/zhike"],
)
def test_other_database_urls_stay_as_they_are(tmp_path: Path, url: str) -> None:
    assert load_settings(written(tmp_path, f'[database]\nurl = "{url}"'), {}).database_url == url


def test_the_environment_goes_over_the_file(tmp_path: Path) -> None:
    home = written(tmp_path, '[database]\nurl = "sqlite+aiosqlite:///other.db"')
    settings = load_settings(home, {"ZHIKE_DATABASE_URL": "postgresql+asyncpg://db/zhike"})
    assert settings.database_url == "postgresql+asyncpg://db/zhike"


def test_a_secret_may_stand_in_the_environment_or_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "token.txt").write_text("token-from-file\n", encoding="utf-8")
    text = SERVICE.replace('"token4service"', '"file:token.txt"')
    text = text.replace('"0123456789abcdef0123456789abcdef"', '"env:SERVICE_SECRET"')

    account = load_settings(written(tmp_path, text), {"SERVICE_SECRET": "secret-from-environment"}).accounts[0]

    assert account.callback_token.get_secret_value() == "token-from-file"
    assert account.secret.get_secret_value() == "secret-from-environment"


def test_secrets_do_not_show_when_the_tree_is_printed(tmp_path: Path) -> None:
    text = '[database]\nurl = "postgresql+asyncpg://zhike:p%40ssword@db/zhike"\n' + SERVICE
    settings = load_settings(written(tmp_path, text), {})
    assert "p@ssword" in settings.secret_values()
    assert not [secret for secret in settings.secret_values() if secret in repr(settings)]
    assert settings.secret_values() >= {"token4service", "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"}


def test_all_problems_are_told_at_once_each_with_its_key(tmp_path: Path) -> None:
    text = (SERVICE + ASSISTANT).replace("0123456789abcdef0123456789abcdef", "changeme")
    text = text.replace("wx1234567890abcdef", "填写 AppID").replace('"token4assistant"', '"env:NOT_SET"')
    text = text.replace("agent_id = 1000002\n", "").replace('"示例人寿"', '""')

    assert problems_of(written(tmp_path, "[web]\nprot = 1\n" + text)) == {
        "web.prot": "没有这一项设置",
        "accounts[service].title": "没有填写",
        "accounts[service].app_id": "还是示例里的占位文字",
        "accounts[service].secret": "还是示例里的占位文字",
        "accounts[assistant].agent_id": "缺少这一项",
        "accounts[assistant].callback_token": "环境变量 NOT_SET 没有设置或为空",
    }


def test_values_out_of_range_say_what_the_range_is(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"web\.port：数值超出范围。不能大于 65535"):
        load_settings(written(tmp_path, "[web]\nport = 99999"), {})


@pytest.mark.parametrize("figure", ["inf", "nan", "100000000", "0"])
def test_a_time_without_end_is_refused(tmp_path: Path, figure: str) -> None:
    assert set(problems_of(written(tmp_path, f"[limits]\nreply_hours = {figure}\n"))) == {"limits.reply_hours"}


def test_limits_reach_the_sending_table_in_its_units(tmp_path: Path) -> None:
    figures = load_settings(written(tmp_path, "[limits]\nreply_hours = 24\ntap_seconds = 30\n"), {}).limits.figures()
    assert (figures.after_message.window, figures.after_tap.window) == (timedelta(days=1), timedelta(seconds=30))


def test_a_wrong_choice_names_the_choices(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"accounts\[service\]\.mode：不是可选的值。可选：'safe'"):
        load_settings(written(tmp_path, SERVICE + 'mode = "open"\n'), {})


def test_an_account_of_an_unknown_channel_is_refused(tmp_path: Path) -> None:
    found = problems_of(written(tmp_path, SERVICE.replace('"wechat"', '"weibo"')))
    assert found == {"accounts[service]": "没有写明或不认识 channel"}


def test_two_accounts_of_one_name_are_refused(tmp_path: Path) -> None:
    found = problems_of(written(tmp_path, SERVICE + SERVICE))
    assert found == {"accounts[service].name": "有两个账号用了同一个名称"}


def test_a_name_that_cannot_be_a_path_is_refused(tmp_path: Path) -> None:
    found = problems_of(written(tmp_path, SERVICE.replace('name = "service"', 'name = "Service/1"')))
    assert found == {"accounts[Service/1].name": "含有不允许的字符"}


def test_userids_that_differ_in_case_only_are_one_person(tmp_path: Path) -> None:
    person = '[[staff]]\nrealm = "ww1"\nuserid = "ZhangWei"\nname = "张伟"\n'
    found = problems_of(written(tmp_path, person + person.replace("ZhangWei", "zhangwei")))
    assert found == {"staff[zhangwei].userid": "同一个企业里有两名员工用了同一个 userid"}


def test_broken_toml_is_reported_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="line 2"):
        load_settings(written(tmp_path, "[web]\nport = = 1"), {})


def test_a_missing_secret_file_is_reported_beside_the_key(tmp_path: Path) -> None:
    found = problems_of(written(tmp_path, SERVICE.replace('"token4service"', '"file:absent.txt"')))
    assert found == {
        "accounts[service].callback_token": f"读不了文件 {tmp_path}/absent.txt（No such file or directory）"
    }


def test_without_a_file_the_mend_is_init(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="zhike init"):
        load_settings(tmp_path, {})


def test_batch_commands_do_without_a_file(tmp_path: Path) -> None:
    settings = load_settings(tmp_path, {"ZHIKE_DATABASE_URL": "sqlite+aiosqlite:////x/y.db"}, file_required=False)
    assert (settings.accounts, settings.database_url) == ((), "sqlite+aiosqlite:////x/y.db")


@pytest.mark.parametrize("key", ["home", "accounts"])
def test_settings_are_frozen(tmp_path: Path, key: str) -> None:
    settings = Settings(home=tmp_path)
    with pytest.raises(ValidationError):
        setattr(settings, key, ())


def test_an_account_can_be_built_in_code() -> None:
    account = WechatAccount(
        name="service",
        title="示例",
        app_id="wx1",
        original_id="gh_1",
        secret=SecretStr("s-e-c"),
        callback_token=SecretStr("token"),
        callback_aes_key=SecretStr("k" * 43),
        api_base_url="http://127.0.0.1:9700/oa/",
    )
    assert account.api_base_url == "http://127.0.0.1:9700/oa"


def test_the_home_is_where_the_environment_says() -> None:
    assert find_home({"ZHIKE_HOME": "/srv/zhike"}) == Path("/srv/zhike")
    assert find_home({}) == Path.home() / ".zhike"


@pytest.mark.parametrize(
    ("insurer", "sentence"),
    [
        ("", "没有填写客服热线"),
        ('\n[insurer]\nhotline = ""\n', "没有填写客服热线"),
        ('\n[insurer]\nhotline = "填写客服热线"\n', "占位文字"),
    ],
)
def test_without_a_hotline_nothing_that_answers_is_served(tmp_path: Path, insurer: str, sentence: str) -> None:
    problems = problems_of(written(tmp_path, SERVICE, insurer=insurer))
    assert sentence in problems["insurer.hotline"]


def test_an_account_that_only_logs_needs_no_hotline(tmp_path: Path) -> None:
    home = written(tmp_path, SERVICE + 'answers = "none"\n', insurer="")
    assert load_settings(home, {}).insurer.hotline == ""
