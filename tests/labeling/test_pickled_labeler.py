"""Claims about a labeler that goes to another process."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import pytest
from sklearn.base import clone

from headlines import HeadlineLabeler, StaticEmbedder
from headlines.errors import ModelError

TEXTS = ["EU Approves New Sanctions Against Russia", "Drone Hits Oil Depot", "zzyzx", ""]


@pytest.fixture(scope="module")
def used(labeler: HeadlineLabeler) -> HeadlineLabeler:
    """A labeler that holds all that it makes on the way."""
    labeler.predict(TEXTS)
    labeler.explain(TEXTS[0])
    labeler.cluster(TEXTS)
    return labeler


def _through_joblib(labeler: HeadlineLabeler, folder: Path) -> Any:
    joblib.dump(labeler, folder / "labeler.joblib")
    return joblib.load(folder / "labeler.joblib")


@pytest.mark.parametrize(
    "copied",
    [
        lambda labeler, _: pickle.loads(pickle.dumps(labeler)),
        _through_joblib,
        lambda labeler, _: copy.deepcopy(labeler),
    ],
    ids=["pickle", "joblib", "deepcopy"],
)
def test_a_used_labeler_comes_back_with_the_same_rows(
    used: HeadlineLabeler, copied: Callable[[HeadlineLabeler, Path], Any], tmp_path: Path
) -> None:
    again = copied(used, tmp_path)
    assert again is not used
    assert again.label(TEXTS) == used.label(TEXTS)
    assert again.explain(TEXTS[0]) == used.explain(TEXTS[0])
    assert [row.to_row() for row in again.cluster(TEXTS)] == [
        row.to_row() for row in used.cluster(TEXTS)
    ]


def test_other_processes_take_a_used_labeler(used: HeadlineLabeler) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        found = pool.map(used.label, [TEXTS[:2], TEXTS[2:]])
    assert found[0] + found[1] == used.label(TEXTS)


def test_a_pickled_labeler_brings_no_weights_of_the_embedder(used: HeadlineLabeler) -> None:
    embedder = pickle.dumps(used.embedder)
    assert len(embedder) < 1000
    assert pickle.loads(embedder).fingerprint == clone(used.embedder).fingerprint


def test_a_labeler_is_not_unpickled_over_other_weights(used: HeadlineLabeler) -> None:
    data = pickle.dumps(used)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StaticEmbedder, "fingerprint", "static-changed")
        with pytest.raises(ModelError, match=r"fingerprint static-\w+, but here it is static-ch"):
            pickle.loads(data)
