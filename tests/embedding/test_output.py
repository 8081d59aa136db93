"""Claims about embedders as scikit-learn's transformers: names of columns, and frames."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import MaxAbsScaler

from headlines import HeadlineLabeler, StaticEmbedder

TEXTS = ["EU approves new sanctions", "Floods hit Siberia", "Drone hits oil depot"]


@pytest.fixture
def embedder() -> StaticEmbedder:
    return StaticEmbedder()


@pytest.fixture
def _pandas_everywhere() -> Iterator[None]:
    with sklearn.config_context(transform_output="pandas"):
        yield


def test_columns_are_named_for_the_embedder(embedder: StaticEmbedder) -> None:
    names = embedder.get_feature_names_out()
    assert names.dtype == object
    assert (names[0], len(names)) == ("staticembedder0", embedder.n_features)


@pytest.mark.parametrize(("kind", "frame"), [("pandas", pd.DataFrame), ("polars", pl.DataFrame)])
def test_frames_come_out_as_asked_for(embedder: StaticEmbedder, kind: str, frame: type) -> None:
    X = embedder.transform(TEXTS)
    found = embedder.set_output(transform=kind).fit_transform(TEXTS)
    assert isinstance(found, frame)
    assert list(found.columns) == list(embedder.get_feature_names_out())
    np.testing.assert_array_equal(found.to_numpy(), X)
    assert embedder.set_output(transform=None).transform(TEXTS).shape == found.shape
    assert isinstance(embedder.set_output(transform="default").transform(TEXTS), np.ndarray)
    with pytest.raises(ValueError, match="'dask', expected one of default, pandas, polars"):
        embedder.set_output(transform="dask")


def test_what_was_asked_for_stays_with_a_copy(embedder: StaticEmbedder) -> None:
    embedder.set_output(transform="pandas").set_params(path=None)
    for copied in (embedder, clone(embedder), pickle.loads(pickle.dumps(embedder))):
        assert isinstance(copied.transform(TEXTS), pd.DataFrame)


def test_a_column_keeps_its_index(embedder: StaticEmbedder) -> None:
    found = embedder.set_output(transform="pandas").transform(pd.Series(TEXTS, index=[5, 3, 9]))
    assert list(found.index) == [5, 3, 9]


def test_pipelines_and_unions_hand_frames_on(embedder: StaticEmbedder) -> None:
    X = embedder.transform(TEXTS)
    pipeline = make_pipeline(clone(embedder), MaxAbsScaler()).set_output(transform="pandas")
    scaled = pipeline.fit_transform(TEXTS)
    assert list(scaled.columns) == list(embedder.get_feature_names_out())
    union = FeatureUnion([("a", clone(embedder)), ("b", clone(embedder))])
    both = union.set_output(transform="pandas").fit_transform(TEXTS)
    assert both.columns[0] == "a__staticembedder0"
    np.testing.assert_array_equal(both.to_numpy(), np.hstack([X, X]))


def test_a_column_transformer_embeds_one_column_among_others(embedder: StaticEmbedder) -> None:
    data = pd.DataFrame({"headline": TEXTS, "hour": [1.0, 2.0, 3.0]}, index=[7, 8, 9])
    for column in ("headline", ["headline"]):
        columns = ColumnTransformer([("text", embedder, column)], remainder="passthrough")
        found = columns.set_output(transform="pandas").fit_transform(data)
        assert list(found.columns[[0, -1]]) == ["text__staticembedder0", "remainder__hour"]
        assert list(found.index) == [7, 8, 9]
    plain = clone(columns).set_output(transform="default").fit_transform(data)
    assert make_pipeline(columns, LogisticRegression()).fit(data, [0, 1, 1]).score(data, [0, 1, 1])
    np.testing.assert_array_equal(plain, found.to_numpy())


@pytest.mark.usefixtures("_pandas_everywhere")
def test_a_setting_for_all_transformers_counts_and_leaves_labelers_as_they_are(
    embedder: StaticEmbedder, labeler: HeadlineLabeler
) -> None:
    assert isinstance(embedder.transform(TEXTS), pd.DataFrame)
    with sklearn.config_context(transform_output="default"):
        expected = [row.to_row() for row in labeler.cluster(TEXTS)]
    assert [row.to_row() for row in labeler.cluster(TEXTS)] == expected
    assert labeler.explain(TEXTS[0]).neighbours
