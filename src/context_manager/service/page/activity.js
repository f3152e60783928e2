// What the service did for this user: what waits, what there is, and three plots.

import { ask } from "./api.js";
import { el, facts } from "./dom.js";
import { counted, minute, percent, quantile, span, whole } from "./format.js";
import { filled } from "./notice.js";
import { plot } from "./plot.js";

const EVERY = 5000;
const PLOTTED = 60;

/** The view; it looks again every few seconds while it is seen. */
export function activityView() {
  const holder = el("div", {});
  const look = () => filled(holder, looked);
  look();
  const timer = setInterval(() => {
    if (!holder.isConnected) clearInterval(timer);
    else if (document.visibilityState === "visible" && !holder.querySelector(".notice")) look();
  }, EVERY);
  return [el("h1", {}, "Activity"), holder];
}

async function looked() {
  const [jobs, stats, usage] = await Promise.all([
    ask("GET", "jobs"),
    ask("GET", "memory/stats"),
    ask("GET", "usage"),
  ]);
  const builds = usage.items
    .filter((row) => row.name === "build" && row.tokens !== null)
    .slice(-PLOTTED);
  return [
    el("div.tiles", {}, waiting(jobs.items), held(stats)),
    el("div.plots", {}, tokens(builds), seconds(builds), reuse(builds)),
    operations(usage.items),
  ];
}

function waiting(jobs) {
  return el(
    "section.panel",
    { "aria-labelledby": "jobs" },
    el("h2", { id: "jobs" }, "Jobs"),
    facts(
      jobs.map((job) => [
        job.name,
        el(
          "span",
          { class: job.state === "waiting" ? "flag" : "good" },
          job.waiting ? `${job.state}, ${whole(job.waiting)}` : job.state,
        ),
      ]),
    ),
  );
}

function held(stats) {
  const near = stats.short_term_memory;
  return el(
    "section.panel",
    { "aria-labelledby": "held" },
    el("h2", { id: "held" }, "Held"),
    facts([
      ["Memories", whole(stats.long_term_memory.num_entries)],
      ["Turns at hand", whole(near.num_turns)],
      ["Their tokens", near.current_tokens === undefined ? null : whole(near.current_tokens)],
    ]),
  );
}

const points = (builds, value) =>
  builds
    .filter((row) => value(row) !== null)
    .map((row) => ({
      value: value(row),
      label: minute(row.at),
      bad: row.failed || row.degraded.length > 0,
    }));

function tokens(builds) {
  const last = builds.at(-1);
  const line = last ? last.budget : null;
  const summary = last
    ? `${whole(last.tokens)} in the latest, of ${whole(last.budget)}`
    : "No prompt was built yet";
  return plot({
    title: "Tokens of a prompt",
    summary,
    points: points(builds, (row) => row.tokens),
    show: whole,
    line,
  });
}

function seconds(builds) {
  const taken = builds.map((row) => row.seconds);
  const summary = taken.length
    ? `median ${span(quantile(taken, 0.5))}, 95 % within ${span(quantile(taken, 0.95))}`
    : "No prompt was built yet";
  return plot({
    title: "Time of a build",
    summary,
    points: points(builds, (row) => row.seconds),
    show: span,
  });
}

function reuse(builds) {
  const shares = builds.map((row) => row.reused).filter((share) => share !== null);
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  const summary = shares.length
    ? `${percent(mean)} of a prompt stands again in its session's next, on average`
    : "A session needs two prompts";
  return plot({
    title: "Cache reuse",
    summary,
    points: points(builds, (row) => row.reused),
    show: percent,
    most: 1,
  });
}

function operations(rows) {
  const names = [...new Set(rows.map((row) => row.name))].sort();
  if (!names.length) return [];
  const cells = (name) => {
    const those = rows.filter((row) => row.name === name);
    const taken = those.map((row) => row.seconds);
    return [
      whole(those.length),
      span(quantile(taken, 0.5)),
      span(quantile(taken, 0.95)),
      whole(those.filter((row) => row.failed).length),
    ];
  };
  const head = ["Operation", "Count", "Median", "95 %", "Failed"];
  return el(
    "section.panel",
    { "aria-labelledby": "operations" },
    el("h2", { id: "operations" }, "Operations"),
    el("p.soft", {}, `The latest ${counted(rows.length, "operation")} since the service started.`),
    el(
      "div.scroll",
      { tabindex: 0, role: "region", "aria-label": "Table of operations" },
      el(
        "table",
        {},
        el(
          "thead",
          {},
          el(
            "tr",
            {},
            head.map((name) => el("th", { scope: "col" }, name)),
          ),
        ),
        el(
          "tbody",
          {},
          names.map((name) =>
            el(
              "tr",
              {},
              el("th", { scope: "row" }, name),
              cells(name).map((cell) => el("td", {}, cell)),
            ),
          ),
        ),
      ),
    ),
  );
}
