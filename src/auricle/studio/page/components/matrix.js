// The confusion matrix; a cell plays the sounds in it, one after the other.
import { h } from "../lib/dom.js";
import { plural } from "../lib/format.js";

/** `cells[truth][predicted]` are lists of sounds; `onCell` gets a list and words for it. */
export const matrix = ({ classes, cells, onCell }) => {
  const cell = (row, column) => {
    const sounds = cells[row][column];
    if (!sounds.length) return h("td", {}, h("span", { "aria-hidden": "true" }, "·"));
    const total = cells[row].reduce((sum, list) => sum + list.length, 0);
    const share = Math.round(100 * (sounds.length / total));
    const isRight = row === column;
    const words = isRight ? `${classes[row]}, recognised` : `${classes[row]}, taken for ${classes[column]}`;
    const ground = isRight ? "var(--good)" : "var(--accent)";
    return h("td", {}, h("button", {
      style: `background: color-mix(in srgb, ${ground} ${12 + Math.round(share * 0.45)}%, var(--card))`,
      "aria-label": `${words}: ${plural(sounds.length, "sound")}. Plays them.`, title: words,
      onclick: () => onCell(sounds, words),
    }, String(sounds.length)));
  };
  return h("div", { class: "wide", tabindex: "0", role: "region", "aria-label": "Confusions" },
    h("table", { class: "matrix", "aria-label": "Classes by row, what they are taken for by column" },
      h("thead", {}, h("tr", {}, h("td"), classes.map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, classes.map((name, row) =>
        h("tr", {}, h("th", { scope: "row" }, name), classes.map((_, column) => cell(row, column)))))));
};
