// Elements without markup: text is always text, whatever a name holds.

/** An element: `h("button", { class: "primary", onclick }, "Play")`. Attributes that are null or false are left out. */
export const h = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  assign(element, attributes);
  element.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return element;
};

const SVG = "http://www.w3.org/2000/svg";

/** The same for pictures. */
export const svg = (tag, attributes = {}, ...children) => {
  const element = document.createElementNS(SVG, tag);
  assign(element, attributes);
  element.append(...children.flat(Infinity));
  return element;
};

const assign = (element, attributes) => {
  for (const [name, value] of Object.entries(attributes)) {
    if (value == null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
};

/** A colour of the style sheet, as it is now. */
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** Calls `change` when the page turns light or dark; returns what stops that. */
export const onScheme = (change) => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", change);
  return () => dark.removeEventListener("change", change);
};

/** Icons are paths in a square of 24; they say nothing to a screen reader. */
const ICONS = {
  play: "M8 5.5v13l11-6.500z",
  pause: "M7 5h3.500v14H7zM13.500 5H17v14h-3.500z",
  keep: "M12 20s-7-4.300-7-9.500A3.900 3.900 0 0 1 12 8a3.900 3.900 0 0 1 7 2.500C19 15.700 12 20 12 20z",
  discard: "M6 6l12 12M18 6L6 18",
  vary: "M4 12c2.500-6 5.500-6 8 0s5.500 6 8 0",
  save: "M12 4v10m0 0l-4-4m4 4l4-4M5 19h14",
  drop: "M12 16V5m0 0L7.500 9.500M12 5l4.500 4.500M5 19h14",
};
const FILLED = new Set(["play", "pause"]);

export const icon = (name) =>
  svg("svg", { viewBox: "0 0 24 24", class: FILLED.has(name) ? "icon filled" : "icon", "aria-hidden": "true" },
    svg("path", { d: ICONS[name] }));
