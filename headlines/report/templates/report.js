"use strict";
// Filters, and the map. Text of the feed is read from the page's own elements and only ever set as text.
const data = JSON.parse(document.getElementById("data").textContent);
const rows = data.headlines;
const count = rows.id.length;
const byId = (id) => document.getElementById(id);
const items = new Array(count); // each headline's place in the list of themes
for (const item of document.querySelectorAll("#themes li.h")) items[item.dataset.i] = item;
const textOf = (i) => items[i].querySelector("bdi").textContent;
const words = items.map((item) => item.textContent.toLowerCase());
const isNew = items.map((item) => item.querySelector(".of .new") !== null);

// ------------------------------------------------------------------ filters

const filter = { words: "", topic: "", fresh: false, chosen: null }; // chosen: a set of headlines
let visible = new Array(count).fill(true);

function fits(i) {
  return (
    (filter.topic === "" || rows.topic[i] === Number(filter.topic)) &&
    (!filter.fresh || isNew[i]) &&
    (filter.chosen === null || filter.chosen.has(i)) &&
    filter.words.split(/\s+/).every((word) => words[i].includes(word))
  );
}

function show() {
  const all = filter.words === "" && filter.topic === "" && !filter.fresh && filter.chosen === null;
  let n = 0;
  for (let i = 0; i < count; i++) {
    visible[i] = all || fits(i);
    items[i].hidden = !visible[i];
    n += visible[i];
  }
  const left = new Map([...document.querySelectorAll("#themes details")].map((part) => [part, 0]));
  items.forEach((item, i) => {
    if (!visible[i]) return;
    for (let part = item.parentElement; part.id !== "themes"; part = part.parentElement) {
      if (left.has(part)) left.set(part, left.get(part) + 1);
    }
  });
  for (const [part, number] of left) {
    part.hidden = number === 0;
    part.querySelector("summary .n").textContent = number.toLocaleString("en");
    if (!all && n <= 200) part.open = number > 0;
  }
  for (const story of document.querySelectorAll("#stories .top")) {
    story.hidden = ![...story.querySelectorAll("li.h")].some((item) => visible[item.dataset.i]);
  }
  byId("nothing").hidden = n > 0;
  byId("reset").hidden = all;
  byId("shown").textContent = all ? "" : `${n.toLocaleString("en")} of ${count.toLocaleString("en")} headlines`;
  for (const button of document.querySelectorAll(".topic")) {
    button.setAttribute("aria-pressed", String(filter.topic === button.dataset.topic));
  }
  draw();
}

function reset() {
  Object.assign(filter, { words: "", topic: "", fresh: false, chosen: null });
  byId("search").value = "";
  byId("topic").value = "";
  if (byId("new")) byId("new").checked = false;
  show();
}

function chooseTopic(topic) {
  filter.topic = topic;
  byId("topic").value = topic;
  show();
}

function chooseStory(i, add) {
  const story = rows.story[i];
  const chosen = add && filter.chosen ? new Set(filter.chosen) : new Set();
  rows.story.forEach((other, j) => { if (j === i || (story >= 0 && other === story)) chosen.add(j); });
  filter.chosen = chosen;
  show();
}

let typing = 0;
byId("search").addEventListener("input", (event) => {
  clearTimeout(typing);
  typing = setTimeout(() => { filter.words = event.target.value.trim().toLowerCase(); show(); }, 120);
});
byId("topic").addEventListener("change", (event) => chooseTopic(event.target.value));
if (byId("new")) byId("new").addEventListener("change", (event) => { filter.fresh = event.target.checked; show(); });
byId("reset").addEventListener("click", reset);
document.querySelector("#nothing .all").addEventListener("click", reset);
document.querySelector(".filters").addEventListener("submit", (event) => event.preventDefault());
for (const button of document.querySelectorAll(".topic")) {
  button.addEventListener("click", () => chooseTopic(filter.topic === button.dataset.topic ? "" : button.dataset.topic));
}
document.addEventListener("keydown", (event) => { if (event.key === "Escape") reset(); });

