"""Claims about topics files."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest
from conftest import write

from headlines.errors import TaxonomyError
from headlines.topics.taxonomy import Taxonomy, Topic, add_topics


def test_names_of_topics_are_one_in_any_case_and_encoding(tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "Économie")
    path = write(
        tmp_path / "topics.toml",
        f'[[topic]]\nname = "{decomposed}"\n[[topic]]\nname = " Sport  News"\n'.encode(),
    )
    assert Taxonomy.load(path).names == ("Économie", "Sport News")
    with pytest.raises(TaxonomyError, match=r"'sport' appears twice, once as 'Sport'"):
        Taxonomy((Topic("Sport"), Topic("sport")))
    with pytest.raises(TaxonomyError, match="has a topic 'sport news'"):
        add_topics(path, [Topic("sport news", examples=("Cup Lost",))])


def test_an_example_under_two_topics_is_an_error_that_names_both_and_their_lines(
    tmp_path: Path,
) -> None:
    toml = """version = 1
[[topic]]
name = "floods"
examples = ["Floods Force \\"Thousands\\" From Homes"]
[[topic]]
name = "housing"
phrases = ["rents"]
examples = [
    "Rents Climb",
    "FLOODS force “Thousands” from homes",
    "Floods Force \\"Thousands\\" From Homes",
]
"""
    path = write(tmp_path / "topics.toml", toml.encode())
    with pytest.raises(TaxonomyError, match=r"lines 4 and 11: .*'floods' and 'housing'; keep it"):
        Taxonomy.load(path)
    twice = Topic("a", examples=("Floods Hit",)), Topic("b", phrases=("floods hit",))
    with pytest.raises(TaxonomyError, match="stands under 'a' and 'b'"):
        Taxonomy(twice)


def test_a_topic_keeps_its_code_and_what_is_no_text_is_refused(tmp_path: Path) -> None:
    path = write(
        tmp_path / "topics.toml", '[[topic]]\nname = "courts"\ncode = " medtop:02000000 "\n'
    )
    add_topics(path, [Topic("sport", "Games", code="medtop:15000000"), Topic("weather")])
    assert Taxonomy.load(path).codes == ("medtop:02000000", "medtop:15000000", "")
    write(path, '[[topic]]\nname = "courts"\ncode = 2000000\n')
    with pytest.raises(TaxonomyError, match="topic 1: code is 2000000, expected a string"):
        Taxonomy.load(path)


@pytest.mark.parametrize(("name", "told"), [
    ("cour\u00adts", "its name holds SOFT HYPHEN (U+00AD)"),
    ("real\u200bestate", "its name holds ZERO WIDTH SPACE (U+200B)"),
    ("a\u2060b", "its name holds WORD JOINER (U+2060)"),
    ("x" * 1001, "its name has 1,001 characters"),
])  # fmt: skip
def test_a_name_that_no_model_may_hold_is_refused_when_the_file_is_read(
    name: str, told: str, tmp_path: Path
) -> None:
    text = f'[[topic]]\nname = "{name}"\nphrases = ["a"]\n[[topic]]\nname = "b"\nphrases = ["b"]'
    with pytest.raises(TaxonomyError, match=re.escape(told)):
        Taxonomy.load(write(tmp_path / "topics.toml", text))


@pytest.mark.parametrize("blank", ["\u00a0", "\\t", "\u2003"])
def test_a_blank_of_another_kind_is_a_blank_in_a_file_and_refused_in_python(
    blank: str, tmp_path: Path
) -> None:
    text = f'[[topic]]\nname = "a{blank}b"\nphrases = ["a"]\n[[topic]]\nname = "c"\nphrases = ["b"]'
    assert Taxonomy.load(write(tmp_path / "topics.toml", text)).names == ("a b", "c")
    given = (Topic("a\u00a0b", "", (), ("a",)), Topic("c", "", (), ("b",)))
    with pytest.raises(TaxonomyError, match="NO-BREAK SPACE"):
        Taxonomy(given)
