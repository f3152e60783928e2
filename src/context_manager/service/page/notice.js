// How a refusal is shown, and how a part of the page waits for an answer.

import { button, el } from "./dom.js";

/** A refusal in words, with what can be done about it. */
export function refused(error, again = null) {
  if (error.status === undefined) throw error; // a fault of this page, for the console
  return el(
    "div.notice",
    { role: "alert" },
    el("strong", {}, error.title),
    el("p", {}, error.message),
    el(
      "div.row",
      {},
      error.status === 401 &&
        button("Enter a key", () => document.getElementById("key").click(), {}, "primary"),
      again && error.status !== 401 && button("Try again", again),
    ),
  );
}

/** Fills a holder with what `make` gives; shows that it is waited for, and a refusal in its place. */
export async function filled(holder, make) {
  holder.setAttribute("aria-busy", "true");
  try {
    holder.replaceChildren(...[await make()].flat(Infinity));
  } catch (error) {
    holder.replaceChildren(refused(error, () => filled(holder, make)));
  } finally {
    holder.removeAttribute("aria-busy");
  }
}

/** Runs what a button does: the button rests meanwhile, a refusal appears in `place`. */
export async function tried(pressed, place, act) {
  pressed.disabled = true;
  place.replaceChildren();
  try {
    await act();
  } catch (error) {
    place.replaceChildren(refused(error));
  } finally {
    pressed.disabled = false;
  }
}
