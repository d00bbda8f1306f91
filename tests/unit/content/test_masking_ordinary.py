"""Ordinary amounts, dates, times, ages and service numbers stay as they were said."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from content.masking import mask

AMOUNTS = [
    *(
        "100元",
        "1000元",
        "100000元",
        "1000000元",
        "50万",
        "100万元",
        "1.5亿",
        "3,000,000",
        "3，000，000元",
        "￥12,345.67",
    ),
    *(
        "¥9999.99",
        "壹拾万元整",
        "人民币叁拾万元",
        "五十万",
        "三百二十元",
        "两千八百元",
        "12,345,678.90元",
        "0.035",
        "3.5%",
        "2.75%",
    ),
    *("百分之三点五", "1580.50元", "年交6800元", "首年保费 12600 元", "USD 250,000", "港币88000", "13,812,345,678元"),
    *(
        "4,567,890,123,456元",
        "保额 100000、200000、300000",
        "3000、5000、10000",
        "3000，5000，10000",
        "5000 10000 20000",
    ),
    *(
        "1500-3000元",
        "1580.50、2360.75、3120.25",
        "12.5 13.5 14.5 15.5",
        "100/200/300/500",
        "10万-50万",
        "3,000-5,000元",
    ),
]
DATES = [
    *(
        "2026-11-27",
        "2026/11/27",
        "2026.11.27",
        "20261127",
        "2026年11月27日",
        "二〇二六年十一月二十七日",
        "２０２６－１１－２７",
    ),
    *("2026-1-5", "11月27日", "11-27", "2026-11", "1990-01-01", "19900101", "生于1985.3.12", "2026-11-27 10:30"),
    *(
        "2026-11-27 10:30:15",
        "2026-11-27T10:30:15Z",
        "20261127103000",
        "2026-11-27至2027-11-26",
        "2026-11-27 2027-11-26",
    ),
    *(
        "2026-11-27、2026-12-27、2027-01-27",
        "2026/11/27-2027/11/26",
        "1985-2025",
        "1998-11-27 123",
        "2026-11-27 100000",
    ),
    *("二〇二六、二〇二七、二〇二八", "2025 2026 2027 2028", "20261127 20271126", "2026.11.27 3000 5000", "9:00-17:30"),
    *("周一至周五 8:30-12:00、13:30-17:30", "二零二六年一月一日零时", "2024、2025、2026三年", "2026-11-27 95511"),
]
SERVICE = [
    *("95511", "95500", "10086", "12378", "110", "400-820-8820", "4008208820", "400 820 8820", "800-810-8888"),
    *(
        "拨打95519转2",
        "400-820-8820 95500",
        "95500、95511、95519",
        "12345热线",
        "10086 10010 10000",
        "客服 400-669-5511 转 1",
    ),
    *("退订回T，咨询95522", "400-820-8820、400-669-5511", "95511-2-1"),
]
PEOPLE = [
    *(
        "35岁",
        "三十五岁",
        "0-17岁",
        "18-60周岁",
        "28天至65周岁",
        "1男2女",
        "一家三口",
        "两个孩子",
        "三三两两",
        "一五一十",
        "七七八八",
    ),
    *(
        "一二三四五六七八九十",
        "一、二、三、四、五、六、七、八、九、十",
        "1、2、3、4、5、6、7、8、9、10、11",
        "1 3 5 7 9 11 13 15",
    ),
    *(
        "一、三、五、七、九、十一",
        "身高178，体重70.5",
        "血压130/85",
        "空腹血糖6.1",
        "BMI 23.4",
        "120/80 130/85",
        "三年级2班",
    ),
]
TERMS = [
    *(
        "交10年保30年",
        "20年交",
        "第3条第2款",
        "等待期90天",
        "犹豫期15天",
        "宽限期60日",
        "免赔额1万",
        "赔付比例80%",
        "5年期3%",
    ),
    *(
        "24小时",
        "1-3个工作日",
        "T+1",
        "A款/B款",
        "2026版",
        "第１２期",
        "共36期",
        "续保3次",
        "1.0%、1.5%、2.0%、2.5%",
        "65%-80%",
    ),
    *(
        "重疾120种、中症25种、轻症50种",
        "每份1000元，共5份",
        "P2026112700001",
        "保单号 8801202611270001",
        "理赔号CL20261127001",
    ),
    *(
        "订单 202611271234567890",
        "订单号 20261127103000123",
        "快递SF1234567890",
        "MU5137",
        "G1234次",
        "京A12345",
        "邮编200120",
    ),
    *(
        "验证码 824613",
        "房号1203",
        "第12/36页",
        "版本1.2.3",
        "192.168.1.1",
        "IP 10.0.0.12",
        "62345678",
        "８８８８",
        "1314520",
    ),
    *(
        "股票600519",
        "统一社会信用代码 91310000132204587H",
        "QQ 123456789",
        "群号 987654321",
        "工号00123",
        "1/2",
        "3×4",
        "ISO 9001",
    ),
]
MORE = (
    """
