"""What the built-in weights of today are worth beside those before them, as parts of MiniLM's.

On 4,000 rows of each set: logistic regression on half of them, tested on the other; 8 examples a
class and the nearest centroid, mean of 20 draws; the share of the 10 nearest neighbours with the
same label. The report sets chose nothing; Guardian sections and Wikipedia's events did.

``python -m benchmarks.research.weights --data DIR --cache FILE``; FILE keeps MiniLM's vectors.
Public origins: `common.ORIGINS`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks import common
from benchmarks.research.distillation import Labelled, few_shot, purity, regression
from headlines.embedding.embedder import Embedder
from headlines.embedding.encoders import TransformerEmbedder
from headlines.embedding.joined import EARLIER
from headlines.embedding.static import StaticEmbedder

SETS = {  # columns of label and text
    "agnews_test": (0, 1),
    "huffpost41": (0, 1),
    "masakhanews_eng": (0, 1),
    "googlenews_t": (0, 1),
    "googlenews_ts": (0, 1),
    "guardian_sections": (0, 1),
    "wiki_events_to_2017": (1, 3),
}
MEASURES = {"regression": regression, "8 examples": few_shot, "neighbours": purity}


def main() -> None:
    """Measure, print, write."""
    parser = common.arguments(__doc__, "research/weights.json")
    parser.add_argument("--cache", type=Path, help="keeps MiniLM's vectors")
    options = parser.parse_args()
    if not common.there(options.data, *(f"{name}.tsv.xz" for name in SETS)):
        return
    embedders: dict[str, Embedder] = {"today's": StaticEmbedder()}
    embedders |= {folder.name: StaticEmbedder(folder) for folder in sorted(EARLIER.iterdir())}
    minilm = TransformerEmbedder(cache=options.cache)
    found: dict[str, Any] = {}
    for name, columns in SETS.items():
        rows = Labelled.read(options.data / f"{name}.tsv.xz", *columns)

        def scores(embedder: Embedder, rows: Labelled = rows) -> dict[str, float]:
            X = embedder.transform(rows.texts)
            return {measure: score(X, rows.y) for measure, score in MEASURES.items()}

        whole = scores(minilm)
        found[name] = {
            weights: {m: round(s / whole[m], 3) for m, s in scores(embedder).items()}
            for weights, embedder in embedders.items()
        }
        print(name, found[name], flush=True)
    content = {"rows": 4000, "of_minilm": found}
    command = "python -m benchmarks.research.weights --data DIR --cache FILE"
    common.write(options.output, common.described(command, content))


if __name__ == "__main__":
    main()
