"""Claims about the built-in embedder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from headlines.embedding.embedder import WordRows
from headlines.embedding.static import StaticEmbedder
from headlines.embedding.vocabulary import MAX_TOKENS
from headlines.errors import EmbedderError
from headlines.files import MODELS

SOME = ["Drone", "hits", "sanctions", "over", "Kyiv’s", "£5", "counterintelligence", "zzyzx", "é"]


@pytest.fixture(scope="module")
def embedder() -> StaticEmbedder:
    return StaticEmbedder()


def test_vectors_are_unit_float32(embedder: StaticEmbedder, made_headlines: list[str]) -> None:
    X = embedder.transform(made_headlines)
    assert X.dtype == np.float32
    assert X.shape == (2000, embedder.n_features)
    np.testing.assert_allclose(np.linalg.norm(X, axis=1), 1, atol=1e-6)


def test_vectors_are_the_same_bytes_in_any_batch(
    embedder: StaticEmbedder, made_headlines: list[str]
) -> None:
    whole = embedder.transform(made_headlines).tobytes()
    for size in (1, 7, 1024):
        parts = range(0, 2000, size)
        again = [embedder.transform(made_headlines[i : i + size]) for i in parts]
        assert np.concatenate(again).tobytes() == whole


def test_sums_are_whole_numbers_below_the_promised_bound(embedder: StaticEmbedder) -> None:
    longest = max(embedder._weights.vocabulary.entries, key=len)
    values, counts = embedder.sums([" ".join([longest] * 5000), "sanctions", ""])
    assert counts.tolist() == [MAX_TOKENS, 1, 0]
    assert np.array_equal(values, np.rint(values))
    assert np.abs(values).max() < 2**27
    assert not values[2].any()


def test_a_headline_s_sum_is_that_of_its_words(embedder: StaticEmbedder) -> None:
    pair, count = embedder.sums(["sanctions drones"])
    each, _ = embedder.sums(["sanctions", "drones"])
    assert np.array_equal(pair[0], each.sum(axis=0))
    assert count.tolist() == [2]


def test_similar_headlines_are_near(embedder: StaticEmbedder) -> None:
    a, b, c = embedder.transform(
        [
            "EU approves new sanctions package",
            "Brussels agrees fresh penalties on Moscow",
            "Bear eats pie",
        ]
    )
    assert a @ b > a @ c + 0.1


@settings(max_examples=60)
@given(st.lists(st.one_of(st.text(), st.lists(st.sampled_from(SOME)).map(" ".join)), max_size=9))
@example(["sanctions " * 600, "", "drone " * 64, "drone " * 65])
def test_vectors_and_products_are_those_of_the_plain_sum(texts: list[str]) -> None:
    embedder = StaticEmbedder()
    weights = np.rint(np.random.default_rng(0).normal(size=(embedder.n_features, 5)) * 2**16)
    words = np.arange(0, len(embedder._weights.vocabulary), 3)
    own = WordRows(words, np.rint(np.random.default_rng(1).normal(size=(len(words), 5)) * 2**30))
    products, counts = embedder.fold(weights, own)(texts)
    values, also_counts = embedder.sums(texts)
    rows = own.sums(embedder.words(texts))
    X = embedder.transform(texts)
    for i, text in enumerate(texts):
        total, count = embedder.sum_of(text)
        assert count == counts[i] == also_counts[i]
        assert np.array_equal(values[i], total)
        assert np.array_equal(products[i], total.astype(np.float64) @ weights + rows[i])
        length = np.sqrt(float(max(1, (total * total).sum())))
        assert X[i].tobytes() == (total.astype(np.float32) * np.float32(1 / length)).tobytes()


def test_the_export_points_the_same_way(
    embedder: StaticEmbedder, made_headlines: list[str]
) -> None:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(modules=[embedder.to_sentence_transformers()], device="cpu")
    theirs = model.encode(made_headlines, normalize_embeddings=True)
    cosines = (theirs * embedder.transform(made_headlines)).sum(axis=1)
    assert (cosines > 0.9999).mean() >= 0.999


@pytest.mark.parametrize("texts", ["one string", ["a", None], [b"bytes"], [1.5]])
def test_what_is_no_list_of_strings_is_a_type_error(
    embedder: StaticEmbedder, texts: object
) -> None:
    with pytest.raises(TypeError, match="string"):
        embedder.transform(texts)


def test_it_is_a_scikit_learn_transformer(embedder: StaticEmbedder) -> None:
    pipeline = make_pipeline(StaticEmbedder(), LogisticRegression())
    texts = [
        "EU sanctions Russia",
        "New asset freezes",
        "Drone hits city",
        "Missile strike kills 3",
    ]
    pipeline.fit(texts, ["s", "s", "d", "d"])
    assert clone(pipeline).fit(texts, ["s", "s", "d", "d"]).predict(["Drone strike"]) == ["d"]
    assert clone(embedder).get_params() == {"path": None}
    assert embedder.fit_transform(texts).shape == (4, embedder.n_features)


def test_set_params_drops_what_was_loaded(tmp_path: Path) -> None:
    embedder = StaticEmbedder()
    fingerprint = embedder.fingerprint
    embedder.set_params(path=tmp_path)
    with pytest.raises(EmbedderError, match="no embedder there"):
        _ = embedder.fingerprint
    assert embedder.set_params(path=None).fingerprint == fingerprint
    with pytest.raises(ValueError, match="unknown parameter 'dim'"):
        embedder.set_params(dim=3)


def _copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(MODELS / "embedder", tmp_path / "embedder"))


@pytest.mark.parametrize("name", ["vocabulary.txt", "table.i8", "scales.u16"])
def test_a_changed_or_missing_file_is_refused(tmp_path: Path, name: str) -> None:
    folder = _copy(tmp_path)
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    with pytest.raises(EmbedderError, match=f"{name}: SHA-256"):
        StaticEmbedder(folder).fit([])
    (folder / name).unlink()
    with pytest.raises(EmbedderError, match=f"{name}: No such file"):
        StaticEmbedder(folder).fit([])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 99}, "newer"),
        ({"entries": "many"}, "not an embedder"),
        ({"entries": 5}, "words"),
    ],
)
def test_a_card_that_does_not_fit_is_refused(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    folder = _copy(tmp_path)
    card = json.loads((folder / "embedder.json").read_text())
    (folder / "embedder.json").write_text(json.dumps(card | change))
    with pytest.raises(EmbedderError, match=message):
        StaticEmbedder(folder).fit([])


def test_the_shipped_weights_take_16_mb_at_most() -> None:
    assert sum(f.stat().st_size for f in (MODELS / "embedder").iterdir()) <= 16 << 20
