// What runs and what waits, in a corner of every room.
import { h } from "../lib/dom.js";
import { post } from "../lib/api.js";
import { attempt } from "./toast.js";

const WORDS = { waiting: "waits", running: "runs", done: "done", failed: "failed", cancelled: "cancelled" };

/** Fills `place`; returns what takes a new list of jobs, and one that tells when the server is out of reach. */
export const jobsMenu = (place) => {
  const list = h("ul", {});
  const title = h("summary", {});
  const menu = h("details", { class: "jobs" }, title, list);
  place.append(menu);
  const row = (job) => {
    const isOpen = job.state === "running" || job.state === "waiting";
    return h("li", { class: job.state },
      h("span", { class: "title" }, job.title),
      h("span", { class: "state" }, job.error ?? (job.state === "running" && job.text ? job.text : WORDS[job.state])),
      job.state === "running" && h("progress", { max: "1", value: job.share || null, "aria-label": job.title }),
      isOpen && h("button", {
        class: "quiet", "aria-label": `Cancel ${job.title}`, onclick: () => attempt(() => post("jobs/cancel", { id: job.id })),
      }, "Cancel"));
  };
  const show = (jobs) => {
    const open = jobs.filter((job) => job.state === "running" || job.state === "waiting").length;
    title.textContent = open ? `${open} at work` : "No work";
    menu.classList.toggle("active", open > 0);
    list.replaceChildren(...(jobs.length ? jobs.slice(0, 12).map(row) : [h("li", {}, "Longer work is shown here.")]));
  };
  const setReach = (isReached) => {
    place.classList.toggle("lost", !isReached);
    if (!isReached) title.textContent = "Not connected";
  };
  show([]);
  return { show, setReach };
};
