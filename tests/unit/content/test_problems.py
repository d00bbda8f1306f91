"""Every kind of mistake: file, line, what happened, how to mend it."""

from __future__ import annotations

from typing import Any

import pytest

#: What stands in the file, and the whole of what loading it must say.
MENU_MISTAKES = {
    "a bracket is not closed": (
        "buttons: []\nreplies:\n  a: {text: x\n",
        "menu.yaml:4: this is not YAML: expected ',' or '}', but got '<stream end>'; "
        "check the indentation, the colons and the quotes on this line and the one above",
    ),
    "a colon too many": (
        "buttons: []\nreplies: a: b\n",
        "menu.yaml:2: this is not YAML: mapping values are not allowed here; "
        "check the indentation, the colons and the quotes on this line and the one above",
    ),
    "a tab for indentation": (
        "buttons: []\nreplies:\n\ta: x\n",
        "menu.yaml:3: a tab stands where only spaces may; indent with spaces",
    ),
    "not UTF-8": (
        b"buttons: []\nreplies: {}\n# \xd6\xd0\n",
        "menu.yaml:3: this is not UTF-8; save it as UTF-8",
    ),
    "a control character": (
        "buttons: []\n# \x01\nreplies: {}\n",
        "menu.yaml:2: the character U+0001 is not allowed in YAML; delete it",
    ),
    "a key twice": (
        "buttons: []\nreplies: {}\nbuttons: []\n",
        "menu.yaml:3: `buttons` is here a second time (first on line 1); keep one of the two",
    ),
    "an alias": (
        "buttons: &b []\nreplies: *b\n",
        "menu.yaml:2: the alias `*b` is not supported; write the value out in both places",
    ),
    "a tag": (
        "buttons: !!python/tuple []\nreplies: {}\n",
        "menu.yaml:1: the tag tag:yaml.org,2002:python/tuple is not supported; delete it",
    ),
    "a key that is not a word": (
        "buttons: []\nreplies: {}\n? [a]\n: b\n",
        "menu.yaml:3: this key is not a word; use one word as the key",
    ),
    "an impossible date": (
        "buttons: []\nreplies: {}\nday: 2026-02-31\n",
        "menu.yaml:3: this value cannot be read (day is out of range for month); put it in quotes",
    ),
    "a second document": (
        "buttons: []\nreplies: {}\n---\na: b\n",
        "menu.yaml:3: this is not YAML: but found another document; "
        "check the indentation, the colons and the quotes on this line and the one above",
    ),
    "a list where keys belong": (
        "- buttons\n",
        "menu.yaml:1: this file must be a mapping, not a list; write `key: value` lines",
    ),
    "an unknown key": (
        "buttons: []\nreplies: {}\nbutton: []\n",
        "menu.yaml:3: `button` is not a known key; did you mean `buttons`?",
    ),
    "an unknown key that is like none": (
        "buttons: []\nreplies: {}\nxyz: 1\n",
        "menu.yaml:3: `xyz` is not a known key; delete it, or use one of `buttons`, `replies`",
    ),
    "an unknown key deep inside": (
        "buttons: []\nreplies:\n  a:\n    news:\n      title: x\n      url: https://example.com\n      desciption: y\n",
        "menu.yaml:7: `desciption` is not a known key; did you mean `description`?",
    ),
    "a number where text belongs": (
        "buttons: []\nreplies:\n  a:\n    text: 95500\n",
        "menu.yaml:4: `text` must be a text, not 95500; put it in quotes",
    ),
    "a text where a list belongs": (
        "buttons: 我的服务\nreplies: {}\n",
        "menu.yaml:1: `buttons` must be a list, not the text '我的服务'; begin each entry with `- `",
    ),
    "nothing where a mapping belongs": (
        "buttons: []\nreplies:\n",
        "menu.yaml:2: `replies` must be a mapping, not nothing; write `key: value` lines",
    ),
    "a missing key": (
        "buttons: []\n",
        "menu.yaml:1: `replies` is missing; add `replies: …` here",
    ),
    "a missing key of an entry": (
        "replies: {}\nbuttons:\n  - label: 一\n    children:\n      - key: a\n",
        "menu.yaml:5: `label` is missing; add `label: …` here",
    ),
    "too many buttons": (
        "replies: {}\nbuttons:\n" + "  - {label: 一, url: 'https://example.com'}\n" * 4,
        "menu.yaml:2: `buttons`: there are 4 entries, 3 are allowed; delete some",
    ),
    "a label that is too long": (
        "buttons:\n  - url: https://example.com\n    label: 六个字的标题\nreplies: {}\n",
        "menu.yaml:3: `label`: the text has 18 bytes of UTF-8, 16 are allowed; shorten it",
    ),
    "an empty text": (
        "buttons: []\nreplies:\n  a:\n    text: ' '\n",
        "menu.yaml:4: `text`: the text is empty; write it",
    ),
    "a button that does two things": (
        "buttons:\n  - {label: 一, key: a, url: 'https://example.com'}\nreplies: {a: none}\n",
        "menu.yaml:2: this entry: a button does one thing; write one of `key`, `url` and `children`",
    ),
    "a child that does nothing": (
        "buttons:\n  - label: 一\n    children:\n      - {label: 二}\nreplies: {}\n",
        "menu.yaml:4: this entry: a button does one thing; write either `key` or `url`",
    ),
    "an address that is none": (
        "buttons:\n  - {label: 一, url: example.com}\nreplies: {}\n",
        "menu.yaml:2: `url`: 'example.com' is no web address; begin it with https:// and keep it under 1024 bytes",
    ),
    "an identifier with a space": (
        "buttons: []\nreplies:\n  a b: none\n",
        "menu.yaml:3: `a b`: 'a b' is no identifier; "
        "begin with a letter, then letters, digits, `_`, `-` and `.`, 64 in all",
    ),
    "a reply of two kinds": (
        "buttons: []\nreplies:\n  a: {text: x, answer: claim}\n",
        "menu.yaml:3: `a`: a reply with `answer` holds nothing else; keep one",
    ),
    "a bare text as reply": (
        "buttons: []\nreplies:\n  a: 你好\n",
        "menu.yaml:3: `a`: a reply is not a bare text; write `text: …` under it, or `none` for no reply",
    ),
    "an empty reply": (
        "buttons: []\nreplies:\n  a: {}\n",
        "menu.yaml:3: `a`: a reply is exactly one of `text`, `news`, `menu` or `none`; keep one",
    ),
    "a key without a reply": (
        "buttons:\n  - {label: 一, key: a}\nreplies: {}\n",
        "menu.yaml:2: the button's key `a` has no reply; add `a:` under `replies`, or correct the key",
    ),
    "one key on two buttons": (
        "buttons:\n  - {label: 一, key: a}\n  - {label: 二, key: a}\nreplies: {a: none}\n",
        "menu.yaml:3: `a` is used a second time (first on line 2); choose another",
    ),
    "an answer that does not exist": (
        "buttons: []\nreplies:\n  a: none\n  b:\n    answer: nowhere\n",
        "menu.yaml:5: there is no answer `nowhere`; correct it, or add a rule of this id to answers.yaml",
    ),
    "a choice that leads nowhere": (
        "buttons: []\nreplies:\n  a:\n    menu:\n      head: x\n      options:\n        - {id: nowhere, label: y}\n",
        "menu.yaml:7: the choice `nowhere` leads nowhere; use the id of an answer or a key of the menu's replies",
    ),
    "a slot that nothing fills": (
        "buttons: []\nreplies:\n  a:\n    text: 您好 {name}\n",
        "menu.yaml:3: nothing fills the slot {name}; use {account}, {hotline} or write the words out",
    ),
}

