// The prompt for an input: its budget, its slots in reading order, what each costs and why it is in.

import { ask } from "./api.js";
import { button, el, facts, field, say, vary } from "./dom.js";
import { counted, moment, percent, score, whole } from "./format.js";
import { filled } from "./notice.js";
import { actions, meter } from "./remembered.js";

const SECTIONS = {
  pinned: "Pinned",
  summary: "Summaries",
  recent: "Recent",
  memory: "Memories",
  input: "Input",
};
const asked = { input: "", budget: "" }; // survives a change of view

/** The view. */
export function promptView() {
  const input = el("textarea", { rows: 2, required: true, placeholder: "What would the user say next?" });
  const budget = el("input", { type: "number", min: 1, max: 1000000, inputmode: "numeric", placeholder: "default" });
  Object.assign(input, { value: asked.input });
  Object.assign(budget, { value: asked.budget });
  const result = el("div.result", {}, introduction());
  const build = () => {
    if (!input.value.trim()) return;
    Object.assign(asked, { input: input.value, budget: budget.value });
    filled(result, () => built(input.value, Number(budget.value) || null, build));
  };
  const form = el(
    "form.ask.panel",
    { onsubmit: (event) => { event.preventDefault(); build(); } },
    field("Input", input),
    el("div.row", {}, field("Budget in tokens", budget), el("button.primary", { title: "Ctrl + Enter" }, "Build the prompt")),
  );
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  if (asked.input) build();
  return [el("h1", {}, "Prompt"), form, result];
}

function introduction() {
  return el("div.empty", {}, el("p", {}, "Type what a user might say, and see the prompt that a model would get: every piece of it, what it costs in tokens, and why it is there."));
}

async function built(input, budget, again) {
  const context = await ask("POST", "context", { input, budget });
  const usage = await ask("GET", "usage").catch(() => ({ items: [] }));
  const builds = usage.items.filter((row) => row.name === "build" && row.tokens !== null);
  const reuse = reused(builds, context);
  say(`The prompt takes ${context.tokens} of ${context.budget} tokens, in ${counted(context.slots.length, "slot")}.`);
  return [
    overview(context, reuse),
    el(
      "div.columns",
      {},
      el("section", { "aria-labelledby": "slots" }, reading(context), slotList(context.slots, again)),
      el("aside", { "aria-labelledby": "missed" }, missed(context.near_misses)),
    ),
  ];
}

/** How much of this prompt stood in the session's prompt before; null when there was none. */
function reused(builds, context) {
  const [before, now] = builds.slice(-2);
  if (!now || now.tokens !== context.tokens || now.reused === null) return null;
  return { share: now.reused, ofThis: Math.min(1, (now.reused * before.tokens) / Math.max(1, context.tokens)) };
}

function overview(context, reuse) {
  const sections = Object.keys(SECTIONS).map((name) => ({
    name,
    slots: context.slots.filter((slot) => slot.section === name),
    tokens: context.slots.filter((slot) => slot.section === name).reduce((sum, slot) => sum + slot.tokens, 0),
  })).filter(({ slots }) => slots.length);
  return el(
    "section.panel.overview",
    { "aria-label": "Budget" },
    el("p.figure", {}, el("strong", {}, whole(context.tokens)), ` of ${whole(context.budget)} tokens`,
      el("span.soft", {}, ` · ${percent(context.tokens / context.budget)} of the budget`)),
    budgetBar(context, reuse),
    el("ul.legend", {}, sections.map(({ name, slots, tokens }) =>
      el(`li.s-${name}`, {}, el("span.swatch", { "aria-hidden": "true" }), el("b", {}, SECTIONS[name]), ` ${whole(tokens)}`,
        el("span.soft", {}, slots.length > 1 ? ` in ${slots.length}` : "")))),
    el("div.row.verdict", {},
      el("span", {}, context.covered ? "Memory seems to answer this " : "No memory seems to answer this ", meter(context.answerability, "answerability")),
      reuse && el("span", {}, el("span.swatch.again", { "aria-hidden": "true" }), `${percent(reuse.share)} of this session's previous prompt stands again at the start`),
      context.degraded.map((name) => el("span.flag", {}, `degraded: ${name}`))),
  );
}

