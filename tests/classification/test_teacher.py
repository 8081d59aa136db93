"""Claims about a teacher: what it says is learned and kept, and what it may not see."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from headlines import HeadlineLabeler, Taxonomy
from headlines.embedding.encoders import TransformerEmbedder
from headlines.embedding.joined import load_embedder_of
from headlines.embedding.static import StaticEmbedder
from headlines.errors import EmbedderError
from headlines.feeds.headline import Headline
from headlines.model.taught import Taught
from headlines.topics.labels import GoldLabel, read_labels
from tests.conftest import SEEDS, few_topics, write

EARLIER = "static-98e8c46394c6f863"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("teacher")


@pytest.fixture(scope="module")
def minilm(folder: Path) -> TransformerEmbedder:
    return TransformerEmbedder(cache=folder / "cache.sqlite")


@pytest.fixture(scope="module")
def taxonomy(folder: Path) -> Taxonomy:
    return Taxonomy.load(write(folder / "topics.toml", few_topics(20)))


@pytest.fixture(scope="module")
def labels(taxonomy: Taxonomy) -> list[GoldLabel]:
    return read_labels(SEEDS / "labels.csv", taxonomy.names)[:60]


@pytest.fixture(scope="module")
def feed(made_headlines: list[str]) -> list[str]:
    return made_headlines[:300]


@pytest.fixture(scope="module")
def taught(
    taxonomy: Taxonomy, labels: list[GoldLabel], feed: list[str], minilm: TransformerEmbedder
) -> HeadlineLabeler:
    return HeadlineLabeler.train(taxonomy, labels, unlabelled=feed, teacher=minilm)


def _said(labeler: HeadlineLabeler) -> Taught:
    assert labeler.state.taught is not None
    return labeler.state.taught


def test_what_a_teacher_says_is_learned_and_stays_in_the_file(
    taught: HeadlineLabeler,
    taxonomy: Taxonomy,
    labels: list[GoldLabel],
    feed: list[str],
    folder: Path,
) -> None:
    taught.save(folder / "taught.joblib")
    again = HeadlineLabeler.load(folder / "taught.joblib")
    assert np.array_equal(_said(again).shares, _said(taught).shares)
    assert len(_said(again).terms) > 100
    kept = HeadlineLabeler.train(taxonomy, labels, unlabelled=feed, earlier=again)
    assert np.array_equal(_said(kept).shares, _said(taught).shares)
    alone = HeadlineLabeler.train(taxonomy, labels, unlabelled=feed)
    assert alone.state.taught is None
    one, other = (model.probabilities_of(feed) for model in (taught, alone))
    assert abs(one - other).mean() > 0.01


def test_labels_that_calibrate_are_kept_from_the_teacher(
    taught: HeadlineLabeler,
    taxonomy: Taxonomy,
    labels: list[GoldLabel],
    feed: list[str],
    minilm: TransformerEmbedder,
) -> None:
    names = list(taxonomy.names)
    wrong = [replace(e, topic=names[names.index(e.topic) - 1]) for e in labels]
    misled = HeadlineLabeler.train(taxonomy, wrong, unlabelled=feed, teacher=minilm)
    assert np.array_equal(_said(misled).shares, _said(taught).shares)
    # Those that were picked for being hard calibrate nothing, and teach.
    picked = [replace(e, drawn=False) for e in wrong]
    misled = HeadlineLabeler.train(taxonomy, picked, unlabelled=feed, teacher=minilm)
    assert not np.array_equal(_said(misled).shares, _said(taught).shares)


def test_the_like_of_a_labelled_headline_is_not_taught(
    taxonomy: Taxonomy, labels: list[GoldLabel], feed: list[str], minilm: TransformerEmbedder
) -> None:
    twins = [f"{e.headline.headline} today" for e in labels]
    model = HeadlineLabeler.train(taxonomy, labels, unlabelled=[*feed, *twins], teacher=minilm)
    own = set(map(tuple, model.embedder.terms([Headline.parse(t).text for t in twins])))
    assert not own & set(_said(model).terms)


def test_a_topic_without_a_text_at_hand_is_told(
    taught: HeadlineLabeler, taxonomy: Taxonomy, folder: Path, minilm: TransformerEmbedder
) -> None:
    """Its labels are remembered as numbers, and its name was labelled as another topic."""
    first, *others = taxonomy.topics
    gone = Taxonomy((replace(first, definition="", examples=(), phrases=()), *others))
    labels = [GoldLabel(Headline.parse(first.name), others[0].name)]
    with pytest.raises(EmbedderError, match=rf"topic '{first.name}'.* no example whose text"):
        HeadlineLabeler.train(gone, labels, unlabelled=["Rain"], teacher=minilm, earlier=taught)


def test_what_a_model_of_earlier_weights_learned_is_kept(
    taxonomy: Taxonomy, labels: list[GoldLabel], feed: list[str], minilm: TransformerEmbedder
) -> None:
    weights = load_embedder_of("static", EARLIER)
    assert weights.fingerprint == EARLIER
    first = HeadlineLabeler.train(
        taxonomy, labels, unlabelled=feed, teacher=minilm, embedder=weights
    )
    second = HeadlineLabeler.train(taxonomy, earlier=first)
    assert second.embedder.fingerprint == StaticEmbedder().fingerprint != EARLIER
    known = {e.id for e in second.state.training_set.examples}
    assert {e.headline.id for e in labels} <= known
    assert np.array_equal(_said(second).shares, _said(first).shares)


def test_earlier_weights_are_found_in_joined_embedders_too() -> None:
    old = load_embedder_of("static+static", "none has this fingerprint")
    assert {part.fingerprint for part in old.parts} == {StaticEmbedder().fingerprint}
    both = [load_embedder_of("static", EARLIER)] * 2
    wanted = type(old)(both).fingerprint
    assert load_embedder_of("static+static", wanted).fingerprint == wanted


def test_without_a_feed_what_a_teacher_said_before_stays(
    taught: HeadlineLabeler,
    taxonomy: Taxonomy,
    labels: list[GoldLabel],
    minilm: TransformerEmbedder,
) -> None:
    known = [e.headline.headline for e in labels]
    again = HeadlineLabeler.train(
        taxonomy, labels, unlabelled=known, teacher=minilm, earlier=taught
    )
    assert np.array_equal(_said(again).shares, _said(taught).shares)
    first = HeadlineLabeler.train(taxonomy, labels, teacher=minilm)
    assert first.state.taught is None


def test_the_command_wants_a_feed_for_its_teacher(
    run: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    done = run("train", "--teacher", "minilm", "--output", "m.joblib")
    assert done.returncode == 1
    assert "--teacher minilm: there is no FEED to label" in done.stderr
