// The blind test: is X the original or the copy? Which it is, nobody sees before the answer.
import { h } from "../lib/dom.js";
import { plural } from "../lib/format.js";

const ENOUGH = 5;

/** `pair` gives the two buffers, or null; `deck` is a deck of its own. */
export const blind = ({ deck, pair }) => {
  let x = null;
  let right = 0;
  let trials = 0;
  deck.loop = true;

  const play = async (name) => { deck.choose(name === "x" ? "x" : name); await deck.play(); show(); };
  const next = async () => {
    const buffers = pair();
    if (!buffers) return;
    deck.clear();
    const [first, second] = Tally.gains(buffers.map(Tally.level));
    x = Math.random() < 0.5 ? "a" : "b";
    deck.put("a", buffers[0], first);
    deck.put("b", buffers[1], second);
    deck.put("x", x === "a" ? buffers[0] : buffers[1], x === "a" ? first : second);
    verdict.textContent = "Listen to A, B and X. Which of the two is X?";
    await play("x");
  };
  const choose = (name) => {
    if (!x) return;
    trials += 1;
    right += name === x ? 1 : 0;
    const words = name === x ? "Right" : "Wrong";
    const chance = Tally.binomial(right, trials, false);
    const proof = trials < ENOUGH ? "" : chance < 0.05 ? " You hear a difference." : " That may be chance.";
    tally.textContent =
      `${right} of ${plural(trials, "answer")} right, p = ${chance < 0.001 ? "< 0.001" : chance.toFixed(3)}.${proof}`;
    next().then(() => { verdict.textContent = `${words}. Another X: which is it?`; });
  };
  const stop = () => { deck.pause(); show(); };
  const forget = () => { [x, right, trials] = [null, 0, 0]; stop(); tally.textContent = "No answers yet."; show(); };

  const verdict = h("p", { class: "question", role: "status" }, "X is secretly the original (A) or the copy (B).");
  const tally = h("p", { class: "tally", role: "status" }, "No answers yet.");
  const listen = ["a", "b", "x"].map((name) =>
    h("button", { "data-play": name, onclick: () => play(name) }, name.toUpperCase(),
      h("small", {}, { a: "original", b: "copy", x: "?" }[name])));
  const answers = ["a", "b"].map((name) =>
    h("button", { class: "primary", "data-answer": name, onclick: () => choose(name) }, `X is ${name.toUpperCase()}`));
  const start = h("button", {
    onclick: () => next().then(() => { if (start.hidden) listen.at(-1).focus(); }), // it goes: the keys are to stay within the test
  }, "Begin");
  const show = () => {
    for (const button of listen) {
      button.disabled = x === null;
      button.setAttribute("aria-pressed", String(deck.playing && deck.current === button.dataset.play));
    }
    for (const button of answers) button.disabled = x === null;
    start.hidden = x !== null;
  };
  deck.addEventListener("change", show);
  const element = h("details", { class: "panel blind" },
    h("summary", {}, "Blind test", h("span", {}, "do you hear the difference?")),
    verdict,
    h("div", { class: "row" }, start, h("div", { class: "segments", role: "group", "aria-label": "Listen" }, listen), answers),
    tally,
    h("p", { class: "keys" }, "Keys: ", h("kbd", {}, "A"), h("kbd", {}, "B"), h("kbd", {}, "X"), " listen, ",
      h("kbd", {}, "1"), " X is A, ", h("kbd", {}, "2"), " X is B"));
  element.addEventListener("toggle", () => { if (!element.open) stop(); });
  element.addEventListener("keydown", (event) => {
    const key = event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey || event.altKey || x === null) return;
    if ("abx".includes(key) && key.length === 1) play(key);
    else if (key === "1" || key === "2") choose(key === "1" ? "a" : "b");
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  show();
  return { element, forget };
};
