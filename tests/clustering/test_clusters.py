"""Claims about stories and themes: found, repeated, predicted, named, and kept from day to day."""

from __future__ import annotations

import ctypes
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT, SEEDS, write
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

import headlines.neighbours
from headlines import HeadlineClusterer, HeadlineLabeler, StaticEmbedder, Taxonomy, read_feed
from headlines.clustering.clustered_feed import ClusteredFeed, candidate_topics
from headlines.clustering.clusterer import vectors_and_words
from headlines.clustering.communities import Usual, thinned
from headlines.clustering.edits import ClusterEdits
from headlines.clustering.history import EarlierClusters, kept_numbers
from headlines.clustering.neighbourhood import Contents
from headlines.clustering.whitening import Whitening
from headlines.errors import HeadlinesError, TaxonomyError
from headlines.neighbours import nearest, whole_vectors
from headlines.topics.taxonomy import add_topics

FEED = [h.headline for h in read_feed(SEEDS / "feed.txt")]


@pytest.fixture(scope="module")
def labeler() -> HeadlineLabeler:
    return HeadlineLabeler.load()


def _blobs(n: int = 300, groups: int = 6, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = np.arange(n) % groups
    return rng.normal(size=(groups, 32))[y] + 0.5 * rng.normal(size=(n, 32)), y


# ------------------------------------------------------------------ found


def test_groups_are_found_without_their_number() -> None:
    X, y = _blobs()
    found = HeadlineClusterer().fit(X)
    assert adjusted_rand_score(y, found.labels_) > 0.9  # a few stay alone
    assert found.labels_.min() == 0
    assert ((found.probabilities_ >= 0) & (found.probabilities_ <= 1)).all()


def test_every_story_lies_in_one_theme(labeler: HeadlineLabeler) -> None:
    found = HeadlineClusterer().fit(labeler.embedder.transform(FEED))
    pairs = set(zip(found.labels_.tolist(), found.themes_.tolist(), strict=True))
    assert len(pairs) == len(set(found.labels_.tolist())) > len(set(found.themes_.tolist()))


def test_what_learned_days_too_predicts_from_words() -> None:
    X, words = vectors_and_words(FEED, StaticEmbedder())
    fitted = HeadlineClusterer().fit(X, words=words, days=np.arange(len(X)) % 90)
    told = fitted.predict(X + np.float32(1e-3), words=words)  # none is a sample of the fit
    assert (told == fitted.labels_).mean() > 0.9


def test_predict_gives_back_the_labels_and_runs_repeat() -> None:
    X, _ = _blobs()
    X = np.vstack([X, X[:50]])
    words = [["a", f"w{i % 7}"] for i in range(350)]
    found = HeadlineClusterer().fit(X, words=words)
    assert np.array_equal(found.predict(X, words=words), found.labels_)
    assert np.array_equal(found.predict(X[::-1]), found.labels_[::-1])
    assert np.array_equal(found.labels_[:50], found.labels_[300:])
    for _ in range(3):
        assert np.array_equal(HeadlineClusterer().fit(X, words=words).labels_, found.labels_)


def test_a_pair_that_parts_leaves_another_pair_whole() -> None:
    rows = np.array([[1.0, 0.0, 0.0], [1.0, 0.1, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    told = Contents.of(whole_vectors(rows), None, None)
    assert thinned(np.array([0, 0, 1, 1]), told, Usual(0.1)).tolist() == [0, 0, 2, 1]


def test_the_order_of_the_samples_does_not_matter() -> None:
    X, _ = _blobs()
    order = np.random.default_rng(1).permutation(len(X))
    one, other = HeadlineClusterer().fit(X), HeadlineClusterer().fit(X[order])
    assert adjusted_rand_score(one.labels_[order], other.labels_) == 1
    assert np.array_equal(one.probabilities_[order], other.probabilities_)


@pytest.mark.slow
@pytest.mark.parametrize("threads", ["1", "2"])
def test_clusters_are_the_same_bytes_for_any_number_of_threads(
    tmp_path: Path, threads: str
) -> None:
    outputs = []
    for number in ("1", threads):
        environment = {**os.environ, "OMP_NUM_THREADS": number, "OPENBLAS_NUM_THREADS": number}
        output = tmp_path / f"{number}.jsonl"
        subprocess.run(
            [sys.executable, "-m", "headlines", "cluster", SEEDS / "feed.txt", "--output", output],
            check=True, env=environment, cwd=ROOT, capture_output=True,
        )  # fmt: skip
        outputs.append(output.read_bytes())
    assert outputs[0] == outputs[1]


def test_a_new_sample_goes_where_its_neighbours_are() -> None:
    X, y = _blobs(330)
    found = HeadlineClusterer().fit(X[:300])
    expected = {k: found.labels_[y[:300] == k][0] for k in range(6)}
    assert found.predict(X[300:]).tolist() == [expected[k] for k in y[300:].tolist()]


def test_noise_is_a_choice() -> None:
    X, _ = _blobs()
    X += np.random.default_rng(1).normal(size=X.shape)
    assert HeadlineClusterer().fit(X).labels_.min() == 0
    found = HeadlineClusterer(noise=0.9).fit(X)
    assert np.array_equal(found.labels_ == -1, found.probabilities_ < 0.9)
    assert (found.labels_ == -1).any()


SAME = np.vstack([np.ones((99, 3)), np.zeros((1, 3))])
LARGE = np.vstack(
    [[1.0, 0, 0] + 0.05 * np.random.default_rng(0).normal(size=(198, 3)), -np.eye(3)[:2]]
)


@pytest.mark.parametrize(
    ("X", "clusters"),
    [
        (np.ones((1, 3)), 1),
        (np.array([[1.0, 0.0], [0.0, 1.0]]), 2),
        (np.zeros((5, 3)), 1),
        (np.ones((50, 3)), 1),
        (SAME, 2),
        (np.eye(40), 40),
        (LARGE, 2),
        (np.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]]), 1),
    ],
    ids=["one", "two", "zeros", "all-the-same", "one-zero", "all-different", "one-holds-99-percent",
         "more-neighbours-than-samples"],
)  # fmt: skip
def test_odd_inputs_have_a_sensible_result(X: np.ndarray, clusters: int) -> None:
    found = HeadlineClusterer().fit(X)
    assert len(set(found.labels_.tolist())) >= clusters
    assert np.array_equal(found.predict(X), np.where(X.any(axis=1), found.labels_, -1))
    assert np.bincount(found.labels_)[0] == np.bincount(found.labels_).max()


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.array([[1.0, np.nan], [0.0, 1.0]]), "NaN"),
        (np.array([[1.0, np.inf], [0.0, 1.0]]), "infinity"),
        (np.zeros((0, 3)), "0 sample"),
    ],
)
def test_inputs_without_a_meaning_are_errors(X: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        HeadlineClusterer().fit(X)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"words": [["a"]]}, "words of 1 samples for 4"),
        ({"words": [["a"], ["b"], "c d", []]}, "words of sample 2 are 'c d'"),
        ({"words": [["a"], ["b"], [], [3]]}, r"words of sample 3 are \[3\]"),
        ({"words": [["a"], None, [], []]}, "words of sample 1 are None"),
        ({"previous": [0, 1]}, "previous is"),
        ({"previous": [0.5, 1, 2, 3]}, "previous is float64"),
        ({"previous": [True, False, True, True]}, "previous is bool"),
        ({"previous": [[0, 1, 2]] * 4}, "previous is int64 of shape"),
        ({"previous": [0, 1, -2, 3]}, "previous is -2 for a sample"),
    ],
)
def test_words_and_previous_must_fit_the_samples(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        HeadlineClusterer().fit(np.eye(4), **change)
    if "words" in change:
        with pytest.raises(ValueError, match=message):
            HeadlineClusterer().fit(np.eye(4)).predict(np.eye(4), **change)


def test_vectors_and_words_of_texts_give_the_stories_of_the_labeler(
    labeler: HeadlineLabeler,
) -> None:
    lines = (SEEDS / "feed.txt").read_text(encoding="utf-8").splitlines()
    X, words = vectors_and_words(lines, labeler.embedder)
    whitening = Whitening.of_news(labeler.embedder.fingerprint)
    found = HeadlineClusterer(whitening=whitening).fit(X, words=words)
    assert found.labels_.tolist() == [c.story for c in labeler.cluster(lines)]
    alone = HeadlineClusterer().fit(X)
    assert alone.labels_.tolist() != found.labels_.tolist()


def test_clustering_tells_its_steps_to_those_who_listen(caplog: pytest.LogCaptureFixture) -> None:
    X, _ = _blobs()
    HeadlineClusterer().fit(np.vstack([X, X[:50]]))
    assert not caplog.records
    with caplog.at_level(logging.DEBUG, "headlines"):
        found = HeadlineClusterer().fit(np.vstack([X, X[:50]]))
    assert [r.name for r in caplog.records] == ["headlines.clustering.clusterer"] * 3
    assert caplog.messages[0].startswith("350 samples, 300 distinct, ")
    assert "50 candidates each" in caplog.messages[0]
    stories, themes = found.labels_.max() + 1, found.themes_.max() + 1
    assert caplog.messages[2] == f"joined to {stories} stories in {themes} themes"


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.floats(-1, 1), min_size=4, max_size=4), min_size=1, max_size=30))
def test_predict_agrees_with_the_labels_for_any_vectors(rows: list[list[float]]) -> None:
    X = np.array(rows)
    found = HeadlineClusterer(n_neighbors=3).fit(X)
    assert np.array_equal(found.predict(X), np.where(X.any(axis=1), found.labels_, -1))
    assert found.labels_.min() == 0


