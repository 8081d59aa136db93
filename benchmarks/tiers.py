"""How fast the transformer tiers encode, beside sentence-transformers and two other runtimes.

For MiniLM and mpnet, on the same headlines on the CPU, with torch's threads as they are:

- sentence-transformers' own ``encode`` with batches of 32, the baseline;
- ours, whose batches hold headlines of the same number of tokens, so many that the shape hangs
  on that number alone, each batch on a thread of its own;
- onnxruntime and OpenVINO, each on a graph exported from the same model, batches of 32 of the
  same number of tokens.

Of each also: the lowest cosine to the baseline's vectors, and the largest difference between a
headline's vector among all and alone, or among a hundred.

Every program is loaded in a process of its own, which tells load time and peak memory; the
processes then encode in turns, in an order that changes, and what is told are medians of ratios
to sentence-transformers in the same round. A runtime is worth its dependency if it is twice as
fast as ours with a cosine of .9999 or better.

Run ``python -m benchmarks.tiers --data DIR [--busy]``; --busy says that other programs were
running, and the JSON tells it. mpnet must have been fetched (``headlines embedders fetch mpnet``).
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import common
from headlines.persistence.modelfile import versions

POOL = "pool_russia_ukraine.tsv.xz"
MODELS = ("minilm", "mpnet")
LIBRARY, OURS = "sentence-transformers", "headlines"
RUNTIMES = ("onnxruntime", "openvino")
PROGRAMS = (LIBRARY, OURS, *RUNTIMES)
BATCH = 32
FASTER, ALIKE, OURS_AT_LEAST = 2.0, 0.9999, 0.8

Vectors = NDArray[np.float32]
Encode = Callable[[Sequence[str]], Vectors]


# ------------------------------------------------------------------ a program in its process


def folder_of(model: str) -> Path:
    """Find a model's folder, its weights checked."""
    from headlines.embedding.encoders import minilm_folder
    from headlines.embedding.weights import mpnet_folder

    return minilm_folder() if model == "minilm" else mpnet_folder()


def library(folder: Path) -> Encode:
    """Load sentence-transformers' own."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True).eval()
    return lambda texts: model.encode(
        list(texts), batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False
    )


def runtime(name: str, folder: Path, graph: Path) -> Encode:
    """Load a graph in a runtime, and Hugging Face's tokenizer alone beside it."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    settings = json.loads((folder / "sentence_bert_config.json").read_text(encoding="utf-8"))
    tokenizer.enable_truncation(settings["max_seq_length"])
    hidden = onnxruntime_of(graph) if name == "onnxruntime" else openvino_of(graph)

    def encode(texts: Sequence[str]) -> Vectors:
        lengths = defaultdict(list)
        encoded = [found.ids for found in tokenizer.encode_batch(list(texts))]
        for i, ids in enumerate(encoded):
            lengths[len(ids)].append(i)
        rows: list[Any] = [None] * len(texts)
        for members in lengths.values():
            for start in range(0, len(members), BATCH):
                batch = members[start : start + BATCH]
                mean = hidden(np.array([encoded[i] for i in batch])).mean(axis=1)
                mean /= np.linalg.norm(mean, axis=1, keepdims=True)
                for i, row in zip(batch, mean, strict=True):
                    rows[i] = row
        return np.array(rows)

    return encode


def onnxruntime_of(graph: Path) -> Callable[[NDArray[np.int64]], Vectors]:
    """Load a graph in onnxruntime."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = len(os.sched_getaffinity(0))
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    return lambda ids: session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0]


def openvino_of(graph: Path) -> Callable[[NDArray[np.int64]], Vectors]:
    """Load a graph in OpenVINO."""
    import openvino

    compiled = openvino.Core().compile_model(
        graph, "CPU", {"INFERENCE_NUM_THREADS": len(os.sched_getaffinity(0))}
    )
    return lambda ids: compiled({"input_ids": ids, "attention_mask": np.ones_like(ids)})[0]


def export(folder: Path, graph: Path) -> None:
    """Write a model's graph, from tokens to the vectors of each, as ONNX."""
    import torch
    from transformers import AutoModel

    class Hidden(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = AutoModel.from_pretrained(folder).eval()

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            found = self.model(input_ids=input_ids, attention_mask=attention_mask)
            return found.last_hidden_state

    ids = torch.tensor([[0, 7592, 2088, 102]] * 2)
    names = ("input_ids", "attention_mask", "hidden")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Hidden(),
            (ids, torch.ones_like(ids)),
            str(graph),
            input_names=list(names[:2]),
            output_names=[names[2]],
            dynamic_axes={name: {0: "texts", 1: "tokens"} for name in names},
            dynamo=False,
            opset_version=17,
        )


