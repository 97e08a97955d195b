// What the doctor says of the folder: each finding in words, with what to do, and the sounds that it means.
import { h } from "../lib/dom.js";
import { plural } from "../lib/format.js";

const WORDS = { fine: "fine", warning: "look here", bad: "act now" };

/** `onTopic` is called with the topic whose sounds are to be shown, or null for all; `check` begins to look. */
export const doctorCard = ({ onTopic, check }) => {
  let topic = null;
  const list = h("ul", { class: "verdicts" });
  const bar = h("progress", { max: "1", "aria-label": "Checking", hidden: true });
  const words = h("p", { class: "hint", role: "status" }, "Levels, damage, copies, silence: what would make training worse than it could be.");
  const good = h("p", { class: "hint" });
  const button = h("button", { onclick: () => check(button) }, "Check the sounds");
  const element = h("details", { class: "panel doctor" }, h("summary", {}, "Health", h("span", {}, "")), words, bar, list, good,
    h("div", { class: "row" }, button));
  return {
    element,
    /** `findings` as the server tells them, or null; `counts` of sounds by topic. */
    show: (findings, counts) => {
      if (!findings) return;
      const poor = findings.verdicts.filter((verdict) => verdict.level !== "fine");
      element.querySelector("summary span").textContent = poor.length ? plural(poor.length, "finding") : "nothing is wrong";
      words.textContent = poor.length ? "What to do is said with each finding." : "Nothing is wrong with these sounds.";
      button.textContent = "Check again";
      const fine = findings.verdicts.filter((verdict) => verdict.level === "fine");
      good.textContent = fine.length ? `Fine: ${fine.map(({ topic: name, text }) => (name === "amount" ? text : name)).join(", ")}.` : "";
      list.replaceChildren(...poor.map((verdict) => h("li", { class: verdict.level },
        h("strong", {}, verdict.topic), h("i", {}, WORDS[verdict.level]), h("span", {}, verdict.text),
        counts.get(verdict.topic) > 0 && h("button", {
          class: "link", "aria-pressed": String(topic === verdict.topic),
          onclick: () => { topic = topic === verdict.topic ? null : verdict.topic; onTopic(topic); },
        }, topic === verdict.topic ? "show all" : `show ${plural(counts.get(verdict.topic), "sound")}`))));
    },
    working: (job) => {
      const isOpen = job?.state === "running" || job?.state === "waiting";
      bar.hidden = !isOpen;
      button.disabled = isOpen;
      if (!isOpen) return;
      if (job.share) bar.value = job.share;
      else bar.removeAttribute("value");
      words.textContent = job.text ?? "It begins as soon as the work before it is done.";
    },
  };
};