function budgetBar(context, reuse) {
  const widest = Math.max(context.budget, context.tokens);
  const parts = context.slots.map((slot) =>
    vary(el(`span.s-${slot.section}`, { title: `${SECTIONS[slot.section] ?? slot.section}, ${slot.tokens} tokens` }), "share", slot.tokens / widest));
  const label = `${context.tokens} of ${context.budget} tokens`;
  return [
    el("div.budget", { role: "img", "aria-label": label }, parts),
    reuse && vary(el("div.again", { "aria-hidden": "true" }), "share", (reuse.ofThis * context.tokens) / widest),
  ];
}

function reading(context) {
  const raw = el("pre.raw.panel", { tabindex: 0, "aria-label": "The prompt as it is sent", hidden: true }, context.text);
  const toggle = button("As sent", () => {
    raw.hidden = !raw.hidden;
    toggle.setAttribute("aria-expanded", String(!raw.hidden));
  }, { "aria-expanded": "false" }, "small");
  const copy = button("Copy", () => navigator.clipboard?.writeText(context.text).then(() => say("The prompt is copied.")), {}, "small");
  return [el("div.row.head", {}, el("h2", { id: "slots" }, "In the prompt"), el("div.row", {}, toggle, copy)), raw];
}

function slotList(slots, again) {
  return el("ol.slots", {}, slots.map((slot, place) => slotItem(slot, place, slots[place - 1], again)));
}

/** One slot; what it shares with the slot before is told to the eye once. */
function slotItem(slot, place, before, again) {
  const first = slot.section !== before?.section;
  const reason = slot.reason + (slot.cut ? " (cut to fit)" : "");
  const details = el("div.details", { id: `slot-${place}`, hidden: true });
  const toggle = el(
    "button.slot-head",
    { type: "button", "aria-expanded": "false", "aria-controls": `slot-${place}` },
    el(first ? "span.section" : "span.section.same", {}, SECTIONS[slot.section] ?? slot.section),
    el("span.who", {}, [slot.speaker, slot.timestamp > 0 && moment(slot.timestamp)].filter(Boolean).join(", ")),
    slot.score !== null && meter(slot.score, "relevance"),
    el("span.cost", {}, whole(slot.tokens), el("span.unseen", {}, " tokens")),
  );
  toggle.addEventListener("click", () => {
    details.hidden = !details.hidden;
    toggle.setAttribute("aria-expanded", String(!details.hidden));
    if (!details.hasChildNodes()) details.append(...account(slot, again));
  });
  return el(`li.slot.s-${slot.section}`, {}, toggle,
    slot.hole ? el("p.said.soft", {}, "[forgotten]") : el("p.said", {}, slot.text.replace(/^\n+|\n+$/g, "")),
    el(first || slot.reason !== before.reason ? "p.reason" : "p.reason.unseen", {}, reason), details);
}

function account(slot, again) {
  const place = el("div", {});
  const stages = Object.entries(slot.stages);
  return [
    facts([
      ["Why", slot.reason],
      ["Kind", slot.kind],
      ["Trust", slot.trust],
      ["Memory", slot.entry_id],
      ["Turn", slot.turn_id],
      ["Made from", slot.source_ids.length ? counted(slot.source_ids.length, "memory", "memories") : null],
    ]),
    stages.length > 0 && el("ul.stages", { "aria-label": "Scores of each stage" }, stages.map(([name, value]) =>
      el("li", {}, el("span", {}, name), value >= 0 && value <= 1 ? meter(value, name) : el("span", {}, score(value))))),
    slot.entry_id && actions({ id: slot.entry_id, kind: slot.kind, superseded_by: null }, again, place),
    place,
  ].filter(Boolean);
}

function missed(misses) {
  const heading = el("h2", { id: "missed" }, "Just missed");
  if (!misses.length) return [heading, el("p.soft", {}, "Nothing that ranked was left out.")];
  return [heading, el("ol.missed", {}, misses.map((miss) =>
    el("li", {}, el("p.said.clamp", {}, miss.text),
      el("div.reason.row", {}, el("span", {}, miss.reason), meter(miss.score, "relevance")))))];
}
