"""The data of the people benchmark: an insurer's customers and what they said, written by set-based SQL."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

SEED: Final = 20260501
BRANCHES: Final = 20
TEAMS_A_BRANCH: Final = 10
AGENTS_A_TEAM: Final = 10
TEAMS: Final = BRANCHES * TEAMS_A_BRANCH
AGENTS: Final = TEAMS * AGENTS_A_TEAM
RARE: Final = "水晶吊坠"
OF_FIRST_BRANCH: Final = "龙舟节"
#: 2026-01-01 in microseconds, and the time between two messages.
_START: Final = 1_767_225_600_000_000
_STEP: Final = 2_000_000
_MONTH: Final = 202601

_OPENINGS: Final = (
    "您好，", "请问一下，", "麻烦问下", "在吗？", "早上好，", "晚上好，", "不好意思打扰了，", "昨天说的那件事，",
    "我妈妈想知道", "我先生让我问", "客服您好，", "小张你好，", "感谢您的咨询，", "收到，", "好的，", "明白了，",
    "关于您的问题，", "尊敬的客户，", "温馨提示：", "已经帮您查到，", "稍等我看一下，", "是这样的，", "其实", "另外，",
)  # fmt: skip
_ACTS: Final = (
    "怎么申请理赔", "理赔需要哪些材料", "退保能拿回多少钱", "保单的现金价值是多少", "续期保费什么时候扣",
    "想换一张扣款银行卡", "受益人可以改吗", "重疾险的等待期多久", "医疗险能报销多少", "住院津贴怎么领",
    "意外险保不保骑车", "年金从几岁开始领",
)  # fmt: skip
_SUBJECTS: Final = ("健康保险", "养老年金", "少儿教育金", "百万医疗", "家庭财产险")
_DETAILS: Final = (
    "在人民医院做的手术", "医院说要先交押金", "上个月刚出院", "发票已经寄出去了", "孩子今年六岁",
    "父母都过了六十岁", "身份证快到期了", "地址搬到浦东新区", "手机号码换了", "银行卡丢了", "每年交五千块",
    "交了三年了", "合同放在老家", "电子保单收到了吗", "三个工作日内到账", "请在微信里上传照片", "需要本人签字",
    "可以委托家人办理", "周末也有人上班吗", "柜台下午五点关门", "短信一直没有收到", "验证码过期了",
    "体检报告有结节", "高血压能不能投保", "去年住过院", "单位也给买了", "社保在外地", "报销比例是多少",
    "免赔额一万元", "犹豫期十五天", "宽限期六十天", "可以减额交清吗", "利息怎么算", "分红到账了",
    "万能账户结算利率", "想给太太也买一份", "推荐个同事过来", "活动什么时候结束", "app 打不开 error 502",
    "请加我的企业微信",
)  # fmt: skip


def fill(path: Path, *, customers: int, messages: int) -> None:
    """Fill a migrated SQLite file."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -1000000", "temp_store = MEMORY"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("DROP INDEX ix_message_conversation")
    connection.execute("BEGIN")
    _organisation(connection)
    _people(connection, customers=customers)
    _drawn(connection, customers=customers, messages=messages)
    _log(connection)
    connection.execute("COMMIT")
    connection.execute("CREATE INDEX ix_message_conversation ON message (conversation_id, seq)")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()


def _numbers(count: int) -> str:
    return f"WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {count})"


def _organisation(connection: sqlite3.Connection) -> None:
    connection.execute(
        "INSERT INTO account (id, name, channel, realm, title, last_seq) VALUES"
        " (1, 'service', 'wechat', 'wx-realm', '服务号', 0), (2, 'second', 'wechat', 'wx-realm', '第二个号', 0)"
    )
    connection.execute(
        f"{_numbers(BRANCHES)} INSERT INTO branch (id, code, name) SELECT n, 'b' || n, '分公司' || n FROM number"
    )
    connection.execute(
        f"{_numbers(TEAMS)} INSERT INTO team (id, code, name, branch_id)"
        f" SELECT n, 't' || n, '团队' || n, (n - 1) / {TEAMS_A_BRANCH} + 1 FROM number"
    )
    # Agents first; then a supervisor a team, an analyst of a branch a branch, and one who sees all.
    connection.execute(
        f"{_numbers(AGENTS + TEAMS + BRANCHES + 1)}, placed (n, role, scope, team) AS ("
        f" SELECT n, 'agent', 'own', (n - 1) / {AGENTS_A_TEAM} + 1 FROM number WHERE n <= {AGENTS}"
        f" UNION ALL SELECT n, 'supervisor', 'team', n - {AGENTS} FROM number"
        f"  WHERE n > {AGENTS} AND n <= {AGENTS + TEAMS}"
        f" UNION ALL SELECT n, 'analyst', 'branch', (n - {AGENTS + TEAMS} - 1) * {TEAMS_A_BRANCH} + 1 FROM number"
        f"  WHERE n > {AGENTS + TEAMS} AND n <= {AGENTS + TEAMS + BRANCHES}"
        f" UNION ALL SELECT n, 'compliance', 'all', 1 FROM number WHERE n > {AGENTS + TEAMS + BRANCHES})"
        " INSERT INTO staff (id, realm, userid, name, role, branch, active, source, scope, branch_id, team_id)"
        " SELECT n, 'ww-realm', 's' || n, '员工' || n, role, '', 1, 'import', scope,"
        f" (team - 1) / {TEAMS_A_BRANCH} + 1, team FROM placed"
    )


