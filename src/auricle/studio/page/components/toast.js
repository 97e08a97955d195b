// Short words about what happened; screen readers hear them.
import { h } from "../lib/dom.js";

const SECONDS = 7;

/** `action` is a word and what it does, such as to undo what was done. */
export const toast = (text, { isError = false, action = null } = {}) => {
  const close = () => note.remove();
  const note = h("div", { class: isError ? "toast error" : "toast" },
    h("p", {}, text), action && h("button", { class: "quiet", onclick: () => { close(); attempt(action[1]); } }, action[0]),
    h("button", { class: "quiet", "aria-label": "Dismiss", onclick: close }, "×"));
  const shelf = document.getElementById("toasts");
  for (const old of [...shelf.children].filter((old) => old.textContent === note.textContent)) old.remove();
  shelf.append(note);
  setTimeout(close, 1000 * SECONDS * (isError || action ? 2 : 1));
};

/** Runs what a person asked for; a refusal becomes a line, and null comes back. */
export const attempt = async (work) => {
  try {
    return await work();
  } catch (error) {
    if (error.status === 409 || error.name === "AbortError") return null; // a newer question took its place
    toast(error.message, { isError: true });
    return null;
  }
};

/** The same with a button that says it is busy meanwhile. */
export const busy = async (button, work) => {
  const hadFocus = document.activeElement === button;
  button.setAttribute("aria-busy", "true");
  button.disabled = true;
  const result = await attempt(work);
  button.removeAttribute("aria-busy");
  button.disabled = false;
  if (hadFocus && [document.body, null].includes(document.activeElement)) button.focus(); // what is disabled loses it
  return result;
};
