// A curve over time, with its newest value in words.
import { h, svg } from "../lib/dom.js";

const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP] = [420, 150, 6, 18, 10];

const path = (points, x, y) => points.map(([at, value], index) => `${index ? "L" : "M"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`).join("");

/** `text` says a value in words. Returns the element and what takes new points `[seconds, value]`. */
export const chart = ({ title, text, dots = false, until = null }) => {
  const now = h("span", { class: "now" });
  const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
  const element = h("figure", { class: "chart" }, h("figcaption", {}, title, now), picture);
  const show = (all) => {
    const points = all.filter(([, value]) => value != null);
    element.hidden = points.length === 0;
    if (!points.length) return;
    const values = points.map(([, value]) => value);
    // A line that starts far off must not flatten the rest: what is above nearly all of it is cut.
    const sorted = [...values].sort((a, b) => a - b);
    const high = sorted.length > 20 ? Math.max(sorted[Math.floor(0.97 * (sorted.length - 1))], values.at(-1)) : sorted.at(-1);
    const low = sorted[0];
    const end = until?.() ?? points.at(-1)[0];
    const x = (at) => LEFT + ((WIDTH - 2 * LEFT) * at) / Math.max(end, points.at(-1)[0], 1e-9);
    const y = (value) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - (Math.min(value, high) - low) / Math.max(high - low, 1e-9));
    const minutes = Math.max(end, points.at(-1)[0]);
    const words = minutes < 120 ? `${minutes.toFixed(0)} s` : `${(minutes / 60).toFixed(0)} min`;
    picture.replaceChildren(
      svg("line", { class: "floor", x1: LEFT, x2: WIDTH - LEFT, y1: HEIGHT - BOTTOM, y2: HEIGHT - BOTTOM }),
      svg("path", { class: "line", d: path(points, x, y) }),
      ...(dots || points.length < 3 ? points.map(([at, value]) => svg("circle", { class: "dot", r: 3, cx: x(at), cy: y(value) })) : []),
      svg("text", { x: LEFT, y: HEIGHT - 4 }, "0"),
      svg("text", { x: WIDTH - LEFT, y: HEIGHT - 4, "text-anchor": "end" }, words));
    now.textContent = text(values.at(-1));
    picture.setAttribute("aria-label", `${title}: ${text(values[0])} at first, ${text(values.at(-1))} now`);
  };
  return { element, show };
};
