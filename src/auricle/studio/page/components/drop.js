// Where files are dropped or chosen, or a sound is recorded.
import { h, icon } from "../lib/dom.js";
import { upload } from "../lib/api.js";
import { attempt } from "./toast.js";
import { recorder } from "./recorder.js";

/** `onOpened` gets what the server tells of each file, one after the other. */
export const drop = ({ title, hint, onOpened, record = true }) => {
  const input = h("input", { type: "file", class: "hidden-input", id: "file-input", "aria-label": "Choose a sound" });
  const state = h("p", { class: "state", role: "status" });
  const send = async (file) => {
    zone.classList.add("sending");
    const facts = await attempt(() => upload(file, (share) => {
      state.textContent = share < 1 ? `Sending ${file.name}: ${Math.round(100 * share)} %` : `Opening ${file.name}`;
    }));
    state.textContent = "";
    zone.classList.remove("sending");
    if (facts && zone.isConnected) onOpened(facts); // else another sound or room was chosen meanwhile
  };
  input.addEventListener("change", () => { if (input.files[0]) send(input.files[0]); input.value = ""; });
  const zone = h("section", { class: "drop", "aria-label": title },
    icon("drop"), h("h2", {}, title), h("p", { class: "hint" }, hint),
    h("div", { class: "row" },
      h("label", { class: "button primary", for: "file-input" }, "Choose a file"), input,
      record && recorder(send)),
    state);
  zone.addEventListener("dragover", (event) => { event.preventDefault(); zone.classList.add("over"); });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    if (event.dataTransfer.files[0]) send(event.dataTransfer.files[0]);
  });
  return zone;
};