一千零一夜|一带一路|九九八十一|二十四节气|三十而立|四十岁前|五十知天命|六十大寿|七十古来稀|二百五|两三天|三五年|五六万|八九成|十之八九
一二线城市|三四级|第一、第二、第三|一零一室|二楼二号|零利率|三无产品|两全保险|五险一金|一次付清|九折|八折优惠|万能险|三代人|第一三共
保费2680元/年|保额30万/份|3人×2000元|第1年至第10年|第11-20年|2026年Q4|2026/27年度|1月-12月|每月5日|28号扣款|0元|0.5折|1:1|2比1
现金价值 12,680.00|红利 3,456.78 元|利率3.025%|年化2.5%-3.0%|减额至5万|垫交680.5元|贷款80%|6期|12期免息|24期 0.6%
120天|180日|1095天|2026.11|26.11.27|11.27|11/27|2026-W48|2026-11-27（五）|11月27日9:00|9点半|21:05|8:00|24:00|00:30|UTC+8|GMT+08:00
""".strip()
    .replace("\n", "|")
    .split("|")
)
WORDS = [
    "您好",
    "一直",
    "",
    "零",
    "幺",
    "杠",
    "-",
    "()",
    "…",
    "😀",
    "X",
    "*",
    "***",
    "13800",
    "138",
    "010",
    "0571-8765",
]
BASE = [*AMOUNTS, *DATES, *SERVICE, *PEOPLE, *TERMS, *MORE, *WORDS]
FRAMES = ["{}", "请问{}可以吗？", "{}。谢谢", "（{}）", "一份{}，两人"]


def test_the_phrases_are_at_least_two_hundred() -> None:
    assert len(set(BASE)) >= 200
    print(f"masking: {len(set(BASE)) * len(FRAMES)} ordinary phrases tried")


@pytest.mark.parametrize("frame", FRAMES)
def test_ordinary_phrases_stay(frame: str) -> None:
    said = [frame.format(phrase) for phrase in BASE]
    assert [(text, mask(text)) for text in said if mask(text) != text] == []


@given(
    amounts=st.lists(st.integers(1, 9_999_999), min_size=1, max_size=4), unit=st.sampled_from(["元", "万", "块", "%"])
)
@settings(deadline=None)
def test_amounts_with_a_unit_stay(amounts: list[int], unit: str) -> None:
    for text in ("、".join(f"{n}{unit}" for n in amounts), " ".join(f"{n:,}{unit}" for n in amounts)):
        assert mask(text) == text


@given(amounts=st.lists(st.integers(1, 99_999).map(lambda n: n * 100), min_size=1, max_size=6))
@settings(deadline=None)
def test_round_amounts_without_a_unit_stay(amounts: list[int]) -> None:
    for text in ("、".join(map(str, amounts)), " ".join(f"{n:,}" for n in amounts), "/".join(map(str, amounts))):
        assert mask(text) == text


@given(
    day=st.dates(date(1930, 1, 1), date(2090, 12, 31)),
    days=st.integers(0, 20_000),
    style=st.sampled_from(["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%Y年%m月%d日", "%Y-%m-%d %H:%M:%S"]),
    between=st.sampled_from([" ", "至", "、", "，", "~", " - ", "\n"]),
)
@settings(deadline=None)
def test_dates_stay(day: date, days: int, style: str, between: str) -> None:
    later = min(day + timedelta(days=days), date(2090, 12, 31))
    text = between.join([day.strftime(style), later.strftime(style)])
    assert mask(text) == text


def test_dates_and_amounts_side_by_side_stay() -> None:
    pairs = [
        f"{when} {much}" for when, much in product(DATES[:12], ["3000", "100000元", "3,000,000", "50万", "1580.50"])
    ]
    assert [(text, mask(text)) for text in pairs if mask(text) != text] == []


@pytest.mark.parametrize(
    "text",
    ["4111111111111112", "6222 0212 3456 7890 123", "123456789012345678", "999999999999999999999999", "138123456789"],
)
def test_long_numbers_that_are_neither_a_card_nor_an_identity_number_stay(text: str) -> None:
    assert mask(text) == text
