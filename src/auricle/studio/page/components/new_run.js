// What to train: sounds, time, and what to begin with.
import { h } from "../lib/dom.js";
import { post } from "../lib/api.js";
import { plural } from "../lib/format.js";
import { chips } from "./field.js";
import { busy } from "./toast.js";

const TIMES = [["120", "2 min"], ["600", "10 min"], ["1800", "30 min"], ["7200", "2 h"], ["other", "other"]];
const UNITS = [["minutes", { seconds: 60 }], ["hours", { seconds: 3600 }], ["steps", { steps: 1 }]];
const BY_SOUNDS = "auto";
const PRESETS = { speech: "speech, 16 kHz", music: "music, 44.1 kHz", mixed: "mixed, CNN and RNN", conv: "conv, small and quick" };

/** `choices` as the server tells them, `marked` the sounds that were marked; `onBegun` gets the run's number. */
export const newRun = ({ choices, marked, onBegun }) => {
  const name = h("input", { type: "text", value: "my model", maxlength: "40", "aria-label": "Name of the model" });
  const sounds = h("select", { "aria-label": "Sounds" },
    marked.length > 0 && h("option", { value: "marked" }, plural(marked.length, "marked sound")),
    h("option", { value: "all" }, `all ${plural(choices.sounds, "sound")}`),
    choices.folders.map((folder) => h("option", { value: `folder ${folder.name}` }, `${folder.name} (${folder.sounds})`)));
  const amount = h("input", { type: "number", min: "1", value: "5", "aria-label": "How long" });
  const unit = h("select", { "aria-label": "Unit" }, UNITS.map(([words]) => h("option", {}, words)));
  const other = h("div", { class: "row", hidden: true }, amount, unit);
  const time = chips({ label: "How long", options: TIMES, value: "600", onChange: (value) => { other.hidden = value !== "other"; } });
  const base = h("select", { "aria-label": "Begin with", onchange: () => { shape.hidden = base.value !== "none"; } },
    h("option", { value: BY_SOUNDS }, "the shipped model that suits the sounds"),
    choices.models.filter((model) => !model.name.includes(".")).map((model) =>
      h("option", { value: model.name }, ["speech", "music"].includes(model.name) ? `${model.title} (shipped)` : model.title)),
    h("option", { value: "none" }, "nothing: random weights"));
  const preset = h("select", { "aria-label": "Preset" },
    h("option", { value: `${BY_SOUNDS} base` }, "what suits the sounds: speech or music"),
    choices.presets.flatMap(({ name, sizes }) =>
      sizes.map((size) => h("option", { value: `${name} ${size}` }, `${PRESETS[name] ?? name}${sizes.length > 1 ? `, ${size}` : ""}`))));
  const shape = h("label", { class: "field", hidden: true }, h("span", {}, "Preset"), preset);
  const begin = () => busy(button, async () => {
    const [presetName, size] = preset.value.split(" ");
    const chosen = sounds.value === "marked" ? { ids: marked } : sounds.value === "all" ? {} : { folder: sounds.value.slice(7) };
    const factors = UNITS[unit.selectedIndex][1];
    const budget = time.value === "other"
      ? Object.fromEntries(Object.entries(factors).map(([key, factor]) => [key, factor * Number(amount.value)]))
      : { seconds: Number(time.value) };
    const { run } = await post("train/begin", {
      title: name.value.trim() || "my model", sounds: chosen, budget, base: base.value,
      ...(base.value === "none" ? { preset: presetName === BY_SOUNDS ? null : presetName, size } : {}),
    });
    onBegun(run);
  });
  const button = h("button", { class: "primary", onclick: begin, disabled: choices.sounds === 0 }, "Train");
  return h("aside", { "aria-label": "What to train" },
    h("label", { class: "field" }, h("span", {}, "Name"), name),
    h("label", { class: "field" }, h("span", {}, "Sounds"), sounds),
    time.element, other,
    h("label", { class: "field" }, h("span", {}, "Begin with"), base), shape, button,
    h("p", { class: "hint" }, choices.sounds === 0 ? "The folder holds no sounds yet: add some first."
      : "It goes on when this page is closed, and is found again when the studio is started again."));
};
