// Label: the library as a map, classes with a few clicks, what to label next, and how well classes are told apart.
import { h, icon } from "../lib/dom.js";
import { get, post, save, saveAnswer, upload } from "../lib/api.js";
import { Deck, decode } from "../lib/deck.js";
import { plural } from "../lib/format.js";
import { classColour } from "../lib/palette.js";
import { classList } from "../components/classes.js";
import { soundMap } from "../components/map.js";
import { matrix } from "../components/matrix.js";
import { queue } from "../components/queue.js";
import { timeline } from "../components/timeline.js";
import { attempt, busy, toast } from "../components/toast.js";

const HOVER_MS = 130;
const METHODS = {
  typical: "Typical sounds first: label one of each kind.",
  uncertain: "What the classes so far leave in doubt.",
  none: "Every sound has a label.",
};

export const open = (main, studio) => {
  let close = () => {};
  let job = null;
  let isLeft = false;
  const show = async (library) => {
    if (isLeft) return; // it listens to the keys of the page
    close();
    const view = library ? room(library, begin) : welcome(begin);
    main.replaceChildren(view.element);
    close = view.close;
  };
  const begin = () => attempt(async () => {
    job = (await post("label/read")).job;
    if (isLeft) return;
    const waiting = working();
    close();
    main.replaceChildren(waiting.element);
    close = studio.onJobs((jobs) => waiting.show(jobs.find((other) => other.id === job)));
  });
  const forget = studio.onJobs((jobs) => {
    const mine = jobs.find((other) => other.id === job);
    if (!mine || !["done", "failed", "cancelled"].includes(mine.state)) return;
    job = null;
    if (mine.state === "failed") toast(mine.error, { isError: true });
    get("label/library").then(show, () => show(null));
  });
  get("label/library").then(show, () => show(null));
  return () => { isLeft = true; forget(); close(); };
};

const welcome = (begin) => ({
  element: h("section", { class: "drop" },
    h("h1", {}, "A map of your sounds"),
    h("p", { class: "hint" }, "Auricle listens to every sound of the folder, and lays what sounds alike side by side."),
    h("div", { class: "row" }, h("button", { class: "primary", onclick: begin }, "Listen to the folder"))),
  close: () => {},
});

const working = () => {
  const bar = h("progress", { max: "1", "aria-label": "Listening" });
  const words = h("p", { class: "state", role: "status" }, "It begins as soon as the work before it is done.");
  return {
    element: h("section", { class: "drop" }, h("h1", {}, "Listening"), bar, words),
    show: (job) => {
      if (job?.share) bar.value = job.share;
      if (job?.text) words.textContent = job.text;
    },
  };
};

