"""Claims about pairs of headlines: the probability that both tell one story."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT

from headlines import Headline, HeadlineLabeler, StaticEmbedder
from headlines.clustering.pairs import Bags, PairScorer, Told, names_of
from headlines.embedding.vocabulary import tokenize
from headlines.errors import EmbedderError

TEXTS = [
    "Drone sets oil depot in Tver on fire",
    "Oil depot burns in Tver after drone attack",
    "Oil prices rise as OPEC cuts output",
    "Blast kills 2 in Kabul market",
    "Blast kills 22 in Kabul market",
    "",
    "Пожар на нефтебазе в Твери",
]


@pytest.fixture(scope="module")
def pairs() -> PairScorer:
    return PairScorer.of(StaticEmbedder().fingerprint)


def _told(pairs: PairScorer, texts: list[str], dates: list[str | None] | None = None) -> Told:
    words = [tokenize(text) for text in texts]
    return pairs.told(StaticEmbedder().vectors(texts), words, texts, dates)


def test_one_story_in_other_words_is_likely_and_another_of_its_subject_is_not(
    pairs: PairScorer,
) -> None:
    told = _told(pairs, TEXTS)
    same, other = pairs.probabilities(told, [0, 0], [1, 2])
    assert same > 0.9
    assert other < 0.1


def test_a_pair_has_the_same_probability_alone_among_others_and_turned_round(
    pairs: PairScorer,
) -> None:
    told = _told(pairs, TEXTS)
    left, right = np.triu_indices(len(TEXTS), 1)
    many = pairs.probabilities(told, left, right)
    turned = pairs.probabilities(told, right, left)
    alone = [
        pairs.probabilities(_told(pairs, [TEXTS[a], TEXTS[b]]), [0], [1])[0]
        for a, b in zip(left, right, strict=True)
    ]
    assert many.tobytes() == turned.tobytes() == np.array(alone).tobytes()


def test_blocks_of_pairs_leave_no_seam(pairs: PairScorer, monkeypatch: pytest.MonkeyPatch) -> None:
    left, right = np.triu_indices(len(TEXTS), 1)
    whole = pairs.probabilities(_told(pairs, TEXTS), left, right)
    monkeypatch.setattr("headlines.clustering.pairs.BLOCK", 2)
    assert pairs.probabilities(_told(pairs, TEXTS), left, right).tobytes() == whole.tobytes()


def test_numbers_that_differ_speak_against_one_story(pairs: PairScorer) -> None:
    texts = ["Blast kills 2 in Kabul", "Blast kills 22 in Kabul", "Blast kills many in Kabul"]
    traits = pairs.traits(_told(pairs, texts), [0, 0], [1, 2])
    assert traits["numbers"].tolist() == [-1, 0]
    at, adds = pairs.lines["numbers"]
    assert np.interp(-1, at, adds) < np.interp(0, at, adds) == 0


def test_a_number_is_the_same_in_letters_and_digits(pairs: PairScorer) -> None:
    traits = pairs.traits(_told(pairs, ["Blast kills two", "Blast: 2 dead"]), [0], [1])
    assert traits["numbers"].tolist() == [1]


def test_a_date_that_is_missing_or_within_a_day_changes_nothing(pairs: PairScorer) -> None:
    dates = [None, "2024-05-01", "2024-05-02T08:00:00Z", "2024-05-09", "soon"]
    told = _told(pairs, TEXTS[:1] * len(dates), dates)
    none, near, far, unread = pairs.probabilities(told, [0, 1, 1, 1], [1, 2, 3, 4])
    assert none == near == unread == pairs.probabilities(told, [0], [0])[0]
    assert far < near


def test_names_are_read_in_mid_sentence_and_not_in_a_title_of_capitals() -> None:
    assert names_of("Storm hits Siberia: Moscow sends aid to Tomsk") == ["siberia", "tomsk"]
    assert names_of("Storm Hits Siberia as Moscow Sends Aid") == []


def test_a_name_that_only_one_has_speaks_against_one_story(pairs: PairScorer) -> None:
    texts = ["Court jails poet in Omsk", "Court jails poet in Omsk for years", "court jails poet"]
    assert pairs.traits(_told(pairs, texts), [0, 0], [1, 2])["strangers"].tolist() == [0, 1]


def test_shared_items_add_up_as_sets_do() -> None:
    rng = np.random.default_rng(0)
    sets = [set(rng.integers(0, 12, size).tolist()) for size in (0, 3, 9, 1, 6, 0)]
    bags = Bags.of([{item: item + 1.0 for item in some} for some in sets])
    left, right = (ends.ravel() for ends in np.indices((6, 6)))
    expected = [sum(i + 1.0 for i in sets[a] & sets[b]) for a, b in zip(left, right, strict=True)]
    assert bags.shared(left, bags, right).tolist() == expected
    assert bags.totals.tolist() == [sum(i + 1.0 for i in some) for some in sets]


def test_each_line_only_rises_or_only_falls_with_its_trait(pairs: PairScorer) -> None:
    for name, (at, adds) in pairs.lines.items():
        assert (np.diff(at) > 0).all()
        sign = -1 if name in ("strangers", "days") else 1
        assert (sign * np.diff(adds) >= 0).all(), name


def test_an_embedder_that_nothing_was_learned_for_is_refused_by_name() -> None:
    with pytest.raises(EmbedderError, match=r"for the embedder static-0; take one of.*static-"):
        PairScorer.of("static-0")


def test_no_pairs_give_no_probabilities(pairs: PairScorer) -> None:
    assert pairs.probabilities(_told(pairs, TEXTS), [], []).shape == (0,)
    assert pairs.probabilities(_told(pairs, [""]), [0], [0]) < 0.01


def test_a_labeler_counts_the_dates_of_headlines() -> None:
    labeler = HeadlineLabeler.load()
    a, b = Headline(*TEXTS[:1] * 2, date="2024-05-01"), Headline(*TEXTS[1:2] * 2, date="2024-05-08")
    assert labeler.same_story(a, b) < labeler.same_story(TEXTS[0], TEXTS[1])


def test_an_explanation_shows_it_beside_the_nearest_labelled_headlines() -> None:
    labeler = HeadlineLabeler.load()
    text = "EU approves new sanctions on Moscow"
    why = labeler.explain(text, neighbours=3)
    published = [near for near in why.neighbours if not near.written]
    assert 0 < len(published) < 3
    for near in published:
        assert near.same_story == labeler.same_story(text, near.headline)
        assert f"same story {near.same_story:.2f}" in str(why)
    assert str(why).count("same story") == len(published)


def test_the_room_of_pairs_loads_neither_scikit_learn_nor_scipy() -> None:
    program = "import sys, headlines.clustering.pairs; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert not {"sklearn", "scipy"} & set(done.stdout.split())