// A link to a story opens what it lies in.
function open() {
  const target = location.hash.length > 1 && byId(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  for (let part = target; part; part = part.parentElement) if (part.localName === "details") part.open = true;
  target.scrollIntoView();
}
addEventListener("hashchange", open);

// Paper has no folded parts; a large feed's would be a book.
addEventListener("beforeprint", () => {
  if (count <= 500) for (const part of document.querySelectorAll("#themes details")) part.open = true;
});

// ------------------------------------------------------------------ the map

const canvas = byId("canvas");
const pen = canvas.getContext("2d");
const tip = byId("tip");
const view = { scale: 1, x: 0, y: 0 }; // of the map, which is 1 wide, to the canvas
const [across, down] = data.size; // of the layout, told as 1 wide
const tall = down / across;
const stories = data.stories.map(([number, name, x, y, radius]) => ({ number, name, x: x / across, y: y / across, radius: radius / across }));
for (const axis of [rows.x, rows.y]) axis.forEach((place, i) => { axis[i] = place / across; });
const sizes = new Map();
for (const story of rows.story) sizes.set(story, (sizes.get(story) || 0) + 1);
const named = stories.filter((story) => sizes.get(story.number) > 1).sort((a, b) => b.radius - a.radius);
let cursor = -1; // the headline that the keys stand on, or the pointer
let path = null; // of the lasso, in map coordinates
let width = 0, height = 0;

const px = (x) => (x * view.scale + view.x) * width;
const py = (y) => (y * view.scale + view.y) * width;
const mx = (x) => (x / width - view.x) / view.scale;
const my = (y) => (y / width - view.y) / view.scale;
const colours = () => {
  const style = getComputedStyle(document.documentElement);
  const read = (name) => style.getPropertyValue(name).trim();
  return { of: Array.from({ length: 7 }, (_, i) => read(`--c${i}`)), ink: read("--ink"), soft: read("--soft"), line: read("--line"), paper: read("--panel") };
};

function shape(kind, x, y, r) {
  if (kind === 0) { pen.moveTo(x + r, y); pen.arc(x, y, r, 0, 7); }
  else if (kind === 1) pen.rect(x - 0.9 * r, y - 0.9 * r, 1.8 * r, 1.8 * r);
  else if (kind === 2) { pen.moveTo(x, y - 1.2 * r); pen.lineTo(x + 1.15 * r, y + r); pen.lineTo(x - 1.15 * r, y + r); pen.closePath(); }
  else if (kind === 3) { pen.moveTo(x, y - 1.3 * r); pen.lineTo(x + 1.3 * r, y); pen.lineTo(x, y + 1.3 * r); pen.lineTo(x - 1.3 * r, y); pen.closePath(); }
  else { pen.rect(x - 0.4 * r, y - 1.15 * r, 0.8 * r, 2.3 * r); pen.rect(x - 1.15 * r, y - 0.4 * r, 2.3 * r, 0.8 * r); }
}

// Dots as large as their neighbours permit.
const radius = () => Math.min(7, Math.max(1.2, 0.27 * width * view.scale * Math.sqrt(tall / Math.max(count, 40))));

function draw() {
  if (!width) return;
  const ratio = devicePixelRatio || 1, hues = colours(), r = radius();
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.lineWidth = 1;
  pen.strokeStyle = hues.line;
  pen.beginPath();
  for (const story of named) {
    const x = px(story.x), y = py(story.y), size = story.radius * view.scale * width;
    pen.moveTo(x + size, y);
    pen.arc(x, y, size, 0, 7);
  }
  pen.stroke();
  for (let topic = -1; topic < data.topics.length; topic++) {
    pen.fillStyle = topic < 0 ? hues.soft : hues.of[topic % 7];
    for (const faint of [true, false]) {
      pen.globalAlpha = faint ? 0.13 : 1;
      pen.beginPath();
      for (let i = 0; i < count; i++) {
        if (rows.topic[i] !== topic || visible[i] === faint) continue;
        const x = px(rows.x[i]), y = py(rows.y[i]);
        if (x < -9 || y < -9 || x > width + 9 || y > height + 9) continue;
        shape(topic < 0 ? 0 : topic % 5, x, y, topic < 0 ? 0.6 * r : r);
      }
      pen.fill();
    }
  }
  pen.globalAlpha = 1;
  names(hues);
  if (cursor >= 0) ring(rows.x[cursor], rows.y[cursor], r + 4, hues.ink);
  if (path) {
    pen.strokeStyle = hues.ink;
    pen.setLineDash([5, 4]);
    pen.beginPath();
    path.forEach(([x, y], i) => (i ? pen.lineTo(px(x), py(y)) : pen.moveTo(px(x), py(y))));
    pen.stroke();
    pen.setLineDash([]);
  }
}

function ring(x, y, r, colour) {
  pen.strokeStyle = colour;
  pen.lineWidth = 2;
  pen.beginPath();
  pen.arc(px(x), py(y), r, 0, 7);
  pen.stroke();
  pen.lineWidth = 1;
}

// The names of the largest stories, where they don't cover one another.
function names(hues) {
  const taken = [], seen = new Set(rows.story.filter((_, i) => visible[i]));
  pen.font = "600 12px system-ui, sans-serif";
  pen.textAlign = "center";
  pen.lineJoin = "round";
  for (const story of named) {
    if (taken.length >= 30) break;
    if (!seen.has(story.number)) continue;
    const x = px(story.x), y = py(story.y), size = story.radius * view.scale * width;
    if (x < 0 || y < 0 || x > width || y > height) continue;
    const text = cut(story.name, size > 60 ? 44 : 28);
    const half = pen.measureText(text).width / 2 + 3;
    const middle = Math.min(Math.max(x, half), width - half);
    const line = Math.min(Math.max(y - size - 4, 12), height - 4);
    const box = [middle - half, line - 13, middle + half, line + 4];
    if (taken.some((o) => box[0] < o[2] && o[0] < box[2] && box[1] < o[3] && o[1] < box[3])) continue;
    taken.push(box);
    pen.strokeStyle = hues.paper;
    pen.lineWidth = 4;
    pen.strokeText(text, middle, line);
    pen.fillStyle = hues.ink;
    pen.fillText(text, middle, line);
    pen.lineWidth = 1;
  }
}

function cut(text, most) {
  const signs = [...text];
  return signs.length <= most ? text : `${signs.slice(0, most).join("").replace(/\s+\S*$/, "")}…`;
}

function resize() {
  if (canvas.clientWidth === width) return;
  width = canvas.clientWidth;
  height = Math.round(width * Math.max(tall, 0.3));
  canvas.style.height = `${height}px`;
  canvas.width = Math.round(width * (devicePixelRatio || 1));
  canvas.height = Math.round(height * (devicePixelRatio || 1));
  draw();
}

function zoom(factor, x, y) {
  const scale = Math.min(60, Math.max(1, view.scale * factor));
  const atX = mx(x), atY = my(y);
  view.scale = scale;
  move(x / width - atX * scale, y / width - atY * scale);
}

function move(x, y) { // the map stays in sight
  const most = 1 - view.scale, low = (height / width) * most;
  view.x = Math.min(0, Math.max(most, x));
  view.y = Math.min(0, Math.max(low, y));
  draw();
}

function nearest(x, y, most) {
  let best = -1, least = most * most;
  for (let i = 0; i < count; i++) {
    if (!visible[i]) continue;
    const d = (px(rows.x[i]) - x) ** 2 + (py(rows.y[i]) - y) ** 2;
    if (d < least) { least = d; best = i; }
  }
  return best;
}

function stand(i) {
  cursor = i;
  tip.hidden = i < 0;
  if (i >= 0) {
    const topic = data.topics[rows.topic[i]] || "no topic";
    tip.textContent = `${textOf(i)} (${topic})`;
    const x = px(rows.x[i]), y = py(rows.y[i]);
    tip.style.setProperty("left", `${Math.max(0, Math.min(x + 12, width - tip.offsetWidth))}px`);
    tip.style.setProperty("top", `${y + 16 + tip.offsetHeight > height ? y - 12 - tip.offsetHeight : y + 16}px`);
  }
  draw();
}

// The next dot in the direction of an arrow: near, and not far to the side.
function step(dx, dy) {
  if (cursor < 0) return stand(nearest(width / 2, height / 2, Infinity));
  const x = px(rows.x[cursor]), y = py(rows.y[cursor]);
  let best = -1, least = Infinity;
  for (let i = 0; i < count; i++) {
    if (!visible[i] || i === cursor) continue;
    const along = (px(rows.x[i]) - x) * dx + (py(rows.y[i]) - y) * dy;
    const side = Math.abs((px(rows.x[i]) - x) * dy) + Math.abs((py(rows.y[i]) - y) * dx);
    if (along > 0.5 && along + 2 * side < least) { least = along + 2 * side; best = i; }
  }
  if (best < 0) return undefined;
  const to = [px(rows.x[best]), py(rows.y[best])];
  if (to[0] < 20 || to[0] > width - 20) view.x += (width / 2 - to[0]) / width;
  if (to[1] < 20 || to[1] > height - 20) view.y += (height / 2 - to[1]) / width;
  move(view.x, view.y);
  stand(best);
  byId("at").textContent = tip.textContent;
  return undefined;
}

function inside(x, y) {
  let odd = false;
  for (let i = 0, j = path.length - 1; i < path.length; j = i++) {
    const [ax, ay] = path[i], [bx, by] = path[j];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) odd = !odd;
  }
  return odd;
}