/** The room with a map in it. */
const room = (library, again) => {
  const byId = new Map(library.sounds.map((sound) => [sound.id, sound]));
  const state = { labels: library.labels, guesses: {}, picked: null, selection: [] };
  const deck = new Deck();
  const buffers = new Map();
  let [sorted, sortedOf] = [[], null]; // every point asks for its colour
  const classes = () => {
    if (sortedOf !== state.labels) [sorted, sortedOf] = [[...new Set(Object.values(state.labels))].sort(), state.labels];
    return sorted;
  };
  const colourOf = (name) => classColour(classes(), name);

  // --- playing ---------------------------------------------------------------------------------------------------

  const buffer = (id) => {
    if (!buffers.has(id)) {
      if (buffers.size > 80) buffers.delete(buffers.keys().next().value);
      buffers.set(id, decode(byId.get(id).url));
    }
    return buffers.get(id);
  };
  let turn = 0;
  const play = (id, from = 0) => attempt(async () => {
    const mine = ++turn;
    const sound = await buffer(id).catch((error) => { buffers.delete(id); throw error; });
    if (mine !== turn) return;
    deck.clear();
    deck.put("sound", sound);
    deck.seek(from);
    await deck.play();
  });
  let list = []; // what plays one after the other
  deck.addEventListener("change", () => {
    if (!deck.playing && list.length && deck.duration && deck.time >= deck.duration - 0.05) playNext();
  });
  const playNext = () => {
    const id = list.shift();
    if (id) reach(id, { keepList: true });
  };
  const reach = (id, { keepList = false } = {}) => {
    if (!keepList) list = [];
    if (!byId.has(id)) return;
    state.picked = id;
    map.pick(byId.get(id), { quiet: true });
    showPicked();
    play(id);
  };

  // --- the map ---------------------------------------------------------------------------------------------------

  let hovering = 0;
  const map = soundMap({
    points: library.sounds,
    colourOf: (sound) => {
      const label = state.labels[sound.id] ?? state.guesses[sound.id]?.[0];
      return label ? colourOf(label) : null;
    },
    onPoint: (sound) => reach(sound.id),
    onHover: (sound) => {
      clearTimeout(hovering);
      if (sound) hovering = setTimeout(() => play(sound.id), HOVER_MS);
    },
    onSelect: (sounds) => { state.selection = sounds.map(({ id }) => id); showPicked(); },
  });

  // --- labels ----------------------------------------------------------------------------------------------------

  const label = (name) => attempt(async () => {
    const ids = state.selection.length ? state.selection : [state.picked].filter(Boolean);
    if (!ids.length) return toast("Pick a sound on the map first, or select several with Shift and drag.");
    state.labels = (await post("label/label", { ids, label: name })).labels;
    state.selection = [];
    map.select([]);
    showClasses();
    if (name && ids.length === 1 && ids[0] === next.current) next.next();
  });
  const classBox = classList({ colourOf, onLabel: label });
  const counted = h("p", { class: "hint" });
  const showClasses = () => {
    const counts = new Map();
    for (const name of Object.values(state.labels)) counts.set(name, (counts.get(name) ?? 0) + 1);
    classBox.show(classes(), counts);
    counted.textContent = `${Object.keys(state.labels).length} of ${plural(library.sounds.length, "sound")} labelled`;
    const isEnough = classes().length >= 2;
    judgeButton.disabled = learnButton.disabled = !isEnough;
    map.recolour();
  };
  const pickedName = h("strong", {});
  const showPicked = () => {
    pickedName.textContent = state.selection.length ? plural(state.selection.length, "sound") + " selected" : byId.get(state.picked)?.name ?? "Pick a sound";
    for (const button of [similarButton, timelineButton]) button.disabled = !state.picked;
  };

  // --- what next, what is alike ----------------------------------------------------------------------------------

  const next = queue({ label: "Label next", onItem: (id) => reach(id) });
  const method = h("p", { class: "hint" });
  const suggestButton = h("button", {
    onclick: () => busy(suggestButton, async () => {
      const found = await post("label/suggest");
      method.textContent = METHODS[found.method];
      next.show(found.sounds.map((sound) => ({
        id: sound.id, name: byId.get(sound.id)?.name ?? "?", words: sound.guess && `${sound.guess}? ${Math.round(100 * sound.probability)} %`,
      })), { go: true });
      doubts.show(found.doubtful.map((sound) => ({
        id: sound.id, name: byId.get(sound.id)?.name ?? "?", words: `${sound.label}, or ${sound.neighbours}?`,
      })));
      doubtBox.hidden = found.doubtful.length === 0;
    }),
  }, "Suggest sounds");
  const doubts = queue({ label: "Labels to check", onItem: (id) => reach(id) });
  const doubtBox = h("section", { hidden: true }, h("h2", {}, "Labels to check"), doubts.element);
  const alike = queue({ label: "Most alike", onItem: (id) => reach(id) });
  const findAlike = async (id) => {
    const { sounds } = await post("label/similar", { id });
    alike.show(sounds.map((hit) => ({ id: hit.id, name: byId.get(hit.id)?.name ?? "?", words: hit.cosine.toFixed(2) })));
    map.select(sounds.map((hit) => byId.get(hit.id)).filter(Boolean));
  };
  const similarButton = h("button", { onclick: () => busy(similarButton, () => findAlike(state.picked)) }, "Most alike");
  const example = h("input", {
    type: "file", class: "hidden-input", id: "example-input", "aria-label": "Search by a file", onchange: () => {
      const [file] = example.files;
      if (file) busy(exampleLabel, async () => findAlike((await upload(file)).id));
      example.value = "";
    },
  });
  const exampleLabel = h("label", { class: "button", for: "example-input" }, "Search by a file");

  // --- judging and taking away -----------------------------------------------------------------------------------

  const results = h("div", { class: "column" });
  const judgeButton = h("button", {
    onclick: () => busy(judgeButton, async () => {
      const found = await post("label/judge");
      const [value, low, high] = found.accuracy.map((share) => `${Math.round(100 * share)} %`);
      results.replaceChildren(h("section", { class: "card column", "aria-label": "How well classes are told apart" },
        h("h2", {}, "Told apart"),
        h("p", { class: "hint", role: "status" }, `${value} right (95 % interval ${low} to ${high}), each sound judged by a classifier that had not heard it. A cell plays its sounds.`),
        matrix({
          classes: found.classes, cells: found.cells,
          onCell: (sounds, words) => { list = [...sounds]; map.select(sounds.map((id) => byId.get(id)).filter(Boolean)); toast(words); playNext(); },
        })));
    }),
  }, "Judge the classes");
  const files = h("span", { class: "row" });
  const learnButton = h("button", {
    class: "primary", onclick: () => busy(learnButton, async () => {
      const learned = await post("label/learn");
      state.guesses = learned.guesses;
      files.replaceChildren(...learned.files.map(([name, url]) => h("button", { onclick: () => save(url, name) }, icon("save"), name)));
      toast(`Learned ${plural(learned.classes.length, "class").replace("classs", "classes")}; the map shows what every sound is taken for.`);
      map.recolour();
    }),
  }, "Learn the classes");
  const saveLabels = h("button", { onclick: () => attempt(() => saveAnswer("label/labels.csv", "labels.csv")) }, icon("save"), "labels.csv");
  let line = null;
  const timelineButton = h("button", {
    onclick: () => busy(timelineButton, async () => {
      const id = state.picked;
      const heard = await post("label/timeline", { id });
      line = timeline({
        ...heard, classes: [...new Set(heard.spans.map((span) => span.label))], colourOf,
        onSeek: (time) => { list = []; play(id, time); },
      });
      results.replaceChildren(h("section", { class: "card column", "aria-label": "Timeline of a recording" },
        h("h2", {}, byId.get(id).name), line.element));
    }),
  }, "Timeline");
  deck.addEventListener("time", () => line?.setTime(deck.time));

  const unmapped = h("span", { class: "hint end", role: "status" });
  get("sounds/list").then(({ sounds }) => {
    const count = sounds.filter(([id]) => !byId.has(id)).length - library.rejected.length;
    if (count > 0) unmapped.textContent = `${plural(count, "sound")} not on it yet`;
  }, () => {});
  const element = h("div", { class: "column" },
    h("header", { class: "title" }, h("h1", { class: "visually-hidden" }, "Label"), pickedName, similarButton, timelineButton, unmapped,
      h("button", { class: "quiet", onclick: again }, "Draw the map again")),
    h("div", { class: "labeller" },
      h("div", { class: "column" }, map.element,
        h("div", { class: "row" }, judgeButton, learnButton, saveLabels, files),
        h("p", { class: "keys" }, h("kbd", {}, "Space"), " play, ", h("kbd", {}, "1"), " to ", h("kbd", {}, "9"), " give a class, ",
          h("kbd", {}, "0"), " take it away, ", h("kbd", {}, "N"), " next to label; on the map ", h("kbd", {}, "←"), h("kbd", {}, "→"),
          h("kbd", {}, "↑"), h("kbd", {}, "↓"), " go"),
        results),
      h("aside", { class: "side", "aria-label": "Labels" },
        h("section", {}, h("h2", {}, "Classes"), counted, classBox.element),
        h("section", {}, h("h2", {}, "Label next"), suggestButton, method, next.element),
        doubtBox,
        h("section", {}, h("h2", {}, "Alike"), exampleLabel, example, alike.element),
        library.rejected.length > 0 && h("details", { class: "panel" },
          h("summary", {}, `${plural(library.rejected.length, "file")} left out`), h("ul", {}, library.rejected.map((line) => h("li", {}, line)))))));
  const keys = (event) => {
    if (event.target.closest("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " " && !event.target.closest("button, summary")) deck.playing ? deck.pause() : state.picked && play(state.picked);
    else if (event.key === "n" ? !next.next() : !classBox.press(event.key)) return;
    event.preventDefault();
  };
  document.addEventListener("keydown", keys);
  showClasses();
  showPicked();
  return {
    element,
    close: () => { clearTimeout(hovering); document.removeEventListener("keydown", keys); list = []; deck.pause(); map.remove(); },
  };
};