ANSWER_MISTAKES = {
    "a phrase of punctuation": (
        "rules:\n  - id: a\n    match:\n      exact:\n        - 你好\n        - '？'\n    reply: none\n",
        "answers.yaml:6: this entry: '？' holds no letter or digit, and nothing else is compared; write words",
    ),
    "a pattern that is none": (
        "rules:\n  - id: a\n    match:\n      pattern: 'a('\n    reply: none\n",
        "answers.yaml:4: `pattern`: this is not a regular expression "
        "(missing ), unterminated subpattern at position 1); correct it",
    ),
    "a pattern that can take for ever": (
        "rules:\n  - id: a\n    match:\n      pattern: '(a+)+b'\n    reply: none\n",
        "answers.yaml:4: `pattern`: a repeated group can take for ever on some messages; "
        "repeat a single character or a class such as [a-z] instead",
    ),
    "a similarity above one": (
        "rules:\n  - id: a\n    questions: [甲乙]\n    similarity: 2\n    reply: none\n",
        "answers.yaml:4: `similarity`: input should be less than or equal to 1, not 2; correct it",
    ),
    "a choice that is none": (
        "builtin: replace\nrules: []\n",
        "answers.yaml:1: `builtin`: input should be 'keep' or 'drop', not the text 'replace'; correct it",
    ),
    "needs without questions": (
        "rules:\n  - id: a\n    match: {exact: [x]}\n    needs: [y]\n    reply: none\n",
        "answers.yaml:2: this entry: `needs` narrows `questions`, and there are none; add them or delete `needs`",
    ),
    "an id twice": (
        "rules:\n  - {id: a, match: {exact: [x]}, reply: none}\n  - {id: a, match: {exact: [y]}, reply: none}\n",
        "answers.yaml:3: `a` is used a second time (first on line 2); choose another",
    ),
    "one phrase in two rules": (
        "rules:\n  - {id: a, match: {exact: [Ab]}, reply: none}\n  - {id: b, questions: ['ａＢ？'], reply: none}\n",
        "answers.yaml:3: the answer `a` already takes 'ａＢ？'; keep it in one of the two",
    ),
    "a rule that nothing leads to": (
        "rules:\n  - id: a\n    reply: none\n",
        "answers.yaml:2: nothing leads to the answer `a`; add `match` or `questions`, or a choice with this id",
    ),
    "a slot that no group fills": (
        "rules:\n  - id: a\n    match: {pattern: '(?P<b>.)'}\n    reply:\n      text: '{c}'\n",
        "answers.yaml:4: nothing fills the slot {c}; use {account}, {b}, {hotline} or write the words out",
    ),
    "a question that is too long to send": (
        "rules:\n  - id: a\n    match: {exact: [x]}\n    reply:\n      menu:\n        head: '" + "啊" * 680 + "'\n"
        "        options: [{id: a, label: 好}]\n",
        "answers.yaml:5: `menu`: the question has about 2109 bytes of UTF-8 when its choices are links, "
        "2048 are allowed; shorten it or offer fewer choices",
    ),
}

