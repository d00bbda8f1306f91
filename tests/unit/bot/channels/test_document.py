"""Documents: XML and JSON give one shape, and nothing that a platform does not send gets in."""

from __future__ import annotations

import json

import pytest
import xmltodict
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.callback import BadCallback
from bot.channels.document import looks_like_json, read_document, read_json, read_xml

_NAMES = st.text("abcDEF_1", min_size=1, max_size=5).filter(lambda name: not name[0].isdigit())
_LEAVES = st.text("ab险 ", min_size=1, max_size=6).filter(lambda text: text == text.strip() != "")
_TREES = st.recursive(
    _LEAVES,
    lambda inner: st.dictionaries(_NAMES, inner | st.lists(inner, min_size=2, max_size=3), min_size=1, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(_NAMES, _TREES, min_size=1, max_size=4))
def test_xml_is_read_in_the_shape_of_xmltodict(tree: dict[str, object]) -> None:
    text = xmltodict.unparse({"xml": tree}, full_document=False)
    assert read_xml(text) == xmltodict.parse(text)["xml"] == tree


@given(st.dictionaries(_NAMES, _TREES, max_size=4))
def test_json_of_texts_is_read_as_it_is(tree: dict[str, object]) -> None:
    assert read_json(json.dumps(tree)) == tree


def test_json_scalars_become_the_text_they_were_written_with() -> None:
    text = '{"a": 24682468135791357, "b": 31.230416, "c": true, "d": null, "e": 1e3, "f": [1, {"g": false}]}'
    assert read_json(text) == {
        "a": "24682468135791357",
        "b": "31.230416",
        "c": "true",
        "d": "",
        "e": "1e3",
        "f": ["1", {"g": "false"}],
    }


def test_a_repeated_json_key_counts_as_its_last_value() -> None:
    assert read_json('{"a": "1", "a": "2"}') == {"a": "2"}


def test_leaf_text_keeps_its_outer_spaces() -> None:
    assert read_xml("<xml>\n <a> 你 好\n</a>\n <b/></xml>") == {"a": " 你 好\n", "b": ""}


def test_adjacent_sections_are_one_text() -> None:
    assert read_xml("<xml><a><![CDATA[x]]]]><![CDATA[>y]]>&amp;<!-- no -->z</a></xml>") == {"a": "x]]>y&z"}


def test_words_about_document_types_are_just_words() -> None:
    assert read_xml("<xml><a><![CDATA[<!DOCTYPE html>]]></a></xml>") == {"a": "<!DOCTYPE html>"}


def test_an_inner_doctype_is_refused_before_anything_is_expanded() -> None:
    bomb = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 30))
    with pytest.raises(BadCallback, match="document type") as caught:
        read_xml(f'<!DOCTYPE x [<!ENTITY a0 "ha">{bomb}]><xml><a>&a29;</a></xml>')
    assert caught.value.reason == "doctype"


@pytest.mark.parametrize("depth", [15, 16])
def test_sixteen_levels_is_the_limit_in_both_formats(depth: int) -> None:
    assert read_xml("<xml>" + "<a>" * depth + "x" + "</a>" * depth + "</xml>") is not None
    assert read_json('{"a":' * depth + '"x"' + "}" * depth) is not None


def test_one_level_more_is_refused_in_both_formats() -> None:
    with pytest.raises(BadCallback):
        read_xml("<xml>" + "<a>" * 17 + "x" + "</a>" * 17 + "</xml>")
    with pytest.raises(BadCallback):
        read_json('{"a":' * 17 + '"x"' + "}" * 17)


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (b'{"a": 1}', "text/xml", True),
        (b" \n[", "", True),
        (b"<xml/>", "application/json", False),
        (b"", "application/json; charset=utf-8", True),
        (b"", "text/xml", False),
    ],
)
def test_the_first_character_tells_the_format(body: bytes, content_type: str, *, expected: bool) -> None:
    assert looks_like_json(body, content_type) is expected


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_read_or_refused(body: bytes, is_json: bool) -> None:
    outcome: object
    try:
        outcome, _ = read_document(body, is_json=is_json)
    except BadCallback as error:
        outcome = error
    assert isinstance(outcome, dict | BadCallback)
