// The frame around the rooms: which one is shown, what works in the background.
import { h } from "./lib/dom.js";
import { hasToken, watchJobs } from "./lib/api.js";
import { silence } from "./lib/deck.js";
import { jobsMenu } from "./components/jobs.js";

const ROOMS = [
  { name: "sounds", title: "Sounds" },
  { name: "train", title: "Train" },
  { name: "compress", title: "Compress" },
  { name: "make", title: "Make" },
  { name: "label", title: "Label" },
];
const FIRST = "compress"; // what shows at once what this is about
const main = document.getElementById("room");
const jobs = { list: [], listeners: new Set() };
let leave = () => {};
let visits = 0;

/** What a room may use: the jobs as they change, and a place for what it must tidy up. */
const studio = {
  onJobs: (listener) => {
    jobs.listeners.add(listener);
    listener(jobs.list);
    return () => jobs.listeners.delete(listener);
  },
};

/** In place of a room that could not be fetched; a browser does not ask for it again before the page is loaded anew. */
const outOfReach = () => h("section", { class: "drop", role: "alert" }, h("h1", {}, "Not connected"),
  h("p", { class: "hint" }, "The studio's server can't be reached. Is it still running in the terminal? Start it again if not, and open the address that it prints."),
  h("div", { class: "row" }, h("button", { onclick: () => location.reload() }, "Load the page again")));

const show = async () => {
  const name = ROOMS.find((room) => location.hash === `#${room.name}`)?.name ?? FIRST;
  const visit = ++visits;
  leave();
  leave = () => {};
  silence();
  for (const link of document.querySelectorAll("#rooms a"))
    if (link.dataset.room === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  document.title = `${ROOMS.find((room) => room.name === name).title} · Auricle studio`;
  const module = await import(`./rooms/${name}.js`).catch(() => null);
  if (visit !== visits) return; // another room was chosen meanwhile
  const place = h("div"); // of this visit alone: what comes late to a room that was left is not seen in another
  main.replaceChildren(place);
  main.className = `room ${name}`;
  if (module) leave = module.open(place, studio) ?? (() => {});
  else place.append(outOfReach());
};

if (hasToken()) {
  document.getElementById("rooms").append(...ROOMS.map((room) =>
    h("a", { href: `#${room.name}`, "data-room": room.name }, room.title)));
  const menu = jobsMenu(document.getElementById("jobs"));
  watchJobs((list) => {
    jobs.list = list;
    menu.show(list);
    for (const listener of jobs.listeners) listener(list);
  }, menu.setReach);
  addEventListener("hashchange", show);
  show();
} else {
  main.replaceChildren(h("section", { class: "drop" }, h("h1", {}, "One more step"),
    h("p", { class: "hint" }, "Open the whole address that `auricle studio` printed in the terminal: it holds the token.")));
}
