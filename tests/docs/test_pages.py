"""Claims of the documentation: typed as it says, in an empty folder, it gives what it shows."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from conftest import ROOT

sys.path.insert(0, str(Path(__file__).parent))
from typed import agrees, commands_of, prepared, type_page

DOCS = ROOT / "docs"
TYPED = ["tutorial.md", "reference/formats.md"]
TYPED += [f"howto/{path.name}" for path in sorted((DOCS / "howto").glob("*.md"))]


@pytest.mark.slow
@pytest.mark.parametrize("page", TYPED)
def test_typed_in_an_empty_folder_a_page_gives_what_it_shows(page: str, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    text = (DOCS / page).read_text(encoding="utf-8")
    differences = list(type_page(text, folder, prepared(tmp_path)))
    assert not differences, (
        "\n".join(map(str, differences))
        + f"\npython tests/docs/typed.py docs/{page} writes it anew"
    )


def test_another_output_than_the_page_shows_is_told(tmp_path: Path) -> None:
    page = "```console\n$ echo one; echo two\none\n$ false\n```\n```python\n>>> 1 + 1\n3\n```\n"
    (tmp_path / "work").mkdir()
    told = list(type_page(page, tmp_path / "work", prepared(tmp_path)))
    assert [(d.command, d.found) for d in told] == [
        ("echo one; echo two", "one\ntwo\n"),
        ("false", "(exit code 1)\n"),
        ("1 + 1", "2\n"),
    ]


def test_dots_stand_for_lines_that_are_left_out_and_for_nothing_else() -> None:
    assert agrees("a\n...\nd\n", "a\nb\nc\nd\n")
    assert agrees("model: ...\n", "model: 12ab\n")
    assert not agrees("a\n...\nd\n", "a\nb\n")
    assert not agrees("a\n", "a\nb\n")


def test_a_command_that_goes_on_in_the_next_line_is_one() -> None:
    assert commands_of("$ a \\\n    b\nshown\n$ c\n") == [("a \\\n    b", "shown\n"), ("c", "")]


def test_the_picture_is_what_its_program_draws() -> None:
    sys.path.insert(0, str(DOCS))
    import picture

    assert (DOCS / "topics.svg").read_text(encoding="utf-8") == picture.draw()