let held = null; // where a drag began
const at = (event) => {
  const box = canvas.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
};
canvas.addEventListener("pointerdown", (event) => {
  const [x, y] = at(event);
  held = { x, y, from: { ...view }, moved: false };
  if (event.shiftKey || byId("lasso").getAttribute("aria-pressed") === "true") path = [[mx(x), my(y)]];
  canvas.setPointerCapture(event.pointerId);
});
canvas.addEventListener("pointermove", (event) => {
  const [x, y] = at(event);
  if (!held) return stand(nearest(x, y, 14));
  held.moved ||= Math.abs(x - held.x) + Math.abs(y - held.y) > 4;
  if (path) { path.push([mx(x), my(y)]); draw(); }
  else if (held.moved) { tip.hidden = true; move(held.from.x + (x - held.x) / width, held.from.y + (y - held.y) / width); }
  return undefined;
});
canvas.addEventListener("pointerup", (event) => {
  if (!held) return;
  if (path && path.length > 2) {
    filter.chosen = new Set(rows.x.map((_, i) => i).filter((i) => inside(rows.x[i], rows.y[i])));
    byId("lasso").setAttribute("aria-pressed", "false");
  } else if (!held.moved) {
    const i = nearest(...at(event), 14);
    if (i >= 0) chooseStory(i, event.ctrlKey || event.metaKey);
  }
  held = path = null;
  show();
});
canvas.addEventListener("pointercancel", () => { held = path = null; draw(); });
canvas.addEventListener("pointerleave", () => { if (!held) stand(-1); });
canvas.addEventListener("wheel", (event) => {
  if (!event.ctrlKey && document.activeElement !== canvas) return; // the page scrolls
  event.preventDefault();
  zoom(Math.exp(-event.deltaY / 300), ...at(event));
}, { passive: false });
canvas.addEventListener("keydown", (event) => {
  const keys = {
    "+": () => zoom(1.4, width / 2, height / 2), "=": () => zoom(1.4, width / 2, height / 2),
    "-": () => zoom(1 / 1.4, width / 2, height / 2), "0": () => zoom(1e-9, 0, 0),
    ArrowLeft: () => step(-1, 0), ArrowRight: () => step(1, 0), ArrowUp: () => step(0, -1), ArrowDown: () => step(0, 1),
    Enter: () => cursor >= 0 && chooseStory(cursor, false), " ": () => cursor >= 0 && chooseStory(cursor, true),
  };
  if (!keys[event.key] || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  keys[event.key]();
});
canvas.addEventListener("blur", () => stand(-1));
byId("in").addEventListener("click", () => zoom(1.4, width / 2, height / 2));
byId("out").addEventListener("click", () => zoom(1 / 1.4, width / 2, height / 2));
byId("whole").addEventListener("click", () => zoom(1e-9, 0, 0));
byId("lasso").addEventListener("click", (event) => {
  const button = event.currentTarget;
  button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
new ResizeObserver(() => requestAnimationFrame(resize)).observe(canvas);
show();
open();
