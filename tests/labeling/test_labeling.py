"""Claims about the labeler: the same label for a headline, however it is asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from conftest import SEEDS, few_topics, write

from headlines import HeadlineLabeler, Taxonomy, read_feed
from headlines.embedding.static import StaticEmbedder
from headlines.errors import ModelError, TaxonomyError
from headlines.feeds.headline import Headline
from headlines.files import MODELS
from headlines.labeling.prediction import UNSURE, Prediction, PredictionBlock
from headlines.model.examples import Example, TrainingSet, _hold_out
from headlines.model.state import LabelerState
from headlines.persistence.modelfile import read_manifest
from headlines.topics.labels import GoldLabel, read_labels
from headlines.topics.taxonomy import Topic

TOPICS = Taxonomy.load()


def _jsonl(predictions: list[Prediction]) -> bytes:
    rows = (json.dumps(p.to_row(top=11), ensure_ascii=False) for p in predictions)
    return "\n".join(rows).encode()


@pytest.fixture(scope="module")
def trained() -> HeadlineLabeler:
    return HeadlineLabeler.train(TOPICS, read_labels(SEEDS / "labels.csv", TOPICS.names))


@pytest.fixture(scope="module")
def texts(made_headlines: list[str]) -> list[str]:
    return [h.headline for h in read_feed(SEEDS / "feed.txt")] + made_headlines


def test_fit_reload_single_and_batch_give_the_same_bytes(
    trained: HeadlineLabeler, texts: list[str], tmp_path: Path
) -> None:
    expected = _jsonl(trained.label(texts))
    assert _jsonl([p for text in texts for p in trained.label([text])]) == expected
    by_seven = [p for i in range(0, len(texts), 7) for p in trained.label(texts[i : i + 7])]
    assert _jsonl(by_seven) == expected
    trained.save(tmp_path / "model.joblib")
    assert _jsonl(HeadlineLabeler.load(tmp_path / "model.joblib").label(texts)) == expected
    write(tmp_path / "texts.json", json.dumps(texts))
    program = (
        "import json, sys; from headlines import HeadlineLabeler\n"
        "labeler = HeadlineLabeler.load(sys.argv[1]); texts = json.load(open(sys.argv[2]))\n"
        "rows = [json.dumps(p.to_row(top=11), ensure_ascii=False) for p in labeler.label(texts)]\n"
        "sys.stdout.buffer.write('\\n'.join(rows).encode())"
    )
    files = (tmp_path / "model.joblib", tmp_path / "texts.json")
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, files)],
        capture_output=True,
        check=True,
        cwd=MODELS.parent,
    )
    assert done.stdout == expected


@pytest.mark.slow
def test_training_repeats_to_the_byte(trained: HeadlineLabeler, tmp_path: Path) -> None:
    labels = read_labels(SEEDS / "labels.csv", TOPICS.names)
    again = HeadlineLabeler.train(TOPICS, labels)
    again.save(tmp_path / "again.joblib")
    trained.save(tmp_path / "model.joblib")
    first, second = ((tmp_path / f"{n}.joblib").read_bytes() for n in ("model", "again"))
    assert first == second
    assert again.model == trained.model


@pytest.mark.slow
def test_training_does_not_depend_on_the_number_of_threads(trained: HeadlineLabeler) -> None:
    program = (
        "from headlines import HeadlineLabeler, Taxonomy\n"
        "from headlines.topics.labels import read_labels\n"
        "topics = Taxonomy.load()\n"
        "labels = read_labels('seeds/labels.csv', topics.names)\n"
        "print(HeadlineLabeler.train(topics, labels).model)"
    )
    for threads in ("1", "3"):
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            cwd=SEEDS.parent,
            env={**os.environ, "OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads},
        )
        assert done.stdout.strip() == trained.model


@pytest.mark.slow
def test_a_minilm_model_gives_the_same_topics_in_any_batch(tmp_path: Path) -> None:
    topics = Taxonomy.load(write(tmp_path / "topics.toml", few_topics()))
    labeler = HeadlineLabeler.train(topics, embedder="minilm")
    labeler.save(tmp_path / "minilm.joblib")
    loaded = HeadlineLabeler.load(tmp_path / "minilm.joblib")
    texts = [h.headline for h in read_feed(SEEDS / "feed.txt")][:30]
    assert loaded.label([""])[0].topic is None
    together = loaded.label(texts)
    alone = [p for text in texts for p in labeler.label([text])]
    assert [p.topic for p in together] == [p.topic for p in alone]
    for a, b in zip(together, alone, strict=True):
        assert a.probability == pytest.approx(b.probability, abs=1e-5)


def test_the_shipped_champion_knows_its_holdout(labeler: HeadlineLabeler) -> None:
    held = labeler.state.training_set.holdout
    gold_headlines = [e for e in labeler.state.training_set.examples if not e.written]
    assert 0.15 <= len(held) / len(gold_headlines) <= 0.25
    assert not any(e.written for e in held)
    assert labeler.state.holdout_scores()["accuracy"] > 0.5
    gold = read_labels(SEEDS / "labels.csv", TOPICS.names)
    assert {e.id for e in gold_headlines} > {label.headline.id for label in gold}


def test_probabilities_are_ranked_and_add_up_to_one(
    labeler: HeadlineLabeler, texts: list[str]
) -> None:
    for p in labeler.label(texts[:200], any_text=True):
        values = [value for _, value in p.topics]
        assert values == sorted(values, reverse=True)
        assert sum(values) == pytest.approx(1, abs=1e-4)
        assert p.probability == values[0]
        assert p.topic == p.topics[0][0]


def test_it_abstains_below_a_probability_and_on_nothing_known(labeler: HeadlineLabeler) -> None:
    text = ["EU talks go on"]
    assert labeler.label(text, abstain_below=1.0)[0].topic is None
    assert labeler.label(["", " \t"])[0].topic is None
    with pytest.raises(ValueError, match="abstain_below is 2"):
        labeler.label(text, abstain_below=2)


def test_an_abstention_says_why(labeler: HeadlineLabeler) -> None:
    texts = ["Drone Hits Oil Depot", "Ten Pasta Recipes for Lazy Evenings", "", "xqzzwv"]
    found = labeler.label(texts, abstain_below=0.9)
    assert [p.abstained for p in found[:3]] == [
        None,
        "not news of these topics",
        "no word of it is known",
    ]
    assert [(p.topic is None) == (p.abstained is not None) for p in found] == [True] * 4
    [unsure] = labeler.label(["EU talks go on"], abstain_below=1.0)
    first, second = (topic for topic, _ in unsure.topics[:2])
    assert unsure.abstained == f"unsure between {first} and {second}"
    assert unsure.to_row()["abstained"] == unsure.abstained
    [forced] = labeler.label(texts[1:2], any_text=True)
    assert (forced.topic is None, forced.abstained) == (False, None)


def test_the_one_topic_of_a_model_is_what_it_is_unsure_of() -> None:
    block = PredictionBlock(
        items=[Headline.parse("Floods")],
        names=("disasters",),
        order=np.zeros((1, 1), dtype=np.int64),
        shares=np.ones((1, 1)),
        outcomes=np.array([UNSURE], dtype=np.int8),
        further=np.zeros((1, 1), dtype=np.bool_),
        model="m",
    )
    assert block[0].abstained == "unsure: disasters"


def test_the_codes_of_topics_are_kept_in_the_model(tmp_path: Path) -> None:
    topics = (
        Topic("sport", "Football, tennis, races", code="medtop:15000000"),
        Topic("courts", "Trials, sentences, arrests"),
    )
    labeler = HeadlineLabeler.train(Taxonomy(topics))
    labeler.save(tmp_path / "m.joblib")
    assert HeadlineLabeler.load(tmp_path / "m.joblib").codes == {"sport": "medtop:15000000"}
    plain = HeadlineLabeler.train(Taxonomy((replace(topics[0], code=""), topics[1])))
    assert (plain.codes, "codes" in plain.state.payload) == ({}, False)
    assert {**labeler.state.payload, "codes": None} == {**plain.state.payload, "codes": None}


def test_a_row_has_the_documented_keys(labeler: HeadlineLabeler) -> None:
    row = labeler.label([Headline("A b c", "A b c", publisher="P", date="2025")])[0].to_row()
    assert list(row) == [
        "id", "source", "line", "headline", "topic", "probability", "topics", "also",
        "abstained", "duplicate_of", "model", "publisher", "date", "language",
    ]  # fmt: skip
    assert len(row["topics"]) == 3


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame], ids=["pandas", "polars"])
def test_a_frame_comes_out_where_one_came_in(labeler: HeadlineLabeler, frame: type) -> None:
    texts = ["EU approves sanctions", "Drone strike kills two"]
    data = frame({"Headline": texts, "n": [1, 2]})
    found = labeler.label(data)
    assert isinstance(found, frame)
    assert list(found.columns) == ["Headline", "n", "topic", "probability"]
    assert list(found["topic"]) == [p.topic for p in labeler.label(texts)]
    with pytest.raises(ValueError, match="the columns are n"):
        labeler.label(frame({"n": [1]}))


def test_a_pandas_index_stays(labeler: HeadlineLabeler) -> None:
    data = pd.DataFrame({"title": ["EU approves sanctions"] * 2}, index=[7, 3])
    assert list(labeler.label(data)["topic"].index) == [7, 3]


@pytest.mark.parametrize("texts", ["one", [None], [3]])
def test_what_is_no_list_of_strings_is_a_type_error(
    labeler: HeadlineLabeler, texts: object
) -> None:
    with pytest.raises(TypeError, match="string"):
        labeler.label(texts)


@pytest.mark.slow
def test_what_a_model_knew_survives_a_retrain_without_the_texts(trained: HeadlineLabeler) -> None:
    again = HeadlineLabeler.train(TOPICS, (), earlier=trained)
    assert again.state.training_set == trained.state.training_set
    assert again.model == trained.model


@pytest.mark.slow
def test_a_new_label_overrules_and_a_held_out_headline_stays_held_out(
    trained: HeadlineLabeler, tmp_path: Path
) -> None:
    held = {e.id for e in trained.state.training_set.holdout}
    labels = read_labels(SEEDS / "labels.csv", TOPICS.names)
    changed = next(label for label in labels if label.headline.id not in held)
    topic = "society" if changed.topic != "society" else "media"
    path = write(tmp_path / "l.csv", f'headline,topic\n"{changed.headline.headline}",{topic}\n')
    again = HeadlineLabeler.train(TOPICS, read_labels(path, TOPICS.names), earlier=trained)
    known = {e.id: e for e in again.state.training_set.examples}
    assert known[changed.headline.id].topic == topic
    assert {e.id for e in again.state.training_set.holdout} == held


@pytest.mark.slow
def test_an_example_that_copies_a_held_out_label_is_left_out(
    trained: HeadlineLabeler, tmp_path: Path
) -> None:
    held = {e.id for e in trained.state.training_set.holdout}
    labels = read_labels(SEEDS / "labels.csv", TOPICS.names)
    twin = next(label for label in labels if label.headline.id in held)
    first, *rest = TOPICS.topics
    first = type(first)(first.name, examples=(*first.examples, twin.headline.text.upper()))
    again = HeadlineLabeler.train(Taxonomy((first, *rest)), labels)
    assert len(again.state.training_set.training) == len(
        HeadlineLabeler.train(
            Taxonomy((type(first)(first.name, examples=first.examples[:-1]), *rest)), labels
        ).state.training_set.training
    )


def _held_out(text: str) -> list[Headline]:
    """Give variants of a text whose ids have them held out, near-duplicates of each other."""
    texts = (Headline.parse(f"{text} number {i}") for i in range(100))
    return [headline for headline in texts if int(headline.id, 16) % 5 == 0]


@pytest.mark.slow
def test_a_topic_whose_only_text_was_held_out_before_is_an_error() -> None:
    held = _held_out("floods in the region")[0]
    courts = Topic("courts", examples=("Judge rules",))
    floods = GoldLabel(held, held.text)
    before = Taxonomy((courts, Topic(held.text, examples=("Water rises",))))
    rest = GoldLabel(Headline.parse("Rain again"), held.text)
    earlier = HeadlineLabeler.train(before, [floods, rest])
    assert [e.id for e in earlier.state.training_set.holdout] == [held.id]
    with pytest.raises(TaxonomyError, match="has no example and no label to learn from"):
        HeadlineLabeler.train(
            Taxonomy((courts, Topic(held.text))),
            [floods, GoldLabel(rest.headline, "courts")],
            earlier=earlier,
        )


def test_a_topic_keeps_labels_to_learn_from() -> None:
    """Its labels would all be held out: one near-duplicate group of them, or each for itself."""
    embedder = StaticEmbedder()
    topics = Taxonomy((Topic("floods"), Topic("courts")))
    alike = [GoldLabel(h, "floods") for h in _held_out("Floods in the region")[:3]]
    apart = [GoldLabel(_held_out(t)[0], "courts") for t in ("Judge rules", "Trial opens", "Appeal")]
    known = TrainingSet.build(topics, [*alike, *apart], embedder)
    held = Counter(e.topic for e in known.holdout)
    assert held == {"courts": 2}
    assert known.few_labels(topics.names) == {"floods": 3, "courts": 1}
    again = TrainingSet.build(topics, [*apart, *alike], embedder, known)
    assert again == known


def test_a_headline_keeps_its_side_of_the_holdout_when_groups_merge() -> None:
    """A new headline near both a held-out and a trained one joins the hold-out, alone."""

    def example(identity: int, words: tuple[int, ...], written: bool = False) -> Example:
        return Example(f"{identity:016x}", "a", (), written, False, words, (0,))

    before = [example(5, (1, 2, 3, 4)), example(6, (3, 4, 5, 6)), example(9, (70, 71))]
    bridge = example(7, (2, 3, 4, 5))
    twin = example(8, (70, 71), written=True)
    found = _hold_out([*before, bridge, twin], {before[0].id}, {before[1].id})
    assert {int(e.id, 16): e.held_out for e in found} == {
        5: True,
        6: False,
        9: False,
        7: True,
        8: False,
    }
    found = _hold_out([*before, bridge, twin], {before[0].id, before[2].id}, {before[1].id})
    assert {int(e.id, 16): e.held_out for e in found} == {5: True, 6: False, 9: True, 7: True}


@pytest.mark.slow
def test_a_gold_label_that_is_only_remembered_overrules_an_example(
    trained: HeadlineLabeler,
) -> None:
    held = {e.id for e in trained.state.training_set.holdout}
    labels = read_labels(SEEDS / "labels.csv", TOPICS.names)
    gold = next(g for g in labels if g.headline.id not in held and g.topic != "sanctions")
    first, *rest = TOPICS.topics
    first = type(first)(first.name, examples=(*first.examples, gold.headline.headline))
    again = HeadlineLabeler.train(Taxonomy((first, *rest)), earlier=trained)
    known = {e.id: e for e in again.state.training_set.examples}
    assert (known[gold.headline.id].topic, known[gold.headline.id].written) == (gold.topic, False)


@pytest.mark.slow
def test_topics_are_learned_from_their_names_and_definitions_alone() -> None:
    """With no label and no example: what the definition names is found, nothing is promised."""
    taxonomy = Taxonomy(tuple(Topic(t.name, t.definition) for t in TOPICS.topics))
    model = HeadlineLabeler.train(taxonomy)
    texts = ["Russia Adds Banks to Sanctions List", "Air Defense Downs 20 Drones"]
    assert [p.topic for p in model.label(texts, any_text=True)] == ["sanctions", "drones"]
    assert len(model.certainty.scores) == 0
    assert model.label(texts, target_error=0.1)[0].topic is None


def test_a_manifest_of_another_model_is_refused(labeler: HeadlineLabeler, tmp_path: Path) -> None:
    labeler.save(tmp_path / "m.joblib")
    manifest, _ = read_manifest(tmp_path / "m.joblib")
    other = replace(manifest, topics=["chess", *manifest.topics[1:]])
    (tmp_path / "m.manifest.json").write_bytes(other.to_json())
    with pytest.raises(ModelError, match="tells of another model"):
        HeadlineLabeler.load(tmp_path / "m.joblib")


def test_a_model_for_another_embedder_is_refused(
    labeler: HeadlineLabeler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labeler.save(tmp_path / "m.joblib")
    monkeypatch.setattr(StaticEmbedder, "fingerprint", "static-0000")
    with pytest.raises(ModelError, match=r"fingerprint .* but here it is static-0000"):
        HeadlineLabeler.load(tmp_path / "m.joblib")


@pytest.mark.parametrize("change", [{"topics": ["a"]}, {"scorer": {}}, {"scorer": {"weights": 1}}])
def test_a_payload_that_does_not_fit_is_refused(
    labeler: HeadlineLabeler, change: dict[str, object]
) -> None:
    with pytest.raises(ModelError, match="train the model again"):
        LabelerState({**labeler.state.payload, **change}, labeler.embedder)


def test_a_damaged_training_state_is_refused(labeler: HeadlineLabeler) -> None:
    training = {**labeler.state.payload["training"], "ids": ["x"]}
    broken = LabelerState({**labeler.state.payload, "training": training}, labeler.embedder)
    with pytest.raises(ModelError, match="training state: malformed"):
        _ = broken.training_set


def test_references_that_lead_nowhere_are_errors(tmp_path: Path) -> None:
    for ref in (tmp_path / "m.joblib", tmp_path, "0099"):
        with pytest.raises(ModelError, match=r"no model there|no champion|no version '0099'"):
            HeadlineLabeler.load(ref)


def test_models_load_by_file_folder_registry_and_version(labeler: HeadlineLabeler) -> None:
    folder = MODELS / "versions" / "0001"
    for ref in (folder / "labeler.joblib", folder, MODELS, "0001", None):
        assert HeadlineLabeler.load(ref).model == HeadlineLabeler.load("0001").model
    assert labeler.model in repr(labeler)


def test_joblib_itself_opens_the_model_as_plain_data() -> None:
    plain = joblib.load(MODELS / "versions" / "0001" / "labeler.joblib")
    weights = plain["scorer"]["weights"]
    assert weights["dtype"] == "<f8"
    assert np.frombuffer(weights["data"]).size == np.prod(weights["shape"])