def _people(connection: sqlite3.Connection, *, customers: int) -> None:
    connection.execute(
        f"{_numbers(customers)} INSERT INTO customer (id, created_at) SELECT n, {_START} + n FROM number"
    )
    connection.execute(
        f"{_numbers(customers)} INSERT INTO identity (id, realm, external_id, customer_id, created_at)"
        f" SELECT n, 'wx-realm', printf('o%027d', n), n, {_START} + n FROM number"
    )
    connection.execute(
        f"{_numbers(customers)}, owned (n, agent) AS ("
        f" SELECT n, n * 7919 % {AGENTS} + 1 FROM number WHERE n % 50 <> 0)"
        " INSERT INTO customer_owner (customer_id, staff_id, team_id, branch_id, since, cause)"
        f" SELECT n, agent, (agent - 1) / {AGENTS_A_TEAM} + 1,"
        f" (agent - 1) / {AGENTS_A_TEAM * TEAMS_A_BRANCH} + 1, {_START}, 'scene' FROM owned"
    )


def _drawn(connection: sqlite3.Connection, *, customers: int, messages: int) -> None:
    """Draw who writes when on which account, and what."""
    matters = [act + "，" + subject for act in _ACTS for subject in _SUBJECTS]
    for name, pieces in (("opening", _OPENINGS), ("matter", matters), ("detail", _DETAILS)):
        connection.execute(f"CREATE TEMP TABLE {name} (id INTEGER PRIMARY KEY, words TEXT)")
        connection.executemany(f"INSERT INTO {name} VALUES (?, ?)", enumerate(pieces))
    connection.execute(
        "CREATE TEMP TABLE drawn (account_id INTEGER, seq INTEGER, n INTEGER, customer_id INTEGER,"
        " conversation_id INTEGER, r INTEGER, PRIMARY KEY (account_id, seq)) WITHOUT ROWID"
    )
    for account, where, seq in ((1, "n % 5 <> 0", "n - n / 5"), (2, "n % 5 = 0", "n / 5")):
        connection.execute(
            # Two draws of Lehmer's generator (Park and Miller 1988 and 1993): SQLite's integers end at 63 bits.
            f"{_numbers(messages)}, first (n, a) AS (SELECT n, (n + {SEED}) * 48271 % 2147483647"
            f" * 48271 % 2147483647 FROM number WHERE {where}),"
            " second (n, a, b) AS (SELECT n, a, a * 16807 % 2147483647 * 16807 % 2147483647 FROM first),"
            f" written (n, c, r) AS (SELECT n, CAST({customers} * (b / 2147483647.0) * (b / 2147483647.0) AS INTEGER)"
            " + 1, a * 2147483648 + b * 48271 % 2147483647 FROM second)"
            f" INSERT INTO drawn SELECT {account}, {seq}, n, c,"
            f" ((c - 1) * 2 + {account - 1}) * 10 + n * 10 / ({messages} + 1) + 1, r FROM written"
        )
        connection.execute(
            f"UPDATE account SET last_seq = (SELECT count(*) FROM drawn WHERE account_id = {account})"
            f" WHERE id = {account}"
        )


def _log(connection: sqlite3.Connection) -> None:
    at = f"{_START} + n * {_STEP}"
    connection.execute(
        "INSERT INTO conversation (id, account_id, identity_id, opened_at)"
        f" SELECT conversation_id, account_id, customer_id, min({at}) FROM drawn GROUP BY conversation_id"
    )
    connection.execute(
        "INSERT INTO message (account_id, seq, month, direction, kind, identity_id, conversation_id, sent_at,"
        f" recorded_at, purpose, digest) SELECT account_id, seq, {_MONTH}, iif(n % 2, 'in', 'out'), 'text',"
        f" customer_id, conversation_id, {at}, {at} + 1000, iif(n % 2, NULL, 'service'), zeroblob(32) FROM drawn"
    )
    name = "".join(f" || char(19968 + r / {divisor} % 3000)" for divisor in (7, 23_000, 70_000_000))
    connection.execute(
        "INSERT INTO content (account_id, seq, month, salt, fields)"
        f' SELECT drawn.account_id, seq, {_MONTH}, zeroblob(16), \'{{"content":"\' || opening.words || matter.words'
        f" || '，' || detail.words || iif(r % 3, '，我叫' {name}, printf('，保单号 P%010d', r % 10000000000))"
        f" || iif(n % 250000 = 77, '，{RARE}', '')"
        f" || iif(n % 20 = 3 AND owner.branch_id = 1, '，{OF_FIRST_BRANCH}', '') || '\"}}'"
        " FROM drawn LEFT JOIN customer_owner AS owner ON owner.customer_id = drawn.customer_id"
        f" JOIN opening ON opening.id = r % {len(_OPENINGS)}"
        f" JOIN matter ON matter.id = r / 32 % {len(_ACTS) * len(_SUBJECTS)}"
        f" JOIN detail ON detail.id = r / 4096 % {len(_DETAILS)} ORDER BY drawn.account_id, seq"
    )
    connection.execute(
        "INSERT INTO reach (account_id, identity_id, followed, followed_at, conversation_id, last_at, quota_left,"
        f" epoch) SELECT account_id, customer_id, 1, {_START}, max(conversation_id), max({at}), 0, 0 FROM drawn"
        " GROUP BY account_id, customer_id"
    )
