// A sound as a tile: it plays under a click or Enter, and is kept, varied, or thrown away.
import { h, icon } from "../lib/dom.js";
import { save } from "../lib/api.js";
import { Deck, decode } from "../lib/deck.js";
import { seconds } from "../lib/format.js";
import { attempt } from "./toast.js";
import { sketch } from "./waveform.js";

/** `deeds` may have keep(facts, isKept), vary(facts), discard(facts), and select(facts) as it plays. */
export const tile = (facts, deeds) => {
  const deck = new Deck();
  deck.loop = Boolean(facts.loop);
  const outline = sketch(facts.peaks);
  let isKept = Boolean(facts.kept);

  // Fetched as soon as it is seen, so that it sounds when it is asked for.
  let loading = null;
  const load = () => (loading ??= decode(facts.file_url).then((buffer) => deck.put("sound", buffer)));
  const play = () => attempt(async () => {
    await load();
    deeds.select?.(facts);
    if (deck.playing && deck.loop) deck.pause();
    else {
      deck.seek(0);
      await deck.play();
    }
  });
  const tool = (name, label, act, pressed) => h("button", {
    class: "quiet", tabindex: "-1", title: label, "aria-label": `${label} ${facts.name}`, "aria-pressed": pressed,
    onclick: (event) => { event.stopPropagation(); act(); },
  }, icon(name));
  const keep = () => {
    isKept = !isKept;
    show();
    deeds.keep(facts, isKept);
  };
  const keepButton = deeds.keep && tool("keep", "Keep", keep, "false");
  const element = h("article", { class: "tile", tabindex: "0", role: "group", draggable: "true", "aria-label": `${facts.name}, ${seconds(facts.seconds)}` },
    outline.element,
    h("div", { class: "name" }, facts.name, h("span", {}, seconds(facts.seconds))),
    h("div", { class: "tools" },
      keepButton,
      deeds.vary && tool("vary", "Variations of", () => deeds.vary(facts)),
      tool("save", "Save", () => save(facts.wav_url, facts.save_as)),
      deeds.discard && tool("discard", "Discard", () => { deck.pause(); deeds.discard(facts, element); })));
  const show = () => {
    element.classList.toggle("playing", deck.playing);
    element.classList.toggle("kept", isKept);
    keepButton?.setAttribute("aria-pressed", String(isKept));
    if (!deck.playing) outline.draw();
  };
  deck.addEventListener("change", show);
  deck.addEventListener("time", () => outline.draw(deck.time / (deck.duration || 1)));
  element.addEventListener("click", play);
  element.addEventListener("dragstart", (event) => { // into a program or a folder, where the browser can do that
    const url = new URL(`${facts.wav_url}&save=${encodeURIComponent(facts.save_as)}`, location.href);
    event.dataTransfer.setData("DownloadURL", `audio/wav:${facts.save_as}:${url}`);
    event.dataTransfer.setData("text/uri-list", String(url));
    event.dataTransfer.effectAllowed = "copy";
  });
  element.addEventListener("keydown", (event) => {
    if (event.target !== element || event.ctrlKey || event.metaKey || event.altKey) return;
    const acts = {
      Enter: play, " ": play, k: deeds.keep && keep, v: deeds.vary && (() => deeds.vary(facts)),
      Delete: deeds.discard && (() => { deck.pause(); deeds.discard(facts, element); }), s: () => save(facts.wav_url, facts.save_as),
    };
    acts.x = acts.Backspace = acts.Delete;
    if (acts[event.key]) acts[event.key]();
    else if (event.key.startsWith("Arrow")) moveFocus(element, event.key);
    else return;
    event.preventDefault();
  });
  load().catch(() => { loading = null; });
  show();
  return { element, facts, play, stop: () => deck.pause() };
};

/** Arrow keys walk through the grid as it is laid out. */
const moveFocus = (element, key) => {
  const tiles = [...element.parentElement.querySelectorAll(".tile")];
  const columns = tiles.filter((other) => other.offsetTop === tiles[0].offsetTop).length;
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[key];
  tiles[tiles.indexOf(element) + step]?.focus();
};

/** The tile that gets the focus when one goes. */
export const neighbour = (element) => element.nextElementSibling ?? element.previousElementSibling;
