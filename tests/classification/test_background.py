"""Claims about telling news of a model's topics from other news and other text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from headlines import HeadlineLabeler, Taxonomy
from headlines.classification.background import MAX_LOST, fit_domain
from tests.conftest import ROOT, few_topics

OTHER_NEWS = [
    "Striker Signs Three-Year Deal With Sevilla After Medical",
    "Late Penalty Sends Ajax Through to the Quarter-Finals",
    "Marathon Champion Pulls Out of Boston With a Calf Injury",
    "Sprinter breaks 200m indoor record at Birmingham meet",
    "Five stretches that ease lower back pain at your desk",
    "Weight-Loss Drug Helps Patients Sleep Better, Trial Finds",
    "How much coffee is too much? A cardiologist answers",
    "Why Toddlers Wake at Five and What Parents Can Do",
    "Autumn coats under 100 pounds: our stylist picks ten",
    "The best way to clean a cast-iron pan, according to chefs",
    "Small Bathroom, Big Ideas: Tiles That Make a Room Look Larger",
    "Where to eat in Lisbon: a weekend of pastries and seafood",
    "Review: The New Pixel's Camera Is Great, Its Battery Less So",
    "Smartwatch Maker Adds Sleep Tracking to Its Cheapest Model",
    "Ten hidden phone settings that make your screen last longer",
    "Singer announces acoustic album and a tour of small clubs",
    "Box Office: Animated Sequel Tops a Quiet Weekend",
    "Couple who met at a bus stop celebrate 60 years of marriage",
    "New Telescope Images Show a Baby Star Wrapped in Dust",
    "Heavy snow closes ski lifts as storm moves across the Alps",
]
RUSSIA = [
    "EU Agrees to Freeze Assets of Two More Russian Banks",
    "Drone Strike Sets Fuel Depot Ablaze in Belgorod Region",
    "Moscow Court Jails Anti-War Activist for Seven Years",
    "Lavrov to Meet Turkish Counterpart for Grain Talks",
    "Ukrainian Troops Retake Two Villages Near Robotyne",
    "Ruble Slides to 100 Against Dollar as Exports Shrink",
    "Duma Passes Bill That Raises the Age of Conscription",
    "Kremlin Labels Environmental Group an Undesirable Organization",
    "Russia Blocks Access to Independent News Website",
    "Floods Force Thousands to Leave Homes in Orenburg",
]
SPORT = [
    "Late Penalty Sends Ajax Through to the Quarter-Finals",
    "Striker Signs Three-Year Deal With Sevilla After Medical",
    "Fast Bowler Takes Seven Wickets on the Opening Day in Perth",
    "Qualifier Stuns Second Seed in Straight Sets in Rome",
    "Fly-Half Back in Squad for the Match Against Ireland",
    "Rookie Quarterback Throws Four Touchdowns in Season Opener",
    "Pole Position for Ferrari After Wet Qualifying in Montreal",
    "Manager sacked after sixth defeat in a row",
]


@pytest.fixture(scope="module")
def russia(tmp_path_factory: pytest.TempPathFactory) -> HeadlineLabeler:
    path: Path = tmp_path_factory.mktemp("topics") / "topics.toml"
    path.write_text(few_topics(60), encoding="utf-8")
    return HeadlineLabeler.train(Taxonomy.load(path))


@pytest.fixture(scope="module")
def sport() -> HeadlineLabeler:
    return HeadlineLabeler.train(Taxonomy.load(ROOT / "benchmarks" / "taxonomies" / "sport.toml"))


def _given(labeler: HeadlineLabeler, texts: list[str]) -> int:
    return sum(topic is not None for topic in labeler.predict(texts)[0])


def test_news_of_other_topics_gets_none(russia: HeadlineLabeler) -> None:
    assert _given(russia, OTHER_NEWS) <= 0.2 * len(OTHER_NEWS)
    reasons = {p.abstained for p in russia.label(OTHER_NEWS) if p.topic is None}
    assert reasons == {"not news of these topics"}


def test_news_of_the_topics_keeps_its_own(russia: HeadlineLabeler) -> None:
    assert _given(russia, RUSSIA) == len(RUSSIA)


def test_a_sports_desk_has_sport_labelled_and_nothing_else(sport: HeadlineLabeler) -> None:
    assert _given(sport, SPORT) == len(SPORT)
    assert _given(sport, RUSSIA) <= 0.1 * len(RUSSIA)


def _around(axes: list[int], each: int, rng: np.random.Generator) -> np.ndarray:
    """Unit vectors scattered around some axes of eight."""
    found = np.repeat(np.eye(8)[axes], each, axis=0) + rng.normal(0, 0.15, (len(axes) * each, 8))
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True))


def test_a_topic_of_the_world_that_is_the_users_own_is_not_refused() -> None:
    rng = np.random.default_rng(0)
    world = _around([0, 1, 2, 3], 60, rng), np.repeat(np.arange(4), 60)
    X, y = _around([0, 1], 20, rng), np.repeat([0, 1], 20)
    background = _around([6, 7], 60, rng)
    model = fit_domain(X, y, np.arange(40), np.zeros(40, dtype=bool), background, world)
    above = (world[0] @ model.coef[0] + model.intercept[0] >= 0).reshape(4, 60).mean(axis=1)
    assert (above[:2] > 0.9).all()
    assert (above[2:] < 0.2).all()


def test_no_more_labelled_headlines_are_refused_than_may_be() -> None:
    rng = np.random.default_rng(0)
    world = _around([2, 3, 4, 5], 60, rng), np.repeat(np.arange(4), 60)
    # A third topic that another one's headlines can hardly be told from.
    X, y = _around([0, 1, 7], 200, rng), np.repeat([0, 1, 2], 200)
    background = _around([6, 7], 200, rng)
    drawn = np.ones(600, dtype=bool)
    model = fit_domain(X, y, np.arange(600), drawn, background, world)
    fresh = _around([0, 1, 7], 2000, rng)
    assert (fresh @ model.coef[0] + model.intercept[0] < 0).mean() <= MAX_LOST + 0.01
