// Long-term memory: search it, look through it, add to it.

import { ask } from "./api.js";
import { button, el, empty, field, say } from "./dom.js";
import { counted } from "./format.js";
import { filled, tried } from "./notice.js";
import { card } from "./remembered.js";

const KINDS = ["message", "fact", "note", "document", "summary", "pinned"];
const PAGE = 30;
const NOTHING =
  "Memory is empty. Add something, or let your agent send its turns to “POST /turns”.";

/** The view. */
export function memoryView() {
  const query = el("input", { type: "search", placeholder: "Search in meaning and words" });
  const kind = el(
    "select",
    {},
    el("option", { value: "" }, "everything"),
    KINDS.map((name) => el("option", { value: name }, name)),
  );
  const found = el("div", {});
  const refresh = () =>
    filled(found, () =>
      query.value.trim() ? hits(query.value, kind.value, refresh) : pages(kind.value, refresh),
    );
  let waiting = 0;
  query.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(refresh, 250);
  });
  kind.addEventListener("change", refresh);
  const search = el(
    "form.panel.row.search",
    {
      role: "search",
      onsubmit: (event) => {
        event.preventDefault();
        refresh();
      },
    },
    field("Search", query),
    field("Kind", kind),
  );
  refresh();
  return [el("h1", {}, "Memory"), search, adding(refresh), found];
}

async function hits(query, kind, refresh) {
  const { results } = await ask("POST", "memory/query", {
    query,
    k: 20,
    kinds: kind ? [kind] : null,
    session_id: undefined,
  });
  say(counted(results.length, "hit"));
  if (!results.length) return empty("Memory holds nothing like this.");
  return el(
    "ol.cards",
    { "aria-label": "Hits, best first" },
    results.map((entry) => card(entry, refresh)),
  );
}

async function pages(kind, refresh) {
  const list = el("ol.cards", { "aria-label": "Memories, oldest first" });
  const rest = el("div", {});
  const more = async (after) => {
    const page = await ask("GET", "memory", {
      limit: PAGE,
      kind: kind || null,
      after,
      session_id: undefined,
    });
    list.append(...page.items.map((entry) => card(entry, refresh)));
    rest.replaceChildren();
    if (page.next) rest.append(further(page.next, more));
    return page.items.length;
  };
  if (!(await more(null))) {
    return empty(kind ? `Memory holds no ${kind} yet.` : NOTHING);
  }
  return [list, rest];
}

function further(after, more) {
  const place = el("div", {});
  const pressed = button("More", () => tried(pressed, place, () => more(after)), {}, "wide");
  return el("div", {}, pressed, place);
}

function adding(refresh) {
  const text = el("textarea", { rows: 2, required: true });
  const kind = el(
    "select",
    {},
    ["note", "fact", "pinned"].map((name) =>
      el("option", { value: name }, name === "pinned" ? "pinned, in every prompt" : name),
    ),
  );
  const place = el("div", {});
  const put = el("button.primary", {}, "Remember");
  const form = el(
    "form",
    {},
    field("Text", text),
    place,
    el("div.row", {}, field("As", kind), put),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    tried(put, place, async () => {
      if (kind.value === "pinned") await ask("POST", "memory/pin", { text: text.value });
      else await ask("POST", "memory/add", { text: text.value, kind: kind.value });
      text.value = "";
      say("Remembered.");
      refresh();
    });
  });
  return el("details.panel", {}, el("summary", {}, "Add a memory"), form);
}
