"""Claims of results in a notebook: tables of what is known, in which headlines are text."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import DATA, SEEDS, barriers
from IPython.lib.pretty import pretty

from headlines import Feed, FeedReport, Headline, HeadlineLabeler, evaluate, read_feed
from headlines.clustering.clustered_feed import Cluster, ClusteredFeed, ClusteredHeadline
from headlines.clustering.history import ClusterChange
from headlines.clustering.quality import FeedQuality, StoryQuality
from headlines.errors import short
from headlines.evaluation import TopicScore
from headlines.feeds.report import Quarantined
from headlines.labeling.explanation import Explanation, Neighbour, WordEffect
from headlines.labeling.prediction import Prediction, PredictionBlock, Predictions
from headlines.retraining.gate import Check, Decision
from headlines.retraining.job import RetrainResult

if TYPE_CHECKING:
    from playwright.sync_api import Page

HOSTILE = [
    json.loads(line)["headline"]
    for line in (DATA / "hostile_headlines.jsonl").read_text(encoding="utf-8").splitlines()
]
SCORED = evaluate(["a"], ["a"], probabilities=[{"a": 1.0}])


@cache
def results(words: str) -> dict[str, Any]:
    """One of each result, with these words wherever a stranger's may stand."""
    headline = Headline(words, words, publisher=words, date=words, source=words)
    one = Prediction(headline, None, 0.5, ((words, 0.5), ("b", 0.3)), (words,), words, "m")
    block = PredictionBlock(
        items=[headline],
        names=(words, "b"),
        order=np.array([[0, 1]]),
        shares=np.array([[0.6, 0.4]]),
        outcomes=np.array([0], dtype=np.int8),
        further=np.array([[False, True]]),
        model="m",
    )
    story = StoryQuality(0, 2, 0.2, 1, 0.9, words)
    cluster = Cluster(0, words, words, 1, 0, ((words, 0.5),))
    return {
        "Prediction": one,
        "Predictions": Predictions([one, replace(one, topic=words, abstained=None)]),
        "PredictionBlock": block,
        "Explanation": Explanation(
            headline=words,
            topic=words,
            probability=0.5,
            runner_up=words,
            margin=1.0,
            base=0.0,
            words=(WordEffect(words, 2.0), WordEffect(words, -1.0)),
            tipped_without=(words,),
            news=False,
            neighbours=(Neighbour(words, words, 0.5, written=False, same_story=0.5),),
        ),
        "ClusteredFeed": ClusteredFeed(
            (ClusteredHeadline(headline, 0, words, 0, 0, 1.0),),
            stories=(cluster,),
            themes=(cluster,),
            changes=(ClusterChange("born", 0, words, 0, 1),),
            quality=FeedQuality(0.5, (story,)),
        ),
        "Evaluation": replace(
            SCORED, topics=(TopicScore(words, 1.0, 1.0, 1.0, 1),), periods=((words, 1, 1.0),)
        ),
        "FeedReport": _report(words),
        "Feed": Feed((headline,), _report(words)),
        "RetrainResult": RetrainResult(
            version=words,
            outcome="refused",
            decision=Decision(False, words, {}, (Check(words, None, words),)),
            labels=1,
            holdout=0,
            headlines=1,
            unreadable=0,
            withdrawn=0,
            forgotten=0,
            churn=None,
        ),
    }


def _report(words: str) -> FeedReport:
    return FeedReport(
        source=words,
        format="text",
        encoding="utf-8",
        kinds={"headline": 1, "boilerplate": 1, "quarantined": 1},
        quarantined=(Quarantined(words, 1, words, words),),
        reasons={words: 1},
        languages={words: 1},
        left_out={"boilerplate": (1, words)},
    )


