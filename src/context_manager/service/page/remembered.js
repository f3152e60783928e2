// One memory and what can be done with it: pin, correct, forget, look at what it was made from.

import { ask, memoryPath } from "./api.js";
import { confirmed, showReceipt } from "./dialogs.js";
import { button, el, field, say, time, vary } from "./dom.js";
import { counted, moment, percent, score } from "./format.js";
import { tried } from "./notice.js";

const CORRECTABLE = new Set(["note", "fact", "document", "pinned"]);
const FORGETTING =
  "Its text, its vector and all that was derived from it alone are deleted, in every copy the store keeps. This cannot be undone.";
const DERIVED = new Set(["summary", "fact"]);

/** A card of a memory; `changed` is called after anything was altered. */
export function card(entry, changed) {
  const place = el("div", {});
  return el(
    "li.card",
    { "data-id": entry.id },
    el(
      "div.row.meta",
      {},
      el(`span.chip.k-${entry.kind}`, {}, entry.kind),
      (entry.name || entry.role) && el("span", {}, entry.name || entry.role),
      entry.timestamp > 0 && time(entry.timestamp, moment),
      entry.superseded_by && el("span.flag", {}, "replaced"),
      entry.valid_to &&
        !entry.superseded_by &&
        el("span.flag", {}, `until ${moment(entry.valid_to)}`),
      entry.score !== undefined && meter(entry.score),
      actions(entry, changed, place),
    ),
    el("p.said", {}, entry.text),
    place,
  );
}

/** A score in [0, 1] as a small bar with its number. */
export function meter(value, name = "score") {
  const bar = vary(el("span.bar", { "aria-hidden": "true" }), "share", value);
  return el(
    "span.meter",
    { title: `${name}: ${percent(value)}` },
    bar,
    el("span.unseen", {}, `${name} `),
    score(value),
  );
}

/** The buttons of a memory; what they open appears in `place`. */
export function actions(entry, changed, place) {
  const pinned = entry.kind === "pinned";
  return el(
    "div.row.actions",
    {},
    pinned
      ? act("Unpin", place, () => ask("DELETE", memoryPath(entry.id, "/pin")), changed)
      : !DERIVED.has(entry.kind) &&
          act("Pin", place, () => ask("PUT", memoryPath(entry.id, "/pin")), changed),
    CORRECTABLE.has(entry.kind) && !entry.superseded_by && correcting(entry, changed, place),
    DERIVED.has(entry.kind) && sourcing(entry, changed, place),
    forgetting(entry, changed, place),
  );
}

function act(text, place, carryOut, changed) {
  const pressed = button(
    text,
    () =>
      tried(pressed, place, async () => {
        await carryOut();
        say(`${text}: done.`);
        changed();
      }),
    {},
    "small quiet",
  );
  return pressed;
}

function forgetting(entry, changed, place) {
  const pressed = button(
    "Forget",
    () =>
      tried(pressed, place, async () => {
        if (!(await confirmed("Forget this for good?", FORGETTING, "Forget"))) return;
        await showReceipt(await ask("DELETE", memoryPath(entry.id)));
        changed();
      }),
    {},
    "small quiet",
  );
  return pressed;
}

function correcting(entry, changed, place) {
  const pressed = button(
    "Correct",
    () =>
      tried(pressed, place, async () => {
        const { text } = await ask("GET", memoryPath(entry.id));
        place.replaceChildren(
          correction(entry, text, changed, () => {
            place.replaceChildren();
            pressed.focus();
          }),
        );
        place.querySelector("textarea").focus();
      }),
    {},
    "small quiet",
  );
  return pressed;
}

function correction(entry, text, changed, close) {
  const input = el("textarea", { rows: 3 });
  input.value = text;
  const fault = el("div", {});
  const put = el("button.primary", {}, "Put in its place");
  const send = (event) => {
    event.preventDefault();
    tried(put, fault, async () => {
      await ask("PATCH", memoryPath(entry.id), { text: input.value });
      say("Corrected.");
      changed();
    });
  };
  const hint = "What it said before is kept as history and shown no more.";
  return el(
    "form.inner",
    { onsubmit: send },
    field("What it should say", input, hint),
    fault,
    el("div.row", {}, put, button("Leave it", close, {}, "quiet")),
  );
}

function sourcing(entry, changed, place) {
  const pressed = button(
    "Sources",
    () =>
      tried(pressed, place, async () => {
        if (pressed.getAttribute("aria-expanded") === "true") {
          pressed.setAttribute("aria-expanded", "false");
          return;
        }
        const { items } = await ask("GET", memoryPath(entry.id, "/sources"));
        const list = el(
          "ol.cards.inner",
          { "aria-label": "Sources" },
          items.map((source) => card(source, changed)),
        );
        place.replaceChildren(
          el(
            "p.soft",
            {},
            `Made from ${counted(items.length, "memory", "memories")}, all still there word for word:`,
          ),
          list,
        );
        pressed.setAttribute("aria-expanded", "true");
      }),
    { "aria-expanded": "false" },
    "small quiet",
  );
  return pressed;
}
