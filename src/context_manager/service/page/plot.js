// Draws one series of numbers over its order, as SVG. Knows nothing of what they mean.

import { el, svg } from "./dom.js";

const HEIGHT = 168;
const EDGE = { left: 52, right: 10, top: 10, bottom: 22 };

/**
 * A plot with its title.
 *
 * `points` have `value`, `label` and maybe `bad`; `show` writes a value; `most` is the least top of
 * the scale; `line` is a level to compare with; `summary` says in words what there is to see.
 */
export function plot({ title, summary, points, show, most = 0, line = null }) {
  const holder = el("div.plot");
  const figure = el(
    "figure.panel",
    {},
    el("figcaption", {}, el("h3", {}, title), el("p", {}, summary)),
    holder,
  );
  if (!points.length) return figure;
  const draw = () =>
    holder.replaceChildren(
      drawn(holder.clientWidth || 480, { title, summary, points, show, most, line }),
    );
  new ResizeObserver(draw).observe(holder);
  return figure;
}

function drawn(width, { title, summary, points, show, most, line }) {
  const top = ceiling(Math.max(most, line ?? 0, ...points.map((point) => point.value)));
  const x = (place) =>
    EDGE.left + ((width - EDGE.left - EDGE.right) * (place + 0.5)) / points.length;
  const y = (value) => HEIGHT - EDGE.bottom - ((HEIGHT - EDGE.top - EDGE.bottom) * value) / top;
  const path = points.map(
    (point, place) => `${place ? "L" : "M"}${x(place).toFixed(1)} ${y(point.value).toFixed(1)}`,
  );
  return svg(
    "svg",
    {
      role: "img",
      "aria-label": `${title}: ${summary}`,
      width,
      height: HEIGHT,
      viewBox: `0 0 ${width} ${HEIGHT}`,
    },
    [0, top / 2, top].map((value) => rule(value, y(value), width, show)),
    line === null
      ? null
      : svg("line", {
          class: "level",
          x1: EDGE.left,
          x2: width - EDGE.right,
          y1: y(line),
          y2: y(line),
        }),
    svg("path", { class: "trace", d: path.join("") }),
    points.map((point, place) => dot(point, x(place), y(point.value), show)),
    svg("text", { class: "tick", x: EDGE.left, y: HEIGHT - 5 }, points[0].label),
    points.length > 1 &&
      svg(
        "text",
        { class: "tick end", x: width - EDGE.right, y: HEIGHT - 5 },
        points[points.length - 1].label,
      ),
  );
}

function rule(value, height, width, show) {
  return svg(
    "g",
    {},
    svg("line", { class: "rule", x1: EDGE.left, x2: width - EDGE.right, y1: height, y2: height }),
    svg("text", { class: "tick end", x: EDGE.left - 8, y: height + 4 }, show(value)),
  );
}

function dot(point, cx, cy, show) {
  const said = svg(
    "title",
    {},
    `${show(point.value)}, ${point.label}${point.bad ? ", failed or degraded" : ""}`,
  );
  return svg("circle", { class: point.bad ? "dot bad" : "dot", cx, cy, r: 3.2 }, said);
}

/** The next of 1, 2, 5, 10, ... times a power of ten. */
function ceiling(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 4, 5, 10].map((factor) => factor * power).find((step) => step >= value * 0.999);
}
