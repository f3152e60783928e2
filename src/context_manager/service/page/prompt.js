// The prompt for an input: what is asked for, and what became of its budget.

import { ask } from "./api.js";
import { el, empty, field, say, vary } from "./dom.js";
import { counted, percent, whole } from "./format.js";
import { filled } from "./notice.js";
import { meter } from "./remembered.js";
import { missed, reading, SECTIONS, slotList } from "./slots.js";

const INTRODUCTION =
  "Type what a user might say, and see the prompt that a model would get: every piece of it, what it costs in tokens, and why it is there.";
const asked = { input: "", budget: "" }; // survives a change of view

/** The view. */
export function promptView() {
  const input = el("textarea", {
    rows: 2,
    required: true,
    placeholder: "What would the user say next?",
  });
  const budget = el("input", {
    type: "number",
    min: 1,
    max: 1000000,
    inputmode: "numeric",
    placeholder: "default",
  });
  Object.assign(input, { value: asked.input });
  Object.assign(budget, { value: asked.budget });
  const result = el("div.result", {}, empty(INTRODUCTION));
  const build = () => {
    if (!input.value.trim()) return;
    Object.assign(asked, { input: input.value, budget: budget.value });
    filled(result, () => built(input.value, Number(budget.value) || null, build));
  };
  const form = el(
    "form.ask.panel",
    {
      onsubmit: (event) => {
        event.preventDefault();
        build();
      },
    },
    field("Input", input),
    el(
      "div.row",
      {},
      field("Budget in tokens", budget),
      el("button.primary", { title: "Ctrl + Enter" }, "Build the prompt"),
    ),
  );
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  if (asked.input) build();
  return [el("h1", {}, "Prompt"), form, result];
}

async function built(input, budget, again) {
  const context = await ask("POST", "context", { input, budget });
  const usage = await ask("GET", "usage").catch(() => ({ items: [] }));
  const builds = usage.items.filter((row) => row.name === "build" && row.tokens !== null);
  const reuse = reused(builds, context);
  say(
    `The prompt takes ${context.tokens} of ${context.budget} tokens, in ${counted(context.slots.length, "slot")}.`,
  );
  return [
    overview(context, reuse),
    el(
      "div.columns",
      {},
      el(
        "section",
        { "aria-labelledby": "slots" },
        reading(context),
        slotList(context.slots, again),
      ),
      el("aside", { "aria-labelledby": "missed" }, missed(context.near_misses)),
    ),
  ];
}

/** How much of this prompt stood in the session's prompt before; null when there was none. */
function reused(builds, context) {
  const [before, now] = builds.slice(-2);
  if (!now || now.tokens !== context.tokens || now.reused === null) return null;
  return {
    share: now.reused,
    ofThis: Math.min(1, (now.reused * before.tokens) / Math.max(1, context.tokens)),
  };
}

function overview(context, reuse) {
  const sections = Object.keys(SECTIONS)
    .map((name) => ({
      name,
      slots: context.slots.filter((slot) => slot.section === name),
      tokens: context.slots
        .filter((slot) => slot.section === name)
        .reduce((sum, slot) => sum + slot.tokens, 0),
    }))
    .filter(({ slots }) => slots.length);
  return el(
    "section.panel.overview",
    { "aria-label": "Budget" },
    el(
      "p.figure",
      {},
      el("strong", {}, whole(context.tokens)),
      ` of ${whole(context.budget)} tokens`,
      el("span.soft", {}, ` · ${percent(context.tokens / context.budget)} of the budget`),
    ),
    budgetBar(context, reuse),
    el(
      "ul.legend",
      {},
      sections.map(({ name, slots, tokens }) =>
        el(
          `li.s-${name}`,
          {},
          el("span.swatch", { "aria-hidden": "true" }),
          el("b", {}, SECTIONS[name]),
          ` ${whole(tokens)}`,
          el("span.soft", {}, slots.length > 1 ? ` in ${slots.length}` : ""),
        ),
      ),
    ),
    el(
      "div.row.verdict",
      {},
      el(
        "span",
        {},
        context.covered ? "Memory seems to answer this " : "No memory seems to answer this ",
        meter(context.answerability, "answerability"),
      ),
      reuse &&
        el(
          "span",
          {},
          el("span.swatch.again", { "aria-hidden": "true" }),
          `${percent(reuse.share)} of this session's previous prompt stands again at the start`,
        ),
      context.degraded.map((name) => el("span.flag", {}, `degraded: ${name}`)),
    ),
  );
}

function budgetBar(context, reuse) {
  const widest = Math.max(context.budget, context.tokens);
  const parts = context.slots.map((slot) =>
    vary(
      el(`span.s-${slot.section}`, {
        title: `${SECTIONS[slot.section] ?? slot.section}, ${slot.tokens} tokens`,
      }),
      "share",
      slot.tokens / widest,
    ),
  );
  const label = `${context.tokens} of ${context.budget} tokens`;
  return [
    el("div.budget", { role: "img", "aria-label": label }, parts),
    reuse &&
      vary(
        el("div.again", { "aria-hidden": "true" }),
        "share",
        (reuse.ofThis * context.tokens) / widest,
      ),
  ];
}
