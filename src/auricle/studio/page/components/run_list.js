// The runs: what waits, what is at work, what has ended.
import { h } from "../lib/dom.js";

export const STATES = {
  waiting: "waits for its turn", running: "trains", pausing: "is being paused", finishing: "is being finished", paused: "paused",
  finished: "finished", failed: "ended by an error", stopped: "taken out of the queue",
};
export const isOpen = (run) => ["waiting", "running", "pausing", "finishing"].includes(run.state);

/** `onOpen` is called with the number of the run that is to be shown. */
export const runList = ({ onOpen }) => {
  const list = h("ol", { class: "runs", "aria-label": "Runs" });
  const empty = h("p", { class: "empty" }, "No model has been trained here yet.");
  const element = h("section", { class: "column", "aria-label": "Trainings" }, empty, list);
  return {
    element,
    show: (runs, shown) => {
      empty.hidden = runs.length > 0;
      const focused = document.activeElement?.dataset?.run;
      list.replaceChildren(...runs.map((run) => h("li", { class: run.state },
        h("button", { "data-run": run.id, "aria-current": String(run.id === shown), onclick: () => onOpen(run.id) },
          h("span", { class: "word" }, run.title),
          h("small", {}, isOpen(run) && run.state !== "waiting" && run.text ? run.text : STATES[run.state]),
          isOpen(run) && run.state !== "waiting" && h("progress", { max: "1", value: run.share || null, "aria-label": `Training ${run.title}` })))));
      if (focused) list.querySelector(`[data-run="${focused}"]`)?.focus({ preventScroll: true });
    },
  };
};
