// Sounds: the folder as a library, what comes into it, and what is wrong with it.
import { h } from "../lib/dom.js";
import { get, post } from "../lib/api.js";
import { plural } from "../lib/format.js";
import { doctorCard } from "../components/doctor.js";
import { inspector } from "../components/inspector.js";
import { intake } from "../components/intake.js";
import { soundList } from "../components/sound_list.js";
import { attempt, busy, toast } from "../components/toast.js";
import { remember } from "../lib/handover.js";

const collator = new Intl.Collator(undefined, { numeric: true });
const ORDERS = {
  name: ["name", (a, b) => collator.compare(a.name, b.name)],
  newest: ["newest first", (a, b) => b.changed - a.changed],
  longest: ["longest first", (a, b) => (b.look?.seconds ?? -1) - (a.look?.seconds ?? -1)],
  quietest: ["quietest first", (a, b) => (a.look?.dbfs ?? 99) - (b.look?.dbfs ?? 99)],
  largest: ["largest first", (a, b) => b.bytes - a.bytes],
};
const FIELDS = ["seconds", "rate", "channels", "dbfs", "error"];

export const open = (main, studio) => {
  const sounds = new Map();
  const state = { labels: {}, findings: null, topic: null, text: "", order: "name", job: null };

  const take = ([id, name, size, changed, ...figures]) => {
    const known = figures.some((value) => value != null);
    sounds.set(id, { id, name, bytes: size, changed, look: known ? Object.fromEntries(FIELDS.map((field, index) => [field, figures[index]])) : null });
  };
  const flagsOf = (sound) => state.findings?.files[sound.id] ?? [];
  const tagsOf = (sound) => [state.labels[sound.id], sound.look?.tags?.title].filter(Boolean);

  // --- the list --------------------------------------------------------------------------------------------------

  const view = inspector();
  const list = soundList({
    flagsOf, tagsOf,
    onNeed: (ids) => attempt(async () => {
      const { looks } = await post("sounds/looks", { ids });
      for (const id of ids) {
        const sound = sounds.get(id);
        if (sound) sound.look = looks[id] ?? { error: "it is no longer there", url: "gone" };
      }
      return true;
    }),
    onCurrent: (sound, { play }) => view.open(sound, flagsOf(sound), { play }),
    onPlay: (sound) => { view.open(sound, flagsOf(sound)); view.toggle(); },
    onMarks: () => showMarks(),
    onRemove: () => remove(),
  });
  const shown = () => {
    const text = state.text.toLowerCase();
    return [...sounds.values()]
      .filter((sound) => !text || sound.name.toLowerCase().includes(text) || tagsOf(sound).some((tag) => tag.toLowerCase().includes(text)))
      .filter((sound) => !state.topic || flagsOf(sound).some(([topic]) => topic === state.topic))
      .sort(ORDERS[state.order][1]);
  };
  const show = () => {
    const rows = shown();
    list.show(rows);
    count.textContent = rows.length === sounds.size ? plural(sounds.size, "sound") : `${rows.length} of ${plural(sounds.size, "sound")}`;
    empty.hidden = sounds.size > 0;
    list.element.hidden = sounds.size === 0;
    tools.hidden = sounds.size === 0;
    health.element.hidden = sounds.size === 0;
    const counts = new Map();
    for (const flags of Object.values(state.findings?.files ?? {}))
      for (const topic of new Set(flags.map(([name]) => name))) counts.set(topic, (counts.get(topic) ?? 0) + 1);
    health.show(state.findings, counts);
    showMarks();
  };
  let timer = 0;
  const soon = () => { clearTimeout(timer); timer = setTimeout(show, 150); };

  // --- what is above it ------------------------------------------------------------------------------------------

  const count = h("p", { role: "status" });
  const search = h("input", {
    type: "text", placeholder: "Search", "aria-label": "Search", oninput: () => { state.text = search.value; soon(); },
    onkeydown: (event) => { if (event.key === "Enter") { show(); list.focus(); list.step(1); } },
  });
  const order = h("select", { "aria-label": "Order", onchange: () => { state.order = order.value; show(); } },
    Object.entries(ORDERS).map(([key, [words]]) => h("option", { value: key }, words)));
  const element = h("div", { class: "column intake-place" });
  const into = intake({
    place: element, onSound: (row) => { take(row); soon(); },
    onEnd: () => show(),
  });
  const tools = h("div", { class: "row" }, search, order);
  const trainButton = h("button", { class: "primary", onclick: () => { remember("marked", [...list.marks]); location.hash = "#train"; } });
  const removeButton = h("button", { onclick: () => remove() }, "Remove");
  const marked = h("div", { class: "row marked", hidden: true }, trainButton, removeButton,
    h("button", { class: "quiet", onclick: () => list.unmark([...list.marks]) }, "Unmark"));
  const showMarks = () => {
    marked.hidden = list.marks.size === 0;
    trainButton.textContent = `Train on ${plural(list.marks.size, "marked sound")}`;
  };
  const remove = () => busy(removeButton, async () => {
    const ids = list.marks.size ? [...list.marks] : list.current ? [list.current.id] : [];
    if (!ids.length) return;
    const { removed } = await post("sounds/remove", { ids });
    for (const id of removed) sounds.delete(id);
    list.unmark(ids);
    view.hide();
    show();
    list.focus();
    if (removed.length < ids.length) { // another page or program has changed the folder
      await load();
      toast(`${plural(ids.length - removed.length, "sound")} had gone from the folder already.`);
    }
    if (removed.length) toast(`${plural(removed.length, "sound")} removed from the folder.`, {
      action: ["Undo", async () => { await post("sounds/restore", { ids: removed }); await load(); }],
    });
  });

  // --- health ----------------------------------------------------------------------------------------------------

  const health = doctorCard({
    onTopic: (topic) => { state.topic = topic; show(); },
    check: (button) => busy(button, async () => { state.job = (await post("sounds/examine")).job; }),
  });
  const forget = studio.onJobs((jobs) => {
    const mine = jobs.find((job) => (state.job ? job.id === state.job : job.task === "examine" && ["running", "waiting"].includes(job.state)));
    if (!mine) return;
    state.job = mine.id;
    health.working(mine);
    if (!["done", "failed", "cancelled"].includes(mine.state)) return;
    state.job = null;
    if (mine.state === "failed") toast(mine.error, { isError: true });
    load().then(() => { health.element.open = true; });
  });

  const empty = h("section", { class: "drop", hidden: true }, h("h2", {}, "Drop sounds here"),
    h("p", { class: "hint" }, "Files or whole folders, any format. They are copied into the folder that the studio was opened on."));
  element.append(
    h("header", { class: "title" }, h("h1", {}, "Sounds"), count, h("span", { class: "row end" }, into.buttons)),
    into.state, into.refusals, empty, health.element, tools,
    h("div", { class: "library" }, h("div", { class: "column" }, list.element, marked), view.element),
    h("p", { class: "keys" }, h("kbd", {}, "↑"), h("kbd", {}, "↓"), " go, ", h("kbd", {}, "Enter"), " play, ", h("kbd", {}, "M"), " mark, ",
      h("kbd", {}, "Delete"), " remove, ", h("kbd", {}, "/"), " search"));
  main.replaceChildren(element);
  const load = () => attempt(async () => {
    const values = await get("sounds/list");
    sounds.clear();
    values.sounds.forEach(take);
    Object.assign(state, { labels: values.labels, findings: values.findings });
    show();
  });
  const keys = (event) => {
    if (event.target.closest("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/") { search.focus(); event.preventDefault(); }
  };
  document.addEventListener("keydown", keys);
  load();
  return () => { forget(); clearTimeout(timer); document.removeEventListener("keydown", keys); list.remove(); view.close(); };
};
