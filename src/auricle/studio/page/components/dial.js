// A dial with stops, by mouse, wheel and keys.
import { h, svg } from "../lib/dom.js";

const FROM = -225;
const SWEEP = 270;
const RADIUS = 52;

const point = (share, radius = RADIUS) => {
  const angle = ((FROM + SWEEP * share) * Math.PI) / 180;
  return `${(64 + radius * Math.cos(angle)).toFixed(2)} ${(64 + radius * Math.sin(angle)).toFixed(2)}`;
};
const arc = (from, to) => `M${point(from)}A${RADIUS} ${RADIUS} 0 ${SWEEP * (to - from) > 180 ? 1 : 0} 1 ${point(to)}`;

/** `stops` rise; `text` says a stop in words; `onChange` is called with the stop. */
export const dial = ({ label, stops, value, text, onChange }) => {
  let place = Math.max(0, stops.indexOf(value));
  const swept = svg("path", { class: "swept" });
  const knob = svg("circle", { class: "knob", r: "6.5" });
  const figure = h("span", { class: "figure" });
  const unit = h("span", { class: "unit" });
  const face = svg("svg", { viewBox: "0 0 128 128", "aria-hidden": "true" },
    svg("path", { class: "track", d: arc(0, 1) }), swept,
    stops.map((stop, index) => svg("path", {
      class: "stop", d: `M${point(index / (stops.length - 1), 42)}L${point(index / (stops.length - 1), 45)}`,
    })), knob);
  const element = h("div", {
    class: "dial", role: "slider", tabindex: "0", "aria-label": label,
    "aria-valuemin": stops[0], "aria-valuemax": stops.at(-1),
  }, face, h("div", { class: "reading" }, figure, unit));

  const show = () => {
    const share = place / (stops.length - 1);
    swept.setAttribute("d", share ? arc(0, share) : "");
    const [x, y] = point(share).split(" ");
    knob.setAttribute("cx", x);
    knob.setAttribute("cy", y);
    [figure.textContent, unit.textContent] = text(stops[place]);
    element.setAttribute("aria-valuenow", stops[place]);
    element.setAttribute("aria-valuetext", text(stops[place]).join(" "));
  };
  const set = (next, { silent = false } = {}) => {
    const clipped = Math.min(stops.length - 1, Math.max(0, next));
    if (clipped === place) return;
    place = clipped;
    show();
    if (!silent) onChange(stops[place]);
  };
  const at = (event) => {
    const box = element.getBoundingClientRect();
    const x = event.clientX - box.left - box.width / 2;
    const y = event.clientY - box.top - box.height / 2;
    const turned = ((Math.atan2(y, x) * 180) / Math.PI - FROM + 720) % 360;
    const share = turned > (SWEEP + 360) / 2 ? 0 : Math.min(1, turned / SWEEP);
    set(Math.round(share * (stops.length - 1)));
  };
  element.addEventListener("pointerdown", (event) => { element.setPointerCapture(event.pointerId); at(event); });
  element.addEventListener("pointermove", (event) => { if (element.hasPointerCapture(event.pointerId)) at(event); });
  element.addEventListener("wheel", (event) => { event.preventDefault(); set(place - Math.sign(event.deltaY)); }, { passive: false });
  element.addEventListener("keydown", (event) => {
    const moves = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 3, PageDown: -3, Home: -99, End: 99 };
    if (!(event.key in moves)) return;
    event.preventDefault();
    set(place + moves[event.key]);
  });
  show();
  return { element, get value() { return stops[place]; } };
};
