// One run, as it goes: curves, verdicts, held-out sounds, and what can be done with it.
import { h, icon } from "../lib/dom.js";
import { post, save } from "../lib/api.js";
import { bytes, plural } from "../lib/format.js";
import { remember } from "../lib/handover.js";
import { chart } from "./chart.js";
import { heldOut } from "./held_out.js";
import { STATES, isOpen } from "./run_list.js";
import { busy } from "./toast.js";

const LEVELS = { fine: "fine", warning: "look here", bad: "act now" };
const MORE = [["10 minutes more", { seconds: 600 }], ["1 hour more", { seconds: 3600 }]];
const duration = (seconds) => (seconds < 120 ? `${Math.round(seconds)} s` : seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`);

/** `onChange` is called when something was asked of the run, `onRemoved` when it is gone. */
export const runView = ({ onChange, onRemoved }) => {
  let run = null;
  const until = () => (run?.budget.seconds && isOpen(run) ? run.budget.seconds : null);
  const charts = {
    loss: chart({ title: "Loss", text: (value) => value.toFixed(2), until }),
    figure: chart({ title: "Held-out distance", text: (value) => value.toFixed(3), dots: true, until }),
    kbps: chart({ title: "Held-out bitrate", text: (value) => `${value.toFixed(1)} kb/s`, dots: true, until }),
    speed: chart({ title: "Sound per second", text: (value) => `${value.toFixed(0)} s`, until }),
  };
  const held = heldOut();
  const title = h("h2", {});
  const state = h("p", { class: "hint", role: "status" });
  const bar = h("progress", { max: "1", "aria-label": "Done" });
  const deeds = h("div", { class: "row" });
  const verdicts = h("ul", { class: "verdicts" });
  const verdictBox = h("section", { class: "card column", "aria-label": "How it is doing" }, h("h2", {}, "How it is doing"), verdicts);
  const results = h("div", {});
  const notes = h("ul", {});
  const noteBox = h("details", { class: "panel" }, h("summary", {}, "Notes"), notes);
  const element = h("div", { class: "column run", hidden: true },
    h("section", { class: "card column", "aria-label": "The run" }, title, state, bar, deeds),
    h("div", { class: "charts" }, Object.values(charts).map((part) => part.element)), held.element, results, verdictBox, noteBox);

  const deed = (words, act, { primary = false, quiet = false } = {}) => h("button", {
    class: primary ? "primary" : quiet ? "quiet" : null, "data-deed": words,
    onclick: (event) => busy(event.currentTarget, async () => { await act(); onChange(); }),
  }, words);
  const buttons = () => {
    const { id } = run;
    if (run.state === "waiting") return [deed("Take out of the queue", () => post("train/want", { id, intent: "pause" }))];
    if (run.state === "running") return [
      deed("Pause", () => post("train/want", { id, intent: "pause" })),
      deed("Finish now and keep the best", () => post("train/want", { id, intent: "finish" })),
    ];
    if (isOpen(run)) return [];
    const forget = deed("Delete", async () => {
      if (!confirm(`Delete ${run.title} with its model?`)) return;
      await post("train/remove", { id });
      onRemoved();
    }, { quiet: true });
    if (run.state !== "finished") return [
      deed(run.can_resume ? "Go on" : "Begin again", () => post("train/resume", { id }), { primary: true }), forget];
    return [
      h("button", { class: "primary", onclick: () => save(run.model_url, run.model) }, icon("save"), "Save the model"),
      h("button", { onclick: () => { remember("model", id); location.hash = "#compress"; } }, "Try it in Compress"),
      ...(run.budget.steps ? [[`${run.budget.steps} steps more`, { steps: run.budget.steps }]] : MORE)
        .map(([words, more]) => deed(words, () => post("train/resume", { id, more }))), forget];
  };
  let shownButtons = "";
  const showButtons = () => {
    const key = [run.id, run.state, run.can_resume, run.budget.steps].join(" ");
    if (key === shownButtons) return;
    const had = deeds.contains(document.activeElement);
    shownButtons = key;
    deeds.replaceChildren(...buttons());
    if (had) deeds.querySelector("button")?.focus();
  };
  const table = () => {
    const rows = run.outcome?.table ?? [];
    if (run.state !== "finished" || !rows.length) return [];
    const cell = (value, digits) => h("td", {}, value == null ? "–" : value.toFixed(digits));
    return [h("section", { class: "card column", "aria-label": "Beside Opus" }, h("h2", {}, "Beside Opus"),
      h("p", { class: "hint" }, "Real files of held-out sounds. Distance: the lower the better; PESQ (speech): the higher the better."),
      h("div", { class: "wide", tabindex: "0", role: "region", "aria-label": "Table" }, h("table", {},
        h("thead", {}, h("tr", {}, ["", "kb/s", "Distance", "PESQ"].map((name) => h("th", { scope: "col" }, name)))),
        h("tbody", {}, rows.map((row) => h("tr", {}, h("th", { scope: "row" }, `${row.codec}, ${row.setting}`),
          cell(row.kbps, 1), cell(row.mel, 2), cell(row.pesq, 2)))))))];
  };
  const words = () => {
    const learned = run.sounds.names ? plural(run.sounds.names, "sound") : run.sounds.folder ? `folder ${run.sounds.folder}` : "all sounds";
    const long = run.budget.steps ? plural(run.budget.steps, "step") : duration(run.budget.seconds);
    const from = run.base === "none" ? `from nothing (${run.preset ?? "what suits the sounds"})`
      : run.base === "auto" ? "from the shipped model that suits them" : "from a trained model";
    return `${long} on ${learned}, ${from}`;
  };
  const show = (next) => {
    if (next.id !== run?.id) { held.reset(); notes.replaceChildren(); }
    run = next;
    element.hidden = false;
    title.textContent = run.title;
    const last = run.course.at(-1);
    const ended = run.outcome && run.state === "finished"
      ? ` ${plural(run.outcome.steps, "step")} in ${duration(run.outcome.seconds)}, ${bytes(run.outcome.bytes)}.` : "";
    const how = run.error && run.state === "failed" ? run.error : isOpen(run) && run.state !== "waiting" && run.text ? run.text : STATES[run.state];
    state.textContent = `${how[0].toUpperCase()}${how.slice(1)}.${ended} ${words()}.`;
    bar.value = run.state === "finished" ? 1 : last?.progress ?? 0;
    showButtons();
    for (const [name, part] of Object.entries(charts)) part.show(run.course.map((entry) => [entry.seconds, entry[name]]));
    held.show(run.heard);
    results.replaceChildren(...table());
    verdictBox.hidden = run.verdicts.length === 0;
    verdicts.replaceChildren(...run.verdicts.map((verdict) => h("li", { class: verdict.level },
      h("strong", {}, verdict.topic), h("i", {}, LEVELS[verdict.level]), h("span", {}, verdict.text))));
    const lines = [...run.notes, ...(run.outcome?.rejected ?? []).map((line) => `left out: ${line}`)];
    noteBox.hidden = lines.length === 0;
    notes.replaceChildren(...lines.map((line) => h("li", {}, line)));
  };
  return { element, show, hide: () => { run = null; shownButtons = ""; held.reset(); element.hidden = true; }, close: held.close };
};
