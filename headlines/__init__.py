"""Label and cluster news headlines by topic.

Names are imported when they are first used, so that ``import headlines`` is quick and
labelling never loads what only training needs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headlines.classification.classifier import TopicClassifier
    from headlines.clustering.estimator import HeadlineClusterer
    from headlines.embedding.encoders import TransformerEmbedder
    from headlines.embedding.static import StaticEmbedder
    from headlines.errors import HeadlinesError
    from headlines.evaluation import Evaluation, evaluate
    from headlines.feeds.headline import Headline
    from headlines.feeds.reader import Feed, read_feed
    from headlines.feeds.report import FeedReport
    from headlines.labeling.labeler import HeadlineLabeler
    from headlines.labeling.prediction import Prediction
    from headlines.persistence.registry import ModelRegistry
    from headlines.retraining.job import retrain
    from headlines.topics.taxonomy import Taxonomy, Topic

__version__ = "0.1.0"

_HOME = {
    "Evaluation": "evaluation",
    "Feed": "feeds.reader",
    "FeedReport": "feeds.report",
    "Headline": "feeds.headline",
    "HeadlineClusterer": "clustering.estimator",
    "HeadlineLabeler": "labeling.labeler",
    "HeadlinesError": "errors",
    "ModelRegistry": "persistence.registry",
    "Prediction": "labeling.prediction",
    "StaticEmbedder": "embedding.static",
    "Taxonomy": "topics.taxonomy",
    "Topic": "topics.taxonomy",
    "TopicClassifier": "classification.classifier",
    "TransformerEmbedder": "embedding.encoders",
    "evaluate": "evaluation",
    "read_feed": "feeds.reader",
    "retrain": "retraining.job",
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
    "__version__",
    "evaluate",
    "read_feed",
    "retrain",
]


if not TYPE_CHECKING:  # a type checker sees the names above, and no others

    def __getattr__(name):
        if name not in _HOME:
            raise AttributeError(f"module 'headlines' has no attribute {name!r}")
        return getattr(import_module(f"headlines.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
