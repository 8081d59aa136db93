"""Label and cluster news headlines by topic.

Names are imported when they are first used, so that ``import headlines`` is quick and
labelling never loads what only training needs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headlines.classification import TopicClassifier
    from headlines.clustering import HeadlineClusterer
    from headlines.errors import HeadlinesError
    from headlines.evaluation import Evaluation, evaluate
    from headlines.feed import Feed, FeedReport, read_feed
    from headlines.headline import Headline
    from headlines.labeling import HeadlineLabeler
    from headlines.prediction import Prediction
    from headlines.registry import ModelRegistry
    from headlines.retraining import retrain
    from headlines.static import StaticEmbedder
    from headlines.taxonomy import Taxonomy, Topic
    from headlines.transformer import TransformerEmbedder

_HOME = {
    "Evaluation": "evaluation",
    "Feed": "feed",
    "FeedReport": "feed",
    "Headline": "headline",
    "HeadlineClusterer": "clustering",
    "HeadlineLabeler": "labeling",
    "HeadlinesError": "errors",
    "ModelRegistry": "registry",
    "Prediction": "prediction",
    "StaticEmbedder": "static",
    "Taxonomy": "taxonomy",
    "Topic": "taxonomy",
    "TopicClassifier": "classification",
    "TransformerEmbedder": "transformer",
    "evaluate": "evaluation",
    "read_feed": "feed",
    "retrain": "retraining",
}

__all__ = [
    "Evaluation",
    "Feed",
    "FeedReport",
    "Headline",
    "HeadlineClusterer",
    "HeadlineLabeler",
    "HeadlinesError",
    "ModelRegistry",
    "Prediction",
    "StaticEmbedder",
    "Taxonomy",
    "Topic",
    "TopicClassifier",
    "TransformerEmbedder",
    "evaluate",
    "read_feed",
    "retrain",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'headlines' has no attribute {name!r}")
    return getattr(import_module(f"headlines.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
