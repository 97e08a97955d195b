// Train: a model of one's own sounds, watched while it learns.
import { h } from "../lib/dom.js";
import { get, post } from "../lib/api.js";
import { take } from "../lib/handover.js";
import { intake } from "../components/intake.js";
import { newRun } from "../components/new_run.js";
import { isOpen, runList } from "../components/run_list.js";
import { runView } from "../components/run_view.js";
import { attempt } from "../components/toast.js";

const PAUSE_MS = 800;

/** What was filled in and chosen so far, by the words of each field. */
const answersIn = (form) => ({
  fields: [...form.querySelectorAll("select, input")].map((field) => [field.getAttribute("aria-label"), field.value]),
  radios: [...form.querySelectorAll("[role=radio][aria-checked=true]")].map((radio) => radio.textContent),
});

/** Fills a new form with what was filled in before sounds came, as far as it still can be chosen. */
const answerAgain = (form, { fields, radios }) => {
  [...form.querySelectorAll("[role=radio]")].filter((radio) => radios.includes(radio.textContent)).forEach((radio) => radio.click());
  for (const [label, value] of fields) {
    const field = form.querySelector(`[aria-label="${label}"]`);
    const isKnown = field && (!field.options || [...field.options].some((option) => option.value === value));
    if (!isKnown || field.value === value) continue;
    field.value = value;
    field.dispatchEvent(new Event("change"));
  }
};

export const open = (main, studio) => {
  const marked = take("marked") ?? [];
  let [runs, shown, timer, isFetching, isClosed] = [[], null, 0, false, false];

  // --- what is shown ---------------------------------------------------------------------------------------------

  const view = runView({
    onChange: () => refresh(),
    onRemoved: () => { shown = null; view.hide(); },
  });
  const list = runList({ onOpen: (id) => { shown = id; refresh(); } });
  /** Asks for the news, at most once at a time; what comes meanwhile is asked for afterwards. */
  const refresh = () => {
    clearTimeout(timer);
    timer = setTimeout(fetchRuns, isFetching ? PAUSE_MS : 0);
  };
  const fetchRuns = async () => {
    if (isFetching || isClosed) return isClosed || refresh();
    isFetching = true;
    await attempt(async () => {
      runs = (await get("train/runs")).runs;
      if (!runs.some((run) => run.id === shown)) shown = (runs.find(isOpen) ?? runs[0])?.id ?? null;
      const details = shown && await post("train/details", { id: shown });
      if (isClosed) return;
      list.show(runs, shown);
      if (details && details.id === shown) view.show(details);
      else if (!shown) view.hide();
    });
    isFetching = false;
  };
  const forget = studio.onJobs((jobs) => { if (jobs.some((job) => job.training)) refresh(); });

  // --- what is asked ---------------------------------------------------------------------------------------------

  const form = h("div", {});
  const element = h("div", { class: "intake-place" });
  const into = intake({ place: element, onSound: () => {}, onEnd: () => showForm() });
  const empty = h("section", { class: "drop", hidden: true }, h("h2", {}, "Drop sounds to learn from"),
    h("p", { class: "hint" }, "Files or whole folders. Ten minutes of one kind of sound are a beginning."));
  const showForm = () => attempt(async () => {
    const choices = await get("train/choices");
    empty.hidden = choices.sounds > 0;
    const answers = answersIn(form);
    form.replaceChildren(newRun({ choices, marked, onBegun: (id) => { shown = id; refresh(); } }));
    answerAgain(form, answers);
  });
  element.append(
    h("header", { class: "title" }, h("h1", {}, "Train"), h("span", { class: "row end" }, into.buttons)), into.state, into.refusals, empty,
    h("div", { class: "maker" }, form, h("div", { class: "column" }, list.element, view.element)));
  element.classList.add("column");
  main.replaceChildren(element);
  showForm();
  refresh();
  return () => { isClosed = true; forget(); clearTimeout(timer); view.close(); };
};