def peak_mb() -> int:
    """Give this process's own peak; what getrusage tells begins with its parent's."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) >> 10


def serve(program: str, model: str, graph: str) -> None:
    """Load one program, then encode texts as often as asked; the answers go to a pipe."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    folder = folder_of(model)
    started = time.perf_counter()
    if program == OURS:
        from headlines.embedding.encoders import TransformerEmbedder

        encode: Encode = TransformerEmbedder(model).vectors
    elif program == LIBRARY:
        encode = library(folder)
    else:
        encode = runtime(program, folder, Path(graph))
    encode(["Floods hit Siberia"])
    loaded = time.perf_counter() - started
    print(json.dumps({"load_seconds": round(loaded, 2)}), file=answers, flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        started = time.perf_counter()
        vectors = encode(asked["texts"])
        told = {
            "seconds": time.perf_counter() - started,
            "peak_mb": peak_mb(),
        }
        if asked["file"]:
            np.save(asked["file"], vectors)
        print(json.dumps(told), file=answers, flush=True)


# ------------------------------------------------------------------ the rounds


class Program:
    """A process that has one program loaded."""

    def __init__(self, name: str, model: str, graph: Path) -> None:
        command = [sys.executable, "-m", "benchmarks.tiers", "--serve", name, model, str(graph)]
        self.vectors_file = graph.with_name(f"{name}.npy")
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.load_seconds = self._answer()["load_seconds"]
        self.peak_mb = 0

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def seconds(self, texts: Sequence[str], *, file: str = "") -> float:
        """Encode texts; give the seconds that it took."""
        assert self.process.stdin is not None
        print(json.dumps({"texts": texts, "file": file}), file=self.process.stdin, flush=True)
        answer = self._answer()
        self.peak_mb = answer["peak_mb"]
        return float(answer["seconds"])

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """Encode texts; give the vectors."""
        self.seconds(texts, file=str(self.vectors_file))
        found: Vectors = np.load(self.vectors_file)
        return found

    def stop(self) -> None:
        """End the process."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def between_batches(program: Program, texts: Sequence[str], whole: Vectors) -> float:
    """Give the largest difference of a text's vector alone, or among few, from that among all."""
    alone = np.concatenate([program.vectors([text]) for text in texts[:20]])
    few = program.vectors(texts[:100])
    return float(max(abs(alone - whole[:20]).max(), abs(few - whole[:100]).max()))


def measured(model: str, texts: Sequence[str], rounds: int, room: Path) -> dict[str, Any]:
    """Let all programs encode the same texts in turns."""
    graph = room / f"{model}.onnx"
    export(folder_of(model), graph)
    programs = {name: Program(name, model, graph) for name in PROGRAMS}
    whole = {name: program.vectors(texts) for name, program in programs.items()}
    peaks = {name: program.peak_mb for name, program in programs.items()}
    seconds: dict[str, list[float]] = {name: [] for name in programs}
    for number in range(rounds):
        for name in PROGRAMS[:: 1 if number % 2 else -1]:
            seconds[name].append(programs[name].seconds(texts))
        told = {name: round(len(texts) / taken[-1]) for name, taken in seconds.items()}
        print(model, told, flush=True)
    found = {}
    for name, program in programs.items():
        found[name] = {
            "headlines_per_second": round(len(texts) / statistics.median(seconds[name]), 1),
            "speed_of_library": ratio(seconds[LIBRARY], seconds[name]),
            "speed_of_ours": ratio(seconds[OURS], seconds[name]),
            "load_seconds": program.load_seconds,
            "peak_mb": peaks[name],
            "lowest_cosine": round(float((whole[name] * whole[LIBRARY]).sum(axis=1).min()), 7),
            "between_batches": between_batches(program, texts, whole[name]),
        }
        program.stop()
    return found


def ratio(of: Sequence[float], to: Sequence[float]) -> float:
    """Give the median of the ratios of two programs in the same round."""
    return round(statistics.median(a / b for a, b in zip(of, to, strict=True)), 2)


def main() -> None:
    """Measure, print, write."""
    if sys.argv[1:2] == ["--serve"]:
        serve(*sys.argv[2:])
        return
    parser = common.arguments(__doc__, "tiers.json")
    parser.add_argument("--busy", action="store_true", help="other programs were running")
    parser.add_argument("--headlines", type=int, default=1000, metavar="N", help="to encode")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="of all programs")
    options = parser.parse_args()
    if not common.there(options.data, POOL):
        return
    pool = [cells[1] for cells in common.rows(options.data / POOL)]
    texts = random.Random(0).sample(pool, options.headlines)
    with tempfile.TemporaryDirectory() as room:
        found = {m: measured(m, texts, options.rounds, Path(room)) for m in MODELS}
    adopted = [
        name
        for name in RUNTIMES
        if all(
            found[m][name]["speed_of_ours"] >= FASTER and found[m][name]["lowest_cosine"] >= ALIKE
            for m in MODELS
        )
    ]
    held = min(found[m][OURS]["speed_of_library"] for m in MODELS) >= OURS_AT_LEAST
    content = {
        "busy": options.busy,
        "headlines": options.headlines,
        "rounds": options.rounds,
        "threads": len(os.sched_getaffinity(0)),
        "runtimes": {name: version(name) for name in RUNTIMES},
        "models": found,
        "twice_as_fast_and_alike": adopted,
        "ours_at_least_0.8": held,
    }
    used = versions() | {name: version(name) for name in (LIBRARY, "torch")}
    common.write(options.output, common.described("python -m benchmarks.tiers", content, used))
    print(json.dumps(found, indent=1), f"twice as fast and alike: {adopted}, 0.8: {held}")


if __name__ == "__main__":
    main()
