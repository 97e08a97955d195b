// What is heard when in a long recording; a click plays from there.
import { h, svg } from "../lib/dom.js";
import { clock } from "../lib/format.js";

const [LANE, TOP] = [26, 6];
const [NARROWEST, WIDEST] = [340, 1000];

/** `spans` have begin, end, label and probability; `onSeek` gets seconds. */
export const timeline = ({ seconds, spans, classes, colourOf, onSeek }) => {
  const wide = Math.min(WIDEST, Math.max(NARROWEST, document.getElementById("room").clientWidth - 60)); // letters stay as large as they are
  const rows = classes.filter((name) => spans.some((span) => span.label === name));
  const tall = TOP + LANE * rows.length + 22;
  const x = (time) => 110 + ((wide - 120) * time) / seconds;
  const steps = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600];
  const step = steps.find((size) => seconds / size <= wide / 100) ?? 7200;
  const ticks = Array.from({ length: Math.floor(seconds / step) + 1 }, (_, index) => index * step);
  const cursor = svg("line", { y1: 0, y2: tall - 18, stroke: "var(--accent)", "stroke-width": 2, x1: x(0), x2: x(0) });
  const picture = svg("svg", { class: "timeline", viewBox: `0 0 ${wide} ${tall}`, role: "group", "aria-label": "Timeline" },
    rows.map((name, row) => svg("text", { x: 100, y: TOP + LANE * row + 17, "text-anchor": "end" }, name.slice(0, 16))),
    spans.map((span) => svg("rect", {
      class: "span", tabindex: "0", role: "button",
      "aria-label": `${span.label} from ${clock(span.begin)} to ${clock(span.end)}, ${Math.round(100 * span.probability)} %`,
      x: x(span.begin), width: Math.max(2, x(span.end) - x(span.begin) - 1), y: TOP + LANE * rows.indexOf(span.label) + 3,
      height: LANE - 6, rx: 4, fill: colourOf(span.label), opacity: 0.35 + 0.65 * span.probability,
      onclick: () => onSeek(span.begin),
      onkeydown: (event) => { if (event.key === "Enter") onSeek(span.begin); },
    })),
    ticks.map((time) => svg("text", { x: x(time), y: tall - 4, "text-anchor": "middle" }, clock(time))),
    cursor);
  return {
    element: h("div", {}, picture),
    setTime: (time) => { for (const end of ["x1", "x2"]) cursor.setAttribute(end, x(Math.min(time, seconds))); },
  };
};
