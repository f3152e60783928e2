// The dialogs: key, whose memory, confirmation, receipt. Native dialogs keep the focus inside,
// give it back, and close with Escape.

import { ask, key, setKey, setWhose, whose } from "./api.js";
import { button, copying, el, facts, field, say } from "./dom.js";
import { counted, moment } from "./format.js";

/** Shows a dialog; resolves with the value of the button that closed it, "" for Escape. */
function shown(title, body, buttons, style = "") {
  const heading = el("h2", { id: "dialog-title" }, title);
  const dialog = el(style ? `dialog.${style}` : "dialog", { "aria-labelledby": "dialog-title" });
  const form = el("form", { method: "dialog" }, heading, body, el("div.row.end", {}, buttons));
  dialog.append(form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue);
    });
  });
}

/** A button that closes its dialog; only the main one is pressed by the Enter key. */
function closing(text, value, style) {
  if (style === "primary") return el("button.primary", { value }, text);
  return button(text, (event) => event.target.closest("dialog").close(value), {}, style);
}

/** Asks for the key; whether it was changed. */
export async function askKey() {
  const input = el("input", {
    type: "password",
    autocomplete: "off",
    spellcheck: "false",
    placeholder: "cm_...",
  });
  const body = [
    el("p", {}, "It stays in this tab and is forgotten when you close it."),
    field(key() ? "Another key" : "Key", input),
  ];
  const answer = await shown("Key of this service", body, [
    key() && closing("Forget the key", "forget", "danger"),
    closing("Cancel", "", "quiet"),
    closing("Use this key", "use", "primary"),
  ]);
  if (answer === "forget") setKey("");
  else if (answer === "use" && input.value.trim()) setKey(input.value.trim());
  else return false;
  say(answer === "forget" ? "The key is forgotten." : "The key is used from now on.");
  return true;
}

/** Asks whose memory is meant; whether it was changed. */
export async function askWhose() {
  const now = whose();
  const sessions = el("datalist", { id: "sessions" });
  ask("GET", "sessions").then(
    ({ items }) => sessions.replaceChildren(...items.map((name) => el("option", { value: name }))),
    () => {},
  );
  const inputs = {
    user_id: el("input", { value: now.user_id, placeholder: "the key's own", maxlength: 256 }),
    session_id: el("input", {
      value: now.session_id,
      placeholder: "default",
      maxlength: 256,
      list: "sessions",
    }),
    agent_id: el("input", { value: now.agent_id, placeholder: "default", maxlength: 256 }),
  };
  const body = [
    el("p", {}, "Nobody's memory can be seen that the key is not for."),
    field("User", inputs.user_id),
    field("Session", inputs.session_id, "A new name begins a new conversation."),
    field("Agent", inputs.agent_id),
    sessions,
  ];
  const answer = await shown("Whose memory", body, [
    closing("Cancel", "", "quiet"),
    closing("Show", "use", "primary"),
  ]);
  if (answer !== "use") return false;
  setWhose(
    Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, input.value.trim()])),
  );
  return true;
}

/** Asks before something is deleted. */
export async function confirmed(title, text, action) {
  const body = el("p", {}, text);
  return (
    (await shown(title, body, [
      closing("Keep it", "", "quiet"),
      closing(action, "yes", "danger"),
    ])) === "yes"
  );
}

/** Shows what was deleted. */
export async function showReceipt(receipt) {
  const kinds = Object.entries(receipt.kinds).map(([kind, number]) =>
    counted(number, kind, kind === "summary" ? "summaries" : undefined),
  );
  const copy = copying(JSON.stringify(receipt, null, 2), "quiet");
  const body = [
    el("p.soft", {}, `Receipt ${receipt.number} of this store, ${moment(receipt.at)}`),
    facts([
      ["Memories deleted", counted(receipt.entries, "entry", "entries")],
      ["of these", kinds.join(", ")],
      ["Turns deleted", String(receipt.turns)],
      ["Summaries made anew", String(receipt.rederived)],
      ["Derived and dropped", String(receipt.dropped)],
      ["Recorded prompts with holes", String(receipt.recorded)],
      ["Bytes overwritten", receipt.bytes_scrubbed ? "yes" : "under way"],
    ]),
    el(
      "div.seal",
      {},
      facts([
        ["Digest", receipt.digest],
        ["Previous", receipt.previous || "none"],
        ["Store", receipt.store],
      ]),
    ),
  ];
  say(`Forgotten: ${counted(receipt.entries, "memory", "memories")}.`);
  await shown("Forgotten", body, [copy, closing("Done", "", "primary")], "receipt");
}
