// Labelled controls.
import { h } from "../lib/dom.js";

/** A slider with its value in words. */
export const slider = ({ label, min, max, step, value, text = String, onInput = () => {}, onChange = () => {} }) => {
  const output = h("output", {}, text(value));
  const input = h("input", { type: "range", min, max, step, value, "aria-label": label }); // a label would name the output
  const show = () => { output.textContent = text(Number(input.value)); input.setAttribute("aria-valuetext", output.textContent); };
  input.addEventListener("input", () => { show(); onInput(Number(input.value)); });
  input.addEventListener("change", () => onChange(Number(input.value)));
  return {
    element: h("label", { class: "field" }, h("span", {}, label, output), input),
    get value() { return Number(input.value); },
    set value(next) { input.value = next; show(); },
  };
};

/** One of several words: Tab goes to the chosen one, arrows to the others. */
export const chips = ({ label, options, value, onChange = () => {} }) => {
  let chosen = value;
  const buttons = options.map(([key, words]) => h("button", { role: "radio", "data-key": key, onclick: () => set(key) }, words));
  const show = () => {
    for (const button of buttons) {
      const isChosen = button.dataset.key === String(chosen);
      button.setAttribute("aria-checked", String(isChosen));
      button.tabIndex = isChosen ? 0 : -1;
    }
  };
  const set = (key) => {
    chosen = key;
    show();
    onChange(key);
  };
  const step = (event) => {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const next = by && (buttons.indexOf(event.target) + by + buttons.length) % buttons.length;
    if (!by) return;
    event.preventDefault();
    buttons[next].focus();
    set(options[next][0]);
  };
  show();
  const element = h("fieldset", { class: "field" }, h("legend", {}, label),
    h("div", { class: "chips", role: "radiogroup", "aria-label": label, onkeydown: step }, buttons));
  return { element, get value() { return chosen; } };
};