WELCOME_MISTAKES = {
    "neither scene nor prefix": (
        "follow: none\nscan: none\nscenes:\n  - id: a\n    follow: none\n",
        "welcome.yaml:4: this entry: it needs either `scene` or `prefix`; write one of them",
    ),
    "one scene twice": (
        "follow: none\nscan: none\nscenes:\n  - {id: a, scene: x, follow: none}\n  - {id: b, scene: x, follow: none}\n",
        "welcome.yaml:5: `x` is used a second time (first on line 4); choose another",
    ),
    "a slot that nothing fills": (
        "follow:\n  text: '{name}'\nscan: none\n",
        "welcome.yaml:1: nothing fills the slot {name}; "
        "use {account}, {agent}, {campaign}, {hotline} or write the words out",
    ),
}


@pytest.mark.parametrize(("text", "said"), MENU_MISTAKES.values(), ids=MENU_MISTAKES.keys())
def test_a_mistake_in_the_menu_is_told_with_its_place_and_its_mend(complaints: Any, text: Any, said: Any) -> None:
    assert complaints(menu=text) == [said]


@pytest.mark.parametrize(("text", "said"), ANSWER_MISTAKES.values(), ids=ANSWER_MISTAKES.keys())
def test_a_mistake_in_the_answers_is_told_with_its_place_and_its_mend(complaints: Any, text: Any, said: Any) -> None:
    assert complaints(answers=text) == [said]


@pytest.mark.parametrize(("text", "said"), WELCOME_MISTAKES.values(), ids=WELCOME_MISTAKES.keys())
def test_a_mistake_in_the_welcome_is_told_with_its_place_and_its_mend(complaints: Any, text: Any, said: Any) -> None:
    assert complaints(welcome=text) == [said]


def test_an_empty_file_lacks_all_its_keys(complaints: Any) -> None:
    assert complaints(menu="") == [
        "menu.yaml:1: `buttons` is missing; add `buttons: …` here",
        "menu.yaml:1: `replies` is missing; add `replies: …` here",
    ]


def test_a_file_that_nobody_reads_is_a_mistake_too(complaints: Any) -> None:
    assert complaints(anwsers="rules: []") == [
        "anwsers.yaml:1: no file of this name is read; "
        "name it one of texts.yaml, welcome.yaml, menu.yaml, answers.yaml, consent.yaml, notice.yaml, marketing.yaml, "
        "policies.yaml, callback.yaml, benefits.yaml, tasks.yaml, retention.yaml, handover.yaml, elder.yaml, "
        "attributes.yaml, segments.yaml, precheck.yaml, "
        "or move it elsewhere"
    ]


def test_a_file_that_cannot_be_read_says_why(author: Any, complaints: Any) -> None:
    (author() / "content" / "menu.yaml").mkdir()
    assert complaints() == [
        "menu.yaml:1: the file cannot be read (Is a directory); put it there or correct its permissions"
    ]


def test_an_unknown_slot_of_a_text_is_told_at_its_line(complaints: Any, built_in: Any) -> None:
    text = built_in("texts.yaml").replace("roles:\n", "roles:\n  # …\n").replace("姓名：{name}", "姓名：{nmae}")
    line = text[: text.index("staff_whoami")].count("\n") + 1
    assert complaints(texts=text) == [
        f"texts.yaml:{line}: nothing fills the slot {{nmae}}; "
        "use {account}, {branch}, {hotline}, {name}, {role}, {userid} or write the words out"
    ]


def test_dropping_answers_that_the_menu_needs_is_told_at_the_menu(author: Any, complaints: Any) -> None:
    told = complaints(answers="builtin: drop\nrules: []", menu="buttons: []\nreplies:\n  a: {answer: claim}\n")
    assert told == ["menu.yaml:3: there is no answer `claim`; correct it, or add a rule of this id to answers.yaml"]
