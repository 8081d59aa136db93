"use strict";
// A headline is a stranger's text: it goes into the page as textContent and nothing else.

const $ = (id) => document.getElementById(id);
let state = null;
let also = new Set();  // further topics, chosen before the topic itself
let choosingAlso = false;
let busy = false;
let ended = false;

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function bdi(text) {
  return make("bdi", { textContent: text, dir: "auto" });
}

async function ask(path, wish) {
  const options = wish === undefined ? {} : {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(wish),
  };
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Error("The desk can't be reached: it has ended, or was stopped. What you answered is kept.");
  }
  const said = await response.json().catch(() => ({ error: `refused (${response.status})` }));
  if (!response.ok) throw new Error(said.error);
  return said;
}

// One wish at a time: a key that is pressed too early would answer a headline nobody has read.
async function wish(path, content, said) {
  if (busy || ended) return;
  busy = true;
  try {
    const now = await ask(path, content);
    show(now);
    tell(now.undone === false ? "There is nothing to undo." : said);
  } catch (error) {
    $("fault").textContent = error.message;
  } finally {
    busy = false;
  }
}

function tell(said) {
  $("said").textContent = said || "";
}

// ---------------------------------------------------------------- what is shown

function show(now) {
  state = now;
  also = new Set(now.question?.answered?.also);
  choosingAlso = false;
  $("fault").textContent = now.fault;
  $("file").textContent = now.file;
  showProgress(now.progress);
  $("asked").hidden = !now.question;
  $("empty").hidden = Boolean(now.question);
  if (now.question) showQuestion(now.question);
  else $("empty-title").focus();
}

function showProgress(progress) {
  const parts = [`${progress.answers} answered`, `${progress.left} left`];
  if (progress.by_others) parts.push(`${progress.by_others} earlier or by others`);
  if (progress.compared) parts.push(`the machine agreed with ${progress.agreed} of ${progress.compared}`);
  $("progress").textContent = parts.join(" · ");
  const all = progress.answers + progress.by_others + progress.skipped + progress.left;
  $("bar").style.setProperty("--done", `${all ? 100 * (1 - progress.left / all) : 100}%`);
}

function showQuestion(question) {
  $("reason").textContent = question.reason && `Asked: ${question.reason}`;
  $("headline").textContent = question.headline;
  const long = question.headline.length > 160;  // it scrolls, so that the topics stay in sight
  for (const [id, stop] of [["headline", -1], ["words", null]]) {
    $(id).classList.toggle("long", long);
    if (long) $(id).tabIndex = 0;
    else if (stop === null) $(id).removeAttribute("tabindex");
    else $(id).tabIndex = stop;
  }
  const origin = [question.publisher, question.date, question.source].filter(Boolean);
  $("origin").replaceChildren(...origin.flatMap((text, i) => (i ? [" · ", bdi(text)] : [bdi(text)])));
  const given = question.answered;
  $("now").textContent = given ? `Now: ${[given.topic, ...given.also].join(", ")}` : "";
  showTopics(question);
  $("agree").lastElementChild.textContent = `Agree: ${question.topic}`;
  $("agree").disabled = !state.topics.some((topic) => topic.name === question.topic);
  showWhy(question);
  $("headline").focus({ preventScroll: true });
  window.scrollTo(0, 0);
}

function showTopics(question) {
  $("topics").replaceChildren(...state.topics.map(({ name, key, definition }) => {
    const share = question.probabilities[name];
    const button = make("button", { title: definition },
      make("kbd", { textContent: key || "–" }),
      bdi(name),
      make("span", { className: "share", textContent: share === undefined ? "" : percent(share) }));
    button.style.setProperty("--part", `${100 * (share || 0)}%`);
    button.classList.toggle("first", name === question.topic);
    if (also.has(name)) button.setAttribute("aria-pressed", "true");
    button.addEventListener("click", () => choose(name));
    return make("li", {}, button);
  }));
  $("also").setAttribute("aria-pressed", String(choosingAlso));
  $("also-hint").hidden = !choosingAlso;
}

function percent(share) {
  return share < 0.005 ? "" : `${Math.round(100 * share)}%`;
}

function showWhy(question) {
  const sure = `${question.topic}, ${percent(question.probability) || "0%"}`;
  $("verdict").textContent = question.news ? sure : `${sure}; but it may be no news of these topics`;
  const most = Math.max(...question.words.map((word) => Math.abs(word.effect)), 1e-9);
  $("words").dir = getComputedStyle($("headline")).direction;  // words apart don't tell theirs
  $("words").replaceChildren(...question.words.flatMap(({ word, effect }) => {
    const strength = Math.round(100 * Math.abs(effect) / most);
    const element = make("span", {});
    if (strength >= 5) {
      element.className = effect > 0 ? "for" : "against";
      element.style.setProperty("--strength", `${strength}%`);
      element.append(make("b", { textContent: effect > 0 ? "+" : "−" }));
    }
    element.append(bdi(word));
    return [element, " "];
  }));
  $("legend").textContent = `+ speaks for ${question.topic}, − for ${question.runner_up}; the stronger, the deeper its colour`;
  $("near").replaceChildren(...question.neighbours.map((near) =>
    make("li", {}, bdi(near.headline), make("span", { className: "tag", textContent: near.topic }))));
  if (!question.neighbours.length) $("near").append(make("li", { textContent: "none is known" }));
}

// ---------------------------------------------------------------- what is done

