// The slots of a prompt in reading order: what each says, what it costs, and why it is in.

import { button, copying, el, facts } from "./dom.js";
import { counted, moment, score, whole } from "./format.js";
import { actions, meter } from "./remembered.js";

export const SECTIONS = {
  pinned: "Pinned",
  summary: "Summaries",
  recent: "Recent",
  memory: "Memories",
  input: "Input",
};

/** The heading of the slots, and the prompt as it is sent. */
export function reading(context) {
  const raw = el(
    "pre.raw.panel",
    { tabindex: 0, "aria-label": "The prompt as it is sent", hidden: true },
    context.text,
  );
  const toggle = button(
    "As sent",
    () => {
      raw.hidden = !raw.hidden;
      toggle.setAttribute("aria-expanded", String(!raw.hidden));
    },
    { "aria-expanded": "false" },
    "small",
  );
  const copy = copying(context.text, "small");
  return [
    el(
      "div.row.head",
      {},
      el("h2", { id: "slots" }, "In the prompt"),
      el("div.row", {}, toggle, copy),
    ),
    raw,
  ];
}

/** The slots in reading order; `again` is called after a memory was altered. */
export function slotList(slots, again) {
  return el(
    "ol.slots",
    {},
    slots.map((slot, place) => slotItem(slot, place, slots[place - 1], again)),
  );
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
    el(
      "span.who",
      {},
      [slot.speaker, slot.timestamp > 0 && moment(slot.timestamp)].filter(Boolean).join(", "),
    ),
    slot.score !== null && meter(slot.score, "relevance"),
    el("span.cost", {}, whole(slot.tokens), el("span.unseen", {}, " tokens")),
  );
  toggle.addEventListener("click", () => {
    details.hidden = !details.hidden;
    toggle.setAttribute("aria-expanded", String(!details.hidden));
    if (!details.hasChildNodes()) details.append(...account(slot, again));
  });
  return el(
    `li.slot.s-${slot.section}`,
    {},
    toggle,
    el("p.said", {}, slot.text.replace(/^\n+|\n+$/g, "")),
    el(first || slot.reason !== before.reason ? "p.reason" : "p.reason.unseen", {}, reason),
    details,
  );
}

/** What a slot opens to. */
function account(slot, again) {
  const place = el("div", {});
  const stages = Object.entries(slot.stages).filter(([, added]) => added !== 0);
  return [
    facts([
      ["Why", slot.reason],
      ["Kind", slot.kind],
      ["Trust", slot.trust],
      ["Memory", slot.entry_id],
      ["Turn", slot.turn_id],
      [
        "Made from",
        slot.source_ids.length ? counted(slot.source_ids.length, "memory", "memories") : null,
      ],
    ]),
    stages.length > 0 &&
      el(
        "ul.stages",
        { "aria-label": "What each stage of ranking added" },
        stages.map(([name, added]) =>
          el("li", {}, el("span", {}, name), el("span", {}, (added > 0 ? "+" : "") + score(added))),
        ),
      ),
    slot.entry_id &&
      actions({ id: slot.entry_id, kind: slot.kind, superseded_by: null }, again, place),
    place,
  ].filter(Boolean);
}

/** What just missed, and why. */
export function missed(misses) {
  const heading = el("h2", { id: "missed" }, "Just missed");
  if (!misses.length) return [heading, el("p.soft", {}, "Nothing that ranked was left out.")];
  return [
    heading,
    el(
      "ol.missed",
      {},
      misses.map((miss) =>
        el(
          "li",
          {},
          el("p.said.clamp", {}, miss.text),
          el("div.reason.row", {}, el("span", {}, miss.reason), meter(miss.score, "relevance")),
        ),
      ),
    ),
  ];
}
