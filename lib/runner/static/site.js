// course site: the contents beside a lesson, what Tab stops at, figures on paper; and the search over all lessons.
"use strict";
const contents = document.querySelector(".course-index"), wide = matchMedia("(min-width: 84rem)");
const open = () => contents && (contents.open = wide.matches);
wide.addEventListener("change", open);
open();

// A figure is drawn for the width of the window. For paper it is drawn again, as wide as a sheet.
const figures = () => document.querySelectorAll(".js-plotly-plot");
addEventListener("beforeprint", () => figures().forEach(figure => {
  figure.before = figure.layout.width ?? null;
  Plotly.relayout(figure, { width: 640 });
}));
addEventListener("afterprint", () => figures().forEach(figure => {
  Plotly.relayout(figure, { width: figure.before, autosize: figure.before === null });
}));

// What is wider than its place is moved by the arrow keys, once Tab has come to it.
const wider = () => document.querySelectorAll(".jp-RenderedHTML, .highlight pre, .wide").forEach(part => {
  if (part.scrollWidth > part.clientWidth + 1) part.tabIndex = 0;
  else part.removeAttribute("tabindex");
});
addEventListener("load", wider);
addEventListener("resize", wider);

// The sliders of a living picture are moved by the arrow keys, once Tab has come to it: the second one by up and down.
const KEYS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowDown: [1, -1], ArrowUp: [1, 1] };
addEventListener("load", () => figures().forEach(figure => {
  if (!figure.layout.sliders?.length) return;
  figure.tabIndex = 0;
  figure.addEventListener("keydown", event => {
    const [place, by] = KEYS[event.key] ?? [], slider = figure.layout.sliders[place];
    const next = (slider?.active ?? 0) + by, step = slider?.steps[next];
    if (slider) event.preventDefault();
    if (step?.method === "animate") Plotly.animate(figure, ...step.args);  // takes the slider with it
    else if (step) Plotly.update(figure, step.args[0], { [`sliders[${place}].active`]: next }, step.args[1]);
  });
}));

// --- the search, on pages that have one

const nonce = document.currentScript?.nonce;
const box = document.querySelector("header.site [role=search]");
const field = box?.querySelector("input"), found = box?.querySelector(".found");

// search.js is fetched when it is first needed, as a script: from the disk a page may load nothing else.
let engine = null;
function load() {
  engine ??= new Promise((done, failed) => {
    const script = Object.assign(document.createElement("script"), { src: "search.js", nonce, onerror: failed });
    script.onload = () => {
      const all = new MiniSearch({ fields: ["heading", "lesson", "words"], storeFields: ["page", "lesson", "heading", "words"] });
      all.addAll(SECTIONS.map(([page, lesson, heading, words], id) => ({ id, page, lesson, heading, words })));
      done(all);
    };
    document.head.append(script);
  });
  return engine;
}

// The beginning of a word finds it. Where that finds nothing, a word may have slips in it, and then some of the words will do.
const WAYS = [{ combineWith: "AND" }, { combineWith: "AND", fuzzy: 0.3 }, { fuzzy: 0.3 }];
function hits(all, words) {
  for (const way of WAYS) {
    const list = all.search(words, { prefix: true, boost: { heading: 4, lesson: 2 }, ...way });
    if (list.length) return list;
  }
  return [];
}

function marked(text, words) {
  const any = new RegExp(`(${words.map(word => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|")})`, "iu");
  return text.split(any).map((part, place) => {
    return place % 2 ? Object.assign(document.createElement("mark"), { textContent: part }) : part;
  });
}

function entry(hit) {
  const first = hit.words.toLowerCase().indexOf(hit.terms[0]);
  const from = first > 60 ? hit.words.indexOf(" ", first - 60) + 1 : 0;
  const link = Object.assign(document.createElement("a"), { href: hit.page });
  const heading = document.createElement("b"), lesson = document.createElement("small"), words = document.createElement("small");
  heading.append(...marked(hit.heading, hit.terms));
  lesson.textContent = hit.lesson;
  words.append(from ? "… " : "", ...marked(hit.words.slice(from, from + 160), hit.terms), " …");
  link.append(heading, lesson, words);
  const item = document.createElement("li");
  item.append(link);
  return item;
}

async function show() {
  const all = await load(), words = field.value.trim();
  const list = words ? hits(all, words) : [];
  found.querySelector("ol").replaceChildren(...list.slice(0, 20).map(entry));
  found.querySelector("p").textContent = `${list.length || "No"} section${list.length === 1 ? "" : "s"} found`;
  found.hidden = !words;
}

field?.addEventListener("focus", load);
field?.addEventListener("input", show);
box?.addEventListener("keydown", event => {
  const stops = [field, ...found.querySelectorAll("a")], here = stops.indexOf(document.activeElement);
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) stops[Math.min(Math.max(here + step, 0), stops.length - 1)].focus();
  if (event.key === "Enter" && here === 0) stops[1]?.click();
  if (event.key === "Escape") found.hidden = true;
  if (step || event.key === "Escape") event.preventDefault();
});
document.addEventListener("keydown", event => {
  if (field && event.key === "/" && !event.target.closest("input")) {
    event.preventDefault();
    field.focus();
  }
});
document.addEventListener("click", event => {
  if (box && !box.contains(event.target) || event.target.closest(".found a")) found.hidden = true;
});
