// A list of sounds to go through: each plays as it is reached.
import { h } from "../lib/dom.js";

/** `onItem` is called with the sound that is reached. */
export const queue = ({ label, onItem }) => {
  const list = h("ol", { class: "queue", "aria-label": label });
  let buttons = [];
  const reach = (index) => {
    if (!buttons[index]) return false;
    for (const button of buttons) button.setAttribute("aria-current", String(button === buttons[index]));
    buttons[index].scrollIntoView({ block: "nearest" });
    onItem(items[index].id);
    return true;
  };
  let items = [];
  return {
    element: list,
    /** Entries have id, name, and words beside it. */
    show: (entries, { go = false } = {}) => {
      items = entries;
      buttons = entries.map((entry, index) =>
        h("button", { title: entry.name, onclick: () => reach(index) }, h("span", { class: "word" }, entry.name.split("/").at(-1)), entry.words && h("small", {}, entry.words)));
      list.replaceChildren(...buttons.map((button) => h("li", {}, button)));
      if (go) reach(0);
    },
    /** On to the entry after the one that was reached; whether there is one. */
    next: () => reach(buttons.findIndex((button) => button.getAttribute("aria-current") === "true") + 1),
    get current() { return items[buttons.findIndex((button) => button.getAttribute("aria-current") === "true")]?.id ?? null; },
  };
};
