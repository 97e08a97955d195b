// The classes: a click or a number gives the sounds that are meant a label.
import { h } from "../lib/dom.js";

/** `colourOf` gives a class's colour; `onLabel` is called with a name, or null to take labels away. */
export const classList = ({ colourOf, onLabel }) => {
  let names = [];
  const list = h("div", { class: "classes", role: "group", "aria-label": "Classes" });
  const input = h("input", { type: "text", placeholder: "New class", "aria-label": "New class", maxlength: "60" });
  const form = h("form", { onsubmit: (event) => {
    event.preventDefault();
    const name = input.value.trim();
    input.value = "";
    if (name) onLabel(name);
  } }, input, h("button", {}, "Add"));
  const clear = h("button", { class: "quiet", onclick: () => onLabel(null) }, h("kbd", {}, "0"), "No label");
  return {
    element: h("div", { class: "classes" }, list, clear, form),
    show: (classes, counts) => {
      names = classes;
      list.replaceChildren(...classes.map((name, index) => h("button", { "data-class": name, onclick: () => onLabel(name) },
        index < 9 && h("kbd", {}, String(index + 1)), h("span", { class: "dot", style: `background:${colourOf(name)}` }),
        h("span", {}, name), h("span", { class: "count" }, String(counts.get(name) ?? 0)))));
    },
    /** Whether a key meant a class. */
    press: (key) => {
      if (key === "0") onLabel(null);
      else if (/^[1-9]$/.test(key) && names[Number(key) - 1]) onLabel(names[Number(key) - 1]);
      else return false;
      return true;
    },
  };
};
