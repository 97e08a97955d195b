// Sounds on their way into the folder: many at once, with what was refused and why.
import { h } from "../lib/dom.js";
import { upload } from "../lib/api.js";
import { plural } from "../lib/format.js";
import { recorder } from "./recorder.js";

const AT_ONCE = 2;
const SHOWN = 4;

/** Files of a drop, also those in folders. */
const filesOf = async (transfer) => {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files];
  const files = [];
  const walk = async (entry) => {
    if (entry.isFile) files.push(await new Promise((resolve, reject) => entry.file(resolve, reject)));
    else {
      const reader = entry.createReader();
      for (;;) { // a folder comes in parts
        const part = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
        if (!part.length) break;
        for (const inner of part) await walk(inner);
      }
    }
  };
  for (const entry of entries) await walk(entry);
  return files.filter((file) => !file.name.startsWith("."));
};

/** `onSound` gets the row of each sound that is in the folder then; `place` is where files may be dropped. */
export const intake = ({ place, onSound, onEnd = () => {} }) => {
  const waiting = [];
  let [sent, refused, total, active] = [0, 0, 0, 0];
  const input = h("input", { type: "file", multiple: true, class: "hidden-input", id: "intake-input", "aria-label": "Add sounds" });
  const state = h("p", { class: "state", role: "status" });
  const list = h("ul", {});
  const refusals = h("details", { class: "panel", hidden: true }, h("summary", {}), list);
  const tell = () => {
    const words = active ? `${sent + refused} of ${plural(total, "file")} sent` : total ? `${plural(sent, "sound")} added` : "";
    state.textContent = words;
    refusals.hidden = refused === 0;
    if (refused && refused <= SHOWN) refusals.open = true;
    refusals.firstChild.textContent = `${plural(refused, "file")} refused`;
  };
  const work = async () => {
    for (let file; (file = waiting.shift()); tell()) {
      try {
        onSound((await upload(file, () => {}, { to: "folder" })).sound);
        sent += 1;
      } catch (error) {
        refused += 1;
        list.append(h("li", {}, h("strong", {}, file.name), ` ${error.message.replace("the file ", "")}`));
      }
    }
    active -= 1;
    tell();
    if (!active) onEnd();
  };
  const add = (files) => {
    if (!files.length) return;
    if (!active) {
      [sent, refused, total] = [0, 0, 0];
      list.replaceChildren();
    }
    waiting.push(...files);
    total += files.length;
    while (active < Math.min(AT_ONCE, total)) { active += 1; work(); }
    tell();
  };
  input.addEventListener("change", () => { add([...input.files]); input.value = ""; });
  place.addEventListener("dragover", (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    place.classList.add("over");
  });
  place.addEventListener("dragleave", (event) => { if (!place.contains(event.relatedTarget)) place.classList.remove("over"); });
  place.addEventListener("drop", async (event) => {
    event.preventDefault();
    place.classList.remove("over");
    add(await filesOf(event.dataTransfer));
  });
  const stamp = () => new Date().toISOString().slice(0, 19).replace("T", " ").replaceAll(":", "-");
  const record = recorder((file) => add([new File([file], `recording ${stamp()}.${file.name.split(".").at(-1)}`)]));
  return { buttons: [h("label", { class: "button", for: "intake-input" }, "Add sounds"), input, record], state, refusals, add };
};