function choose(name) {
  if (choosingAlso) {
    if (!also.delete(name)) also.add(name);
    showTopics(state.question);
    tell(also.size ? `Also: ${[...also].join(", ")}` : "");
    $("headline").focus({ preventScroll: true });
    return;
  }
  const further = [...also].filter((other) => other !== name);
  const told = [name, ...further].join(", ");
  wish("/api/answer", { id: state.question.id, topic: name, also: further }, `Kept as ${told}. u takes it back.`);
}

async function finish() {
  if (busy || ended) return;
  busy = true;
  try {
    const { progress, file } = await ask("/api/done", {});
    ended = true;
    showProgress(progress);
    $("asked").hidden = $("tools").hidden = document.querySelector("footer").hidden = true;
    $("empty").hidden = false;
    $("empty-title").textContent = "Done";
    $("empty-text").textContent =
      `${progress.answers === 1 ? "1 answer is" : `${progress.answers} answers are`} kept in ${file}. This page can be closed; what is next stands where the desk was started.`;
    $("empty-title").focus();
    tell("");
  } catch (error) {
    $("fault").textContent = error.message;
  } finally {
    busy = false;
  }
}

function openDialog(name, field) {
  $(`${name}-dialog`).showModal();
  field?.focus();
}

function newTopic() {
  if (!state.question) return;
  const refused = !state.can_add;
  $("add-refused").textContent = refused
    ? "These are the built-in topics, which can't be added to. Copy seeds/topics.toml, name the copy under topics in the configuration (or give --topics FILE), and start the desk again."
    : "";
  $("add-fields").hidden = $("add-save").hidden = refused;
  $("add-name").value = $("add-definition").value = "";
  $("add-story").replaceChildren(...state.question.story.map(({ id, headline }) =>
    make("li", {}, make("label", {}, make("input", { type: "checkbox", checked: true, value: id }), bdi(headline)))));
  openDialog("add", $("add-name"));
}

async function saveTopic() {
  const ids = [...$("add-story").querySelectorAll("input:checked")].map((box) => box.value);
  const content = { name: $("add-name").value, definition: $("add-definition").value, ids };
  if (busy) return;
  busy = true;
  try {
    show(await ask("/api/topic", content));
    $("add-dialog").close();
    tell(`A new topic: ${content.name}, with ${ids.length} headlines.`);
  } catch (error) {
    $("add-refused").textContent = error.message;
  } finally {
    busy = false;
  }
}

let searches = 0;
async function search() {
  const number = ++searches;
  const words = $("find-words").value;
  const { found, more } = await ask(`/api/search?words=${encodeURIComponent(words)}`).catch((error) => {
    $("find-said").textContent = error.message;
    return { found: [], more: "" };
  });
  if (number !== searches) return;  // an older answer came late
  $("found").replaceChildren(...found.map(({ id, headline, topic }) => {
    const button = make("button", {}, bdi(headline));
    if (topic) button.append(make("span", { className: "tag", textContent: `answered: ${topic}` }));
    button.addEventListener("click", () => {
      $("find-dialog").close();
      wish(`/api/now?id=${encodeURIComponent(id)}`, undefined, "");
    });
    return make("li", {}, button);
  }));
  if (words.trim()) $("find-said").textContent = found.length ? `${found.length}${more} found` : "None has these words";
  else $("find-said").textContent = "";
}

const commands = {
  Enter: () => state.question && !$("agree").disabled && choose(state.question.topic),
  "+": () => {
    if (!state.question) return;
    choosingAlso = !choosingAlso;
    showTopics(state.question);
    $("headline").focus({ preventScroll: true });
  },
  s: () => state.question && wish("/api/skip", { id: state.question.id }, "Skipped. u takes it back."),
  u: () => wish("/api/undo", {}, "Taken back."),
  "/": () => {
    openDialog("find", $("find-words"));
    $("find-words").select();
  },
  n: newTopic,
  "?": () => openDialog("help"),
  d: finish,
};

document.addEventListener("keydown", (event) => {
  if (!state || ended || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
  if (document.querySelector("dialog[open]") || event.target.matches("input, textarea")) return;
  if (event.key === "Enter" && event.target.matches("button")) return;
  const topics = state.question ? state.topics.filter((topic) => topic.key) : [];
  const topic = topics.find(({ key }) => key === event.key)
    || (!commands[event.key] && topics.find(({ key }) => key === event.key.toLowerCase()));
  const command = topic ? () => choose(topic.name) : commands[event.key] || commands[event.key.toLowerCase()];
  if (!command) return;
  event.preventDefault();
  command();
});

for (const button of document.querySelectorAll("button[data-key]")) {
  button.addEventListener("click", () => commands[button.dataset.key]());
}
for (const button of document.querySelectorAll("[data-close]")) {
  button.addEventListener("click", () => button.closest("dialog").close());
}
for (const dialog of document.querySelectorAll("dialog")) {
  dialog.addEventListener("close", () => $("headline").focus({ preventScroll: true }));
}
$("find-words").addEventListener("input", search);
$("find-words").addEventListener("keydown", (event) => {
  if (event.key === "Enter") $("found").querySelector("button")?.click();
});
$("find-dialog").addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const stops = [$("find-words"), ...$("found").querySelectorAll("button")];
  const at = stops.indexOf(document.activeElement);
  stops[Math.min(Math.max(at + step, 0), stops.length - 1)].focus();
});
$("add-save").addEventListener("click", saveTopic);

history.replaceState(null, "", "/");  // the token was used, and is nobody's business
wish("/api/now", undefined, "");