class Parts(HTMLParser):
    """The elements of a fragment with their attributes, and the text of those that stand apart."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.apart: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        broken = tag == "bdi" and attrs == [("style", "overflow-wrap: anywhere")]
        self.elements.append((tag, () if broken else tuple(attrs)))  # by the length of a word
        self._open.append(tag)
        if tag == "bdi":
            self.apart.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "bdi" in self._open:
            self.apart[-1] += data


KINDS = list(results("Floods"))


@pytest.mark.parametrize("kind", KINDS)
def test_no_headline_brings_an_element_or_an_attribute(kind: str) -> None:
    plain = Parts(results("Floods")[kind]._repr_html_())
    for words in HOSTILE:
        html = results(words)[kind]._repr_html_()
        html.encode()
        found = Parts(html)
        assert found.elements == plain.elements, words
        assert len(found.apart) == len(plain.apart)


@pytest.mark.parametrize("kind", KINDS)
def test_a_hostile_headline_reads_as_it_is_written(kind: str) -> None:
    for words in HOSTILE:
        if len(words) < 150:  # with what stands beside it it isn't cut
            told = Parts(results(words)[kind]._repr_html_()).apart
            assert any(short(words) in text for text in told), words


def test_what_label_gives_is_a_list_that_shows_itself(labeler: HeadlineLabeler) -> None:
    found = labeler.label(["EU approves new sanctions on Moscow", "Whisk two eggs", "Floods"])
    assert found == list(found)
    assert isinstance(found, list)
    assert repr(found) == repr(list(found))
    again = pickle.loads(pickle.dumps(found))
    assert again == found
    for some in (found, again, found[1:], labeler.label_block([p.item for p in found])[:2]):
        assert "<td" in some._repr_html_()
    assert isinstance(found[0], Prediction)
    html = found._repr_html_()
    assert "3 headlines, 2 with a topic" in html
    assert "none: not news of these topics" in html
    assert labeler.label_block([p.item for p in found])._repr_html_() == html


def test_of_many_predictions_some_are_shown_and_the_rest_counted(
    labeler: HeadlineLabeler, made_headlines: list[str]
) -> None:
    html = labeler.label(made_headlines)._repr_html_()
    assert html.count("<tr>") == 1 + 20 + 1
    assert "and 1,980 more" in html


def test_a_terminal_of_ipython_shows_a_few_predictions_and_counts_many(
    labeler: HeadlineLabeler, made_headlines: list[str]
) -> None:
    found = labeler.label(made_headlines)
    assert pretty(found[:2]) == repr(list(found[:2]))
    assert pretty(found).startswith("2,000 headlines, ")
    assert pretty(labeler.label_block([p.item for p in found[:1]])).startswith("1 headline, ")


def test_a_prediction_shows_its_topics_or_why_it_has_none(labeler: HeadlineLabeler) -> None:
    [found] = labeler.label(["EU approves new sanctions on Moscow"])
    html = found._repr_html_()
    assert "sanctions</bdi>" in html
    assert "<bdi>topic</bdi>" in html
    [unsure] = labeler.label(["EU approves new sanctions on Moscow"], abstain_below=1.0)
    assert f"no topic, <bdi>{unsure.abstained}</bdi>" in unsure._repr_html_()
    assert "<bdi>topic</bdi>" not in unsure._repr_html_()


def test_doubtful_stories_and_what_became_of_clusters_are_shown() -> None:
    html = results("Floods")["ClusteredFeed"]._repr_html_()
    for told in ("may be several", "may be one with 1", "born", "Floods 50%"):
        assert f"<bdi>{told}</bdi>" in html


def test_a_report_shows_what_was_not_read_and_why() -> None:
    html = read_feed(["Floods hit Siberia", "", 7])._repr_html_()
    assert "<bdi>not read: int, expected a string</bdi>" in html
    assert "<bdi>Floods hit Siberia</bdi>" in html


def _page(parts: list[str], style: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Results</title></head>'
        f'<body style="{style}"><main><h1>Results</h1>{"".join(parts)}</main></body></html>'
    )


THEMES = {"light": "background: #fff; color: #000", "dark": "background: #111; color: #ddd"}


@pytest.fixture(scope="module")
def real(labeler: HeadlineLabeler) -> list[str]:
    """What the seed feed's results show."""
    feed = read_feed(SEEDS / "feed.txt")
    found = labeler.label(feed)
    gold = [p.topic or "none" for p in found]
    shares = [dict(p.topics) for p in found]
    shown = [feed, found, found[0], labeler.cluster(feed), labeler.explain(feed.headlines[4])]
    shown += [evaluate(gold, gold, probabilities=shares)]
    return [one._repr_html_() for one in shown]


@pytest.mark.slow
@pytest.mark.parametrize("theme", THEMES)
def test_results_bar_nobody_from_reading_them(
    theme: str, real: list[str], visit: Callable[..., Page], tmp_path: Path
) -> None:
    made = [one._repr_html_() for one in results("Floods hit Siberia").values()]
    page = tmp_path / "page.html"
    page.write_text(_page([*real, *made], THEMES[theme]), encoding="utf-8")
    assert barriers(visit(page.as_uri())) == []


@pytest.mark.slow
def test_in_a_browser_hostile_headlines_run_nothing_and_stay_within_the_page(
    visit: Callable[..., Page], tmp_path: Path
) -> None:
    def shown(words: list[str]) -> Page:
        parts = [one._repr_html_() for some in words for one in results(some).values()]
        place = tmp_path / "page.html"
        place.write_text(_page(parts, THEMES["light"]), encoding="utf-8")
        return visit(place.as_uri(), width=1000)

    counted = "[...document.querySelectorAll('*')].map(e => e.tagName).join(' ')"
    plain = shown(["Floods"] * len(HOSTILE)).evaluate(counted)
    page = shown(HOSTILE)
    assert page.evaluate(counted) == plain
    assert page.evaluate("window.hit") is None
    assert page.evaluate("document.documentElement.scrollWidth") <= 1000
