// Starts the page: views by the part of the address behind "#", whose memory, the key, the colours.

import { activityView } from "./activity.js";
import { ask, setWhose, whose } from "./api.js";
import { askKey, askWhose } from "./dialogs.js";
import { memoryView } from "./memory.js";
import { promptView } from "./prompt.js";
import { timelineView } from "./timeline.js";

const VIEWS = {
  prompt: promptView,
  timeline: () => timelineView(show),
  memory: memoryView,
  activity: activityView,
};
const THEMES = ["auto", "light", "dark"];
const THEME = "context-manager.theme";
const main = document.getElementById("main");
const buttons = Object.fromEntries(
  ["whose", "key", "theme"].map((id) => [id, document.getElementById(id)]),
);
let current = null;

function named() {
  const name = location.hash.slice(1);
  return name in VIEWS ? name : null;
}

/** Shows the view that the address names; an address that names none leaves what is shown. */
function show() {
  const name = named() ?? current ?? "prompt";
  const moved = name !== current;
  current = name;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  label();
  main.replaceChildren(...VIEWS[name]().flat());
  const heading = main.querySelector("h1").textContent;
  document.title = `${heading} · ContextManager`;
  if (moved) scrollTo(0, 0);
}

function label() {
  const { user_id: user, session_id: session } = whose();
  buttons.whose.textContent = [user, `Session ${session ?? "default"}`].filter(Boolean).join(" · ");
  buttons.whose.setAttribute("aria-label", `Whose memory: ${buttons.whose.textContent}`);
}

function theme(name) {
  localStorage.setItem(THEME, name);
  document.documentElement.dataset.theme = name;
  buttons.theme.textContent = { auto: "Auto", light: "Light", dark: "Dark" }[name];
  buttons.theme.setAttribute("aria-label", `Colours: ${name}. Change them.`);
}

/** Where the default session is empty, begin with the newest one. */
async function firstSession() {
  if (whose().session_id) return;
  const { items } = await ask("GET", "sessions").catch(() => ({ items: [] }));
  if (items.length && !items.includes("default"))
    setWhose({ ...whose(), session_id: items.at(-1) });
}

async function again() {
  await firstSession();
  show();
}

addEventListener("hashchange", () => {
  if (!named()) return;
  show();
  main.focus();
});
buttons.key.addEventListener("click", async () => (await askKey()) && again());
buttons.whose.addEventListener("click", async () => (await askWhose()) && show());
buttons.theme.addEventListener("click", () => {
  theme(THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % THEMES.length]);
});
theme(THEMES.includes(localStorage.getItem(THEME)) ? localStorage.getItem(THEME) : "auto");
again();
