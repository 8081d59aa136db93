"""Claims about transformers as embedders (the real MiniLM) and about the cache of vectors."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from conftest import write

from headlines.embedding.cache import VectorCache
from headlines.embedding.encoders import TransformerEmbedder, minilm_folder
from headlines.errors import EmbedderError, MissingExtraError

pytestmark = pytest.mark.slow

TEXTS = ["EU approves sanctions", "Floods hit Siberia after a week of rain", "", "Путин", "🚀"]


@pytest.fixture(scope="module")
def minilm() -> TransformerEmbedder:
    return TransformerEmbedder("minilm")


def test_minilm_gives_the_unit_vectors_of_sentence_transformers(
    minilm: TransformerEmbedder,
) -> None:
    from sentence_transformers import SentenceTransformer

    X = minilm.transform(TEXTS)
    assert (X.dtype, X.shape) == (np.float32, (5, 384))
    model = SentenceTransformer(str(minilm_folder()), device="cpu")
    expected = model.encode(TEXTS, normalize_embeddings=True)
    np.testing.assert_allclose(X, expected, atol=1e-5)


def test_single_and_batch_agree(minilm: TransformerEmbedder, made_headlines: list[str]) -> None:
    texts = made_headlines[:40]
    alone = np.concatenate([minilm.transform([text]) for text in texts])
    np.testing.assert_allclose(minilm.transform(texts), alone, atol=1e-6)


def test_a_vector_hangs_neither_on_the_batch_nor_on_the_number_of_threads(
    minilm: TransformerEmbedder, made_headlines: list[str]
) -> None:
    import torch

    texts = [*made_headlines[:60], "long " * 400]
    X = minilm.transform(texts)
    before = torch.get_num_threads()
    torch.set_num_threads(before + 1)
    try:
        assert minilm.transform(texts[::-1])[::-1].tobytes() == X.tobytes()
        assert minilm.transform(texts[7:9]).tobytes() == X[7:9].tobytes()
        assert torch.get_num_threads() == before + 1
    finally:
        torch.set_num_threads(before)


def test_a_model_s_own_prompt_is_read_with_the_texts(
    minilm: TransformerEmbedder, tmp_path: Path
) -> None:
    minilm._model.save(str(tmp_path))
    path = tmp_path / "config_sentence_transformers.json"
    asked = {"prompts": {"topic": "news: "}, "default_prompt_name": "topic"}
    write(path, json.dumps(json.loads(path.read_text()) | asked))
    X = TransformerEmbedder(tmp_path).transform(TEXTS[:2])
    expected = minilm.transform([f"news: {text}" for text in TEXTS[:2]])
    np.testing.assert_allclose(X, expected, atol=1e-6)


def test_threads_may_share_a_model(minilm: TransformerEmbedder, made_headlines: list[str]) -> None:
    texts = made_headlines[:40]
    expected = minilm.transform(texts)
    fresh = TransformerEmbedder()
    with ThreadPoolExecutor(3) as pool:
        for X in pool.map(lambda _: fresh.transform(texts), range(3)):
            np.testing.assert_allclose(X, expected, atol=1e-5)


def test_sums_are_whole_numbers(minilm: TransformerEmbedder) -> None:
    values, counts = minilm.sums(TEXTS)
    assert counts.tolist() == [1] * 5
    assert np.array_equal(values, np.rint(values))
    np.testing.assert_allclose(values * minilm.unit, minilm.transform(TEXTS), atol=1e-6)
    assert minilm.transform([]).shape == (0, 384)


def test_the_cache_gives_the_same_bytes_without_computing(
    minilm: TransformerEmbedder, tmp_path: Path
) -> None:
    cached = TransformerEmbedder("minilm", cache=tmp_path / "cache.sqlite")
    first = cached.transform(TEXTS)
    assert first.tobytes() == minilm.transform(TEXTS).tobytes()

    def fail(texts: list[str]) -> np.ndarray:
        raise AssertionError(texts)

    with VectorCache(tmp_path / "cache.sqlite", minilm.fingerprint) as cache:
        assert cache.get_or_compute(TEXTS, 384, fail).tobytes() == first.tobytes()
    with (
        VectorCache(tmp_path / "cache.sqlite", "another") as cache,
        pytest.raises(AssertionError),
    ):
        cache.get_or_compute(TEXTS, 384, fail)


def test_a_file_that_is_no_cache_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmbedderError, match="not a cache"):
        VectorCache(write(tmp_path / "cache", "x" * 5000), "f")


def test_a_name_that_is_not_at_hand_is_refused_without_network() -> None:
    with pytest.raises(EmbedderError, match="can't be loaded"):
        TransformerEmbedder("nobody/no-such-model").fit([])


def test_changed_minilm_weights_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headlines.embedding.encoders.MINILM_SHA256", "0" * 64)
    with pytest.raises(EmbedderError, match="expected 000000000000"):
        TransformerEmbedder("minilm").fit([])


def test_a_missing_weights_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headlines.embedding.encoders.MINILM_PACKAGE", "no_such_package")
    with pytest.raises(MissingExtraError, match="no_such_package"):
        TransformerEmbedder("minilm").fit([])
