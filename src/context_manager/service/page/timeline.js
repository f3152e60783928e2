// The turns of a session in order, and a line to say something more.

import { ask, setWhose, whose } from "./api.js";
import { button, el, empty, field, say, time } from "./dom.js";
import { counted, day, minute } from "./format.js";
import { filled, tried } from "./notice.js";

const SHOWN = 30;
const NOTHING =
  "Nothing was said in this session yet. Say something below, or let your agent send its turns to “POST /turns”.";

/** The view; `moved` is called when another session was chosen. */
export function timelineView(moved) {
  const list = el("div.timeline", {});
  const sessions = el("div", {});
  const refresh = async () => {
    await filled(list, newest);
    scrollTo(0, document.documentElement.scrollHeight);
  };
  filled(sessions, () => choice(moved));
  refresh();
  return [
    el("h1", {}, "Timeline"),
    el(
      "div.columns",
      {},
      el("div.said-here", {}, list, composer(refresh)),
      el(
        "aside.first",
        { "aria-labelledby": "sessions-title" },
        el("h2", { id: "sessions-title" }, "Sessions"),
        sessions,
      ),
    ),
  ];
}

/** The sessions, newest first. */
async function choice(moved) {
  const { items } = await ask("GET", "sessions", { session_id: undefined });
  const now = whose().session_id ?? "default";
  const names = [...new Set([...items, now])].reverse();
  const go = (name) => () => {
    setWhose({ ...whose(), session_id: name });
    moved();
  };
  return el(
    "ul.sessions",
    {},
    names.map((name) =>
      el(
        "li",
        {},
        button(name, go(name), { "aria-current": name === now ? "true" : null }, "quiet small"),
      ),
    ),
  );
}

async function newest() {
  const { items } = await ask("GET", "turns", { last: SHOWN });
  if (!items.length) {
    return empty(NOTHING);
  }
  const holder = el("div", {}, grouped(items));
  return [earlier(items[0].seq, holder), holder];
}

/** A button that brings the turns before. */
function earlier(seq, holder) {
  if (seq <= 0) return [];
  const place = el("div", {});
  const pressed = button(
    "Earlier turns",
    () =>
      tried(pressed, place, async () => {
        const limit = Math.min(SHOWN, seq);
        const { items } = await ask("GET", "turns", { after: seq - limit - 1, limit });
        holder.prepend(...grouped(items));
        const before = earlier(seq - limit, holder);
        place.replaceWith(...[before].flat());
        pressed.remove();
      }),
    {},
    "wide",
  );
  return [pressed, place];
}

function grouped(turns) {
  const days = new Map();
  for (const turn of turns) {
    const name = day(turn.timestamp);
    days.set(name, [...(days.get(name) ?? []), turn]);
  }
  return [...days].map(([name, those]) =>
    el(
      "section",
      { "aria-label": name },
      el("h2.day", {}, name),
      el("ol.turns", {}, those.map(turnItem)),
    ),
  );
}

function turnItem(turn) {
  return el(
    "li.turn",
    {},
    el(
      "p.meta",
      {},
      time(turn.timestamp, minute),
      ` · turn ${turn.seq + 1} · ${counted(turn.token_count, "token")}`,
    ),
    turn.messages
      .filter((message) => message.content)
      .map((message) =>
        el(
          `div.message.r-${message.role}`,
          {},
          el("b", {}, message.name || message.role),
          el("p.said", {}, message.content),
        ),
      ),
  );
}

function composer(refresh) {
  const input = el("textarea", { rows: 1, required: true, placeholder: "Say something" });
  const place = el("div", {});
  const send = el("button.primary", {}, "Send");
  const hint = "It is remembered, and answered by the model that the service was given.";
  const form = el(
    "form.panel.composer",
    {},
    place,
    el("div.line", {}, field("Message", input, hint), send),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    tried(send, place, async () => {
      const answer = await ask("POST", "chat", { message: input.value });
      input.value = "";
      await refresh();
      say("Answered.");
      if (answer.degraded.includes("llm"))
        place.replaceChildren(el("div.notice.calm", {}, el("p.said", {}, answer.response)));
    });
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  return form;
}
