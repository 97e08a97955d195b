// A pad between four sounds: where the puck is, their shares.
import { h } from "../lib/dom.js";

const STEP = 0.1;

/** `onMove` gets four shares that add up to 1. */
export const pad = ({ onMove }) => {
  let [x, y] = [0.5, 0.5];
  const names = [0, 1, 2, 3].map(() => h("span", { class: "corner" }, "—"));
  const puck = h("span", { class: "puck" });
  const element = h("div", {
    class: "pad", tabindex: "0", role: "application", "aria-roledescription": "pad between four sounds",
    "aria-label": "Blend: arrow keys move between the four sounds, Enter plays",
  }, names, puck);
  const shares = () => [(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y];
  const show = () => {
    puck.style.left = `${100 * x}%`;
    puck.style.top = `${100 * y}%`;
    const words = names.map((name, index) => `${Math.round(100 * shares()[index])} % ${name.textContent}`);
    element.setAttribute("aria-description", words.join(", "));
  };
  const set = (nextX, nextY) => {
    [x, y] = [nextX, nextY].map((value) => Math.min(1, Math.max(0, value)));
    show();
  };
  const at = (event) => {
    const box = element.getBoundingClientRect();
    set((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
  };
  element.addEventListener("pointerdown", (event) => { element.setPointerCapture(event.pointerId); at(event); });
  element.addEventListener("pointermove", (event) => {
    if (!element.hasPointerCapture(event.pointerId)) return;
    at(event);
    onMove(shares());
  });
  element.addEventListener("pointerup", () => onMove(shares()));
  element.addEventListener("keydown", (event) => {
    const moves = { ArrowRight: [STEP, 0], ArrowLeft: [-STEP, 0], ArrowDown: [0, STEP], ArrowUp: [0, -STEP], Enter: [0, 0], " ": [0, 0] };
    if (!moves[event.key]) return;
    event.preventDefault();
    set(x + moves[event.key][0], y + moves[event.key][1]);
    onMove(shares());
  });
  show();
  return {
    element,
    setNames: (list) => { names.forEach((name, index) => { name.textContent = list[index] ?? "—"; }); show(); },
  };
};