@pytest.mark.slow
def test_a_second_fit_in_the_same_process_gives_the_same_labels() -> None:
    """Where communities can be refined in many ways, and whatever drew random numbers before."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 16))[rng.integers(0, 300, 3000)] + rng.normal(size=(3000, 16))
    first = HeadlineClusterer().fit(X)
    for number in range(3):
        ctypes.CDLL(None).srand(number)
        again = HeadlineClusterer().fit(X)
        assert np.array_equal(again.labels_, first.labels_)
        assert np.array_equal(again.themes_, first.themes_)
    other = HeadlineClusterer(random_state=1).fit(X)
    assert not np.array_equal(other.labels_, first.labels_)
    drawn = HeadlineClusterer(random_state=np.random.RandomState(0)).fit(X)
    assert len(drawn.labels_) == 3000


def test_many_points_are_searched_by_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 64))[rng.integers(0, 40, 4000)] + 0.6 * rng.normal(size=(4000, 64))
    points = whole_vectors(X)
    exact, similarity = nearest(points, 10)
    fine = HeadlineClusterer().fit(X).labels_
    monkeypatch.setattr(headlines.neighbours, "MAX_EXACT", 1000)
    near, found = nearest(points, 10)
    shared = [len(set(a) & set(b)) for a, b in zip(exact.tolist(), near.tolist(), strict=True)]
    assert np.mean(shared) > 9.5
    same = near[:, 0] == exact[:, 0]
    assert np.abs(found - similarity)[same, 0].max() < 0.01  # a byte for each number
    labels = HeadlineClusterer().fit(X).labels_
    assert adjusted_rand_score(labels, fine) > 0.95
    assert np.array_equal(HeadlineClusterer().fit(X).labels_, labels)


# ------------------------------------------------------------------ feeds


def test_clusters_of_a_feed_repeat_and_copies_share_theirs(labeler: HeadlineLabeler) -> None:
    found = labeler.cluster([*FEED, FEED[0]])
    assert found == labeler.cluster([*FEED, FEED[0]])
    assert found[0].cluster == found[-1].cluster
    assert len(found) == len(FEED) + 1 == sum(c.headlines for c in found.clusters)
    assert sum(c.copies for c in found.clusters) >= 1
    assert len(found.clusters) > 3
    assert len({c.name for c in found.clusters}) == len(found.clusters)
    assert {c.medoid for c in found.clusters} <= set(FEED)


def test_levels_and_resolutions(labeler: HeadlineLabeler) -> None:
    themes, stories = labeler.cluster(FEED), labeler.cluster(FEED, level="story")
    assert len(stories.clusters) > len(themes.clusters)
    assert all(c.cluster == c.story for c in stories)
    fine, coarse = (labeler.cluster(FEED, resolution=r) for r in (4.0, 0.3))
    assert len(fine.clusters) > len(coarse.clusters)
    assert len(labeler.cluster(FEED, level="story", resolution=1.0).clusters) > 1
    assert {c.cluster for c in labeler.cluster(FEED, noise=1.0)} >= {-1}
    with pytest.raises(ValueError, match="level is 'topic'"):
        labeler.cluster(FEED, level="topic")


@pytest.mark.parametrize("texts", [[], ["Court jails poet"], ["Court jails poet", "Floods"], [""]])
def test_few_headlines(labeler: HeadlineLabeler, texts: list[str]) -> None:
    found = labeler.cluster(texts)
    assert len(found) == len(texts)
    assert all(c.cluster >= 0 and c.name for c in found)


def test_clusters_fall_on_topics(labeler: HeadlineLabeler) -> None:
    recipes = [f"{how} {what} Recipes" for how in ("Ten Easy", "Our Best Summer")
               for what in ("Pasta", "Chocolate Cake", "Chicken Dinner", "Salad")]  # fmt: skip
    found = labeler.cluster([*FEED, *recipes])
    of = {c.item.headline: c.cluster for c in found}
    by_number = {c.cluster: c for c in found.clusters}
    [new] = {of[text] for text in recipes}
    assert not by_number[new].covered
    assert sum(c.covered for c in found.clusters) > len(found.clusters) / 2
    for cluster in found.clusters:
        assert sum(share for _, share in cluster.topics) <= 1.001


# ------------------------------------------------------------------ identity


def _rows(found: ClusteredFeed, path: Path) -> Path:
    return write(path, [json.dumps(c.to_row()) for c in found])


def test_numbers_are_kept_when_a_tenth_changes(tmp_path: Path, labeler: HeadlineLabeler) -> None:
    first = labeler.cluster(FEED[:106], level="story")
    path = _rows(first, tmp_path / "first.jsonl")
    second = labeler.cluster(FEED[12:], level="story", previous=path)
    was = {c.id: c.cluster for c in first}
    kept = [was[c.id] == c.cluster for c in second if c.id in was]
    assert np.mean(kept) > 0.85
    assert second.changes
    assert {c.kind for c in second.changes} <= {
        "born",
        "died",
        "merged",
        "split",
        "grew",
        "shrank",
        "same",
    }
    sizes = {c.cluster: c.headlines for c in second.clusters}
    for change in second.changes:
        assert change.after == sizes.get(change.cluster, 0)
        assert (change.kind == "died") == (change.after == 0)
    again = labeler.cluster(FEED[:106], level="story", previous=path)
    same = [a.cluster == b.cluster for a, b in zip(again, first, strict=True)]
    assert np.mean(same) > 0.95


def test_a_new_story_is_born(tmp_path: Path, labeler: HeadlineLabeler) -> None:
    path = _rows(labeler.cluster(FEED, level="story"), tmp_path / "first.jsonl")
    cup = ["Brazil Wins World Cup Final on Penalties", "Brazil Celebrates World Cup Victory",
           "World Cup Final: Brazil Beats France on Penalties", "How Brazil Won the World Cup",
           "France Mourns World Cup Final Defeat"]  # fmt: skip
    found = labeler.cluster([*FEED, *cup], level="story", previous=path)
    [number] = {c.cluster for c in found if c.item.headline in cup}
    assert number not in EarlierClusters.read(path).names
    assert [c.kind for c in found.changes if c.cluster == number] == ["born"]


def test_numbers_follow_the_best_assignment() -> None:
    points = np.eye(4)[[0, 0, 1, 1, 2]]
    labels, earlier = np.array([0, 0, 1, 1, 2]), np.array([7, 7, 3, 3, -1])
    number = kept_numbers(labels, earlier, points, earlier[:4], points[:4])
    assert number == {-1: -1, 0: 7, 1: 3, 2: 8}
    apart = kept_numbers(labels, np.full(5, -1), points, np.array([5]), np.eye(4)[[2]])
    assert apart[2] == 5  # no headline in common, but the same centre


def test_an_editors_changes_survive_the_next_run(tmp_path: Path, labeler: HeadlineLabeler) -> None:
    found = labeler.cluster(FEED)
    first, second, third = (c.cluster for c in found.clusters[:3])
    moved = [c.item.headline for c in found if c.cluster == third][:2]
    edits = write(
        tmp_path / "edits.toml",
        f'[[rename]]\ncluster = {third}\nname = "The editor\'s own"\n'
        f"[[merge]]\nclusters = [{first}, {second}]\n"
        f"[[split]]\ncluster = 90\nheadlines = {json.dumps(moved)}\n",
    )
    edited = labeler.cluster(FEED, edits=edits)
    path = _rows(edited, tmp_path / "day1.jsonl")
    for today in (edited, labeler.cluster(FEED[:100], previous=path, edits=edits)):
        of = {c.id: c for c in today}
        assert second not in {c.cluster for c in today}
        members = [c.id for c in found if c.cluster in (first, second) and c.id in of]
        assert np.mean([of[key].cluster == first for key in members]) > 0.9
        assert {c.cluster for c in today if c.item.headline in moved} <= {90}
        assert {c.name for c in today if c.cluster == third} <= {"The editor's own"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[rename]]\ncluster = 1", "rename.*number 1"),
        ("[[merge]]\nclusters = [1]", "merge"),
        ("[[split]]\ncluster = -1\nheadlines = []", "split"),
        ("[[remove]]\ncluster = 1", "'remove' is not known"),
        ("merge = 3", "merge"),
        ("[[", "not TOML"),
    ],
)
def test_a_wrong_edit_says_where(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(HeadlinesError, match=message):
        ClusterEdits.read(write(tmp_path / "edits.toml", text + "\n"))
    with pytest.raises(HeadlinesError, match="can't be read"):
        ClusterEdits.read(tmp_path / "none.toml")


def test_a_file_that_is_no_earlier_run_says_where(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", ['{"id": "a"}'])
    with pytest.raises(HeadlinesError, match=r"rows.jsonl: line 1: .*no row of a clustered feed"):
        EarlierClusters.read(path)
    with pytest.raises(HeadlinesError, match="can't be read"):
        EarlierClusters.read(tmp_path / "none.jsonl")


# ------------------------------------------------------------------ new topics


def test_clusters_become_topics_for_a_person_to_edit(
    tmp_path: Path, labeler: HeadlineLabeler, run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    path = _rows(found := labeler.cluster(FEED), tmp_path / "clusters.jsonl")
    number = found.clusters[0].cluster
    topics = tmp_path / "mine.toml"
    done = run("topics", "add", path, "--cluster", number, "--topics", topics)
    assert done.returncode == 0, done.stderr
    [topic] = candidate_topics(path, [number])
    assert topic.name == found.clusters[0].name.lower()
    assert set(topic.examples) <= {c.item.headline for c in found if c.cluster == number}
    kept = topics.read_text(encoding="utf-8")
    with pytest.raises(TaxonomyError, match="has a topic"):
        add_topics(topics, [topic])
    add_topics(topics, candidate_topics(path, [found.clusters[1].cluster]))
    assert topics.read_text(encoding="utf-8").startswith(kept)
    assert len(Taxonomy.load(topics).topics) == 2
    with pytest.raises(HeadlinesError, match="has no cluster 99; its clusters are 0, "):
        candidate_topics(path, [99])


def test_the_command_keeps_numbers_and_tells_what_changed(
    tmp_path: Path, run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    first, second = tmp_path / "1.jsonl", tmp_path / "2.jsonl"
    done = run("cluster", SEEDS / "feed.txt", "--output", first)
    assert "118 headlines, 0 of them copies" in done.stderr
    done = run("cluster", SEEDS / "feed.txt", "--output", second, "--previous", first, "--json")
    one, two = EarlierClusters.read(first), EarlierClusters.read(second)
    assert np.mean([one.cluster[key] == two.cluster[key] for key in one.cluster]) > 0.9
    summary = json.loads(done.stderr)
    assert {c["kind"] for c in summary["changes"]} & {"same", "grew", "shrank"}
    assert summary["clusters"][0].keys() >= {"cluster", "name", "medoid", "topics", "covered"}
    bad = run("cluster", SEEDS / "feed.txt", "--previous", SEEDS / "feed.txt")
    assert bad.returncode == 1
    assert "no row of a clustered feed" in bad.stderr


# ------------------------------------------------------------------ time and news in general

ELECTIONS = [
    "France votes in first round of presidential election",
    "French voters go to the polls in presidential election",
    "Polls open across France in presidential vote",
    "Voting begins in French presidential election",
    "France's presidential election: polls close in first round",
    "Record turnout in French presidential election",
]
OTHERS = ["Earthquake strikes central Italy", "Storm floods northern England", "Poet is jailed"]


def _stories(days: list[float]) -> list[int]:
    """Cluster the elections and others; days are those of the elections."""
    embedder = StaticEmbedder()
    X, words = vectors_and_words([*ELECTIONS, *OTHERS], embedder)
    clusterer = HeadlineClusterer(whitening=Whitening.of_news(embedder.fingerprint))
    clusterer.fit(X, words=words, days=np.array([*days, 0.0, 1.0, 2.0]))
    return clusterer.labels_.tolist()


def test_what_happens_again_a_year_later_is_another_story() -> None:
    found = _stories([0, 1, 2, 365, 366, 367])
    assert len(set(found[:3])) == len(set(found[3:6])) == 1
    assert found[0] != found[3]
    assert len(set(_stories([0, 1, 2, 3, 3, 4])[:6])) == 1


def test_a_headline_without_a_date_is_as_near_as_ever() -> None:
    assert len(set(_stories([0, 1, 2, np.nan, np.nan, np.nan])[:6])) == 1


def test_days_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="days is"):
        HeadlineClusterer().fit(np.eye(3), days=[0.0, np.inf, 1.0])


def test_what_is_near_to_no_story_is_in_none() -> None:
    embedder = StaticEmbedder()
    X, words = vectors_and_words([*ELECTIONS, *OTHERS], embedder)
    fitted = HeadlineClusterer(whitening=Whitening.of_news(embedder.fingerprint))
    fitted.fit(X, words=words)
    new, said = vectors_and_words(["Chef opens bakery in Lima", ELECTIONS[0] + " today"], embedder)
    assert fitted.predict(new, words=said).tolist() == [-1, fitted.labels_[0]]


def test_the_more_stories_the_nearer_two_have_to_be() -> None:
    usual = Usual(0.1)
    assert usual.among(10) < usual.among(100) < usual.among(1000)
    assert Usual(0.2).among(100) == pytest.approx(2 * usual.among(100))
