// Makes elements. Decides that text enters the page as text: there is no way here to write HTML.

/** An element: `el("li.slot", {id: "a"}, "text", child)`; attributes that are null are left out. */
export function el(name, attributes = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  const made = document.createElement(tag);
  if (classes.length) made.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) put(made, key, value);
  made.append(...children.flat(2).filter(wanted));
  return made;
}

/** An element of SVG. */
export function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.append(...children.flat().filter(wanted));
  return made;
}

/** A button that does something. */
export function button(text, act, attributes = {}, style = "") {
  return el(
    ["button", ...style.split(" ")].filter(Boolean).join("."),
    { type: "button", onclick: act, ...attributes },
    text,
  );
}

/** A labelled field. */
export function field(label, input, hint = null) {
  return el("label.field", {}, el("span", {}, label), input, hint && el("small", {}, hint));
}

/** A button that copies a text. */
export function copying(text, style) {
  const copied = () => say("Copied.");
  return button("Copy", () => navigator.clipboard?.writeText(text).then(copied), {}, style);
}

/** What stands where there is nothing to show. */
export function empty(text) {
  return el("div.empty", {}, el("p", {}, text));
}

/** A moment, written by `show`. */
export function time(seconds, show) {
  return el("time", { datetime: new Date(seconds * 1000).toISOString() }, show(seconds));
}

/** The rows of a description list; those without a value are left out. */
export function facts(rows) {
  const shown = rows.filter(([, value]) => wanted(value) && value !== "");
  return el(
    "dl.facts",
    {},
    shown.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))),
  );
}

/** Sets a variable of the style sheet on an element. */
export function vary(element, name, value) {
  element.style.setProperty(`--${name}`, String(value));
  return element;
}

/** Tells a screen reader what happened. */
export function say(text) {
  document.getElementById("status").textContent = text;
}

function put(made, key, value) {
  if (!wanted(value)) return;
  if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
  else made.setAttribute(key, value === true ? "" : String(value));
}

function wanted(value) {
  return value !== null && value !== undefined && value !== false;
}
