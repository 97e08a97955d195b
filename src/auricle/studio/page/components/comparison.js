// A sound at a bitrate: a dial with the sound at once, beside the original and Opus at the same place, and a blind test.
import { h, icon } from "../lib/dom.js";
import { post, save } from "../lib/api.js";
import { Deck, decode } from "../lib/deck.js";
import { bytes, channels, kbps, kilohertz, seconds, timesSmaller } from "../lib/format.js";
import { blind } from "./blind.js";
import { dial } from "./dial.js";
import { attempt, busy, toast } from "./toast.js";
import { waveform } from "./waveform.js";

const STOPS = {
  speech: [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 12, 16],
  music: [4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64],
};
const FIRST = { speech: 3, music: 12 };
const PREVIEW_SECONDS = 20;
const WAIT_MS = 220;

/** `back` is called for another sound; `models` can compress, of which that named `preferred` is taken first if it is there. */
export const comparison = (facts, back, studio, { models, preferred }) => {
  const deck = new Deck();
  const chosen = models.find((model) => model.name === preferred) ?? { name: facts.model, like: facts.model };
  const state = { model: chosen.name, like: chosen.like, kbps: FIRST[chosen.like], start: 0, versions: {}, buffers: {}, turn: 0, hasOpus: true };
  const isLong = facts.seconds > PREVIEW_SECONDS + 0.5;

  // --- what is heard ---------------------------------------------------------------------------------------------

  const fetchVersion = async (name) => {
    const version = await post("compress/preview", {
      id: facts.id, codec: name, kbps: state.kbps, model: state.model, start: state.start,
    });
    return { version, buffer: await decode(version.file_url) };
  };
  const put = (name, { version, buffer }) => {
    state.versions[name] = version;
    state.buffers[name] = buffer;
    deck.put(name, buffer);
    if (name !== "opus") test.forget(); // answers were about another pair
    show();
  };
  const refresh = async (names) => {
    const turn = ++state.turn;
    card.classList.add("working");
    for (const name of names) {
      const got = await attempt(() => fetchVersion(name));
      if (turn !== state.turn) return;
      if (got) put(name, got);
      else if (name === "opus") state.hasOpus = false;
    }
    card.classList.remove("working");
  };
  let timer = 0;
  const later = (names) => { clearTimeout(timer); timer = setTimeout(() => refresh(names), WAIT_MS); };

  // --- what is seen ----------------------------------------------------------------------------------------------

  const spectrogram = h("img", { alt: "" });
  const head = h("div", { class: "head" });
  const picture = h("div", { class: "picture" }, spectrogram, head);
  picture.addEventListener("click", (event) => {
    const box = picture.getBoundingClientRect();
    deck.seek(((event.clientX - box.left) / box.width) * deck.duration);
  });
  const waves = h("div", {});
  let wave = null;
  const drawWave = (version) => {
    wave?.remove();
    wave = waveform({
      peaks: version.peaks, duration: version.seconds, label: "Place in the sound", onSeek: (time) => deck.seek(time),
    });
    waves.replaceChildren(wave.element);
  };
  const follow = () => {
    wave?.setTime(deck.time);
    head.style.left = `${(100 * deck.time) / (deck.duration || 1)}%`;
  };
  deck.addEventListener("time", follow);

  const play = h("button", { class: "play", onclick: () => deck.toggle() });
  const NAMES = { original: "Original", auricle: "Auricle", opus: "Opus" };
  const versions = Object.entries(NAMES).map(([name, title], index) =>
    h("button", { role: "radio", "data-version": name, onclick: () => choose(name) },
      h("kbd", {}, String(index + 1)), h("strong", {}, title), h("span", { class: "fact" }, "…"), h("small", {}, "")));
  const choose = (name) => {
    if (!deck.has(name)) return;
    deck.choose(name);
    show();
  };
  let shown = null;
  const show = () => {
    play.replaceChildren(icon(deck.playing ? "pause" : "play"));
    play.setAttribute("aria-label", deck.playing ? "Pause" : "Play");
    for (const button of versions) {
      const version = state.versions[button.dataset.version];
      button.setAttribute("aria-checked", String(deck.current === button.dataset.version));
      button.disabled = !version;
      if (!version) continue;
      button.querySelector(".fact").textContent = kbps(version.kbps);
      button.querySelector("small").textContent =
        button.dataset.version === "original" ? `16-bit, ${bytes(version.bytes)}` : `${bytes(version.bytes)}, ${timesSmaller(facts.pcm_kbps / version.kbps)}`;
    }
    const version = state.versions[deck.current];
    if (version && version !== shown) {
      shown = version;
      spectrogram.src = version.picture_url ?? "";
      spectrogram.alt = `Spectrogram: ${NAMES[deck.current]}`;
      picture.hidden = !version.picture_url;
      drawWave(version);
      follow();
    }
  };
  deck.addEventListener("change", show);

  // --- what is set -----------------------------------------------------------------------------------------------

  const dialPlace = h("div", { class: "dial-place" });
  const makeDial = () => dialPlace.replaceChildren(dial({
    label: "Bitrate", stops: STOPS[state.like], value: state.kbps, text: (stop) => [String(stop), "kb/s"],
    onChange: (stop) => {
      state.kbps = stop;
      if (deck.current === "original" && deck.has("auricle")) choose("auricle");
      later(["auricle", "opus"].filter((name) => name !== "opus" || state.hasOpus));
    },
  }).element);
  const segments = h("div", { class: "segments small", role: "radiogroup", "aria-label": "Model" }, models.map((model) =>
    h("button", {
      role: "radio", "aria-checked": String(model.name === state.model), "data-model": model.name,
      onclick: () => {
        if (model.name === state.model) return;
        for (const button of segments.children) button.setAttribute("aria-checked", String(button.dataset.model === model.name));
        const kbps = model.like === state.like ? state.kbps : FIRST[model.like];
        Object.assign(state, { model: model.name, like: model.like, kbps });
        makeDial();
        later(["auricle", "opus"]);
      },
    }, model.title)));
  makeDial();

  const part = isLong && h("label", { class: "part" }, `Listening from `, h("input", {
    type: "range", min: "0", max: String(Math.floor(facts.seconds - PREVIEW_SECONDS)), value: "0", step: "1",
    "aria-label": "Listening from",
    oninput: (event) => {
      state.start = Number(event.target.value);
      partText.textContent = seconds(state.start);
      later(["original", "auricle", "opus"]);
    },
  }));
  const partText = h("output", {}, "0.00 s");
  if (part) part.append(partText, ` for ${PREVIEW_SECONDS} s; the file is coded whole`);

  const test = blind({
    deck: new Deck(),
    pair: () => state.buffers.original && state.buffers.auricle && [state.buffers.original, state.buffers.auricle],
  });

  const saveAur = h("button", {
    class: "primary", onclick: (event) => busy(event.currentTarget, async () => {
      const answer = await post("compress/whole", { id: facts.id, kbps: state.kbps, model: state.model });
      if (answer.job) waiting.add(answer.job);
      if (answer.job) toast("This sound is long: it is coded in the background, and saved when it is ready.");
      else save(answer.file_url, answer.save_as);
    }),
  }, icon("save"), "Save as .aur");
  const saveSound = h("button", {
    onclick: () => {
      const version = state.versions[deck.current];
      const stem = facts.name.replace(/\.[^.]*$/, "");
      save(version.file_url, `${stem}.${deck.current}${deck.current === "original" ? "" : `-${state.kbps}kbps`}.flac`);
    },
  }, icon("save"), "Save what is heard");
  const waiting = new Set();
  const forget = studio.onJobs(async (jobs) => {
    for (const job of jobs.filter((job) => waiting.has(job.id) && job.state === "done")) {
      waiting.delete(job.id);
      const { url } = await post("file", { id: job.result.id, file: job.result.file });
      save(url, job.result.save_as);
    }
  });

  const card = h("section", { class: "card stage", "aria-label": "Sound" },
    picture, waves,
    h("div", { class: "controls" },
      play,
      h("div", { class: "versions", role: "radiogroup", "aria-label": "Version" }, versions),
      h("div", { class: "bitrate" }, dialPlace, segments)),
    part);
  const element = h("div", { class: "column" },
    h("header", { class: "title" },
      h("h1", {}, facts.name),
      h("p", {}, `${seconds(facts.seconds)} · ${kilohertz(facts.rate)} · ${channels(facts.channels)}`),
      h("button", { class: "quiet", onclick: back }, "Another sound")),
    card,
    h("div", { class: "row" }, saveAur, saveSound,
      h("p", { class: "keys" }, h("kbd", {}, "Space"), " play, ", h("kbd", {}, "1"), h("kbd", {}, "2"), h("kbd", {}, "3"),
        " versions, ", h("kbd", {}, "←"), h("kbd", {}, "→"), " on the dial")),
    test.element);

  const keys = (event) => {
    const isTyping = event.target.closest("input, textarea, select, summary, [contenteditable]");
    if (isTyping || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const place = ["1", "2", "3"].indexOf(event.key);
    if (event.key === " " && !event.target.closest("button")) deck.toggle();
    else if (place >= 0) choose(Object.keys(NAMES)[place]);
    else return;
    event.preventDefault();
  };
  document.addEventListener("keydown", keys);
  show();
  refresh(["original", "auricle", "opus"]).then(() => { if (deck.current === "original") choose("auricle"); });
  return {
    element,
    close: () => {
      forget();
      deck.pause();
      test.forget();
      wave?.remove();
      document.removeEventListener("keydown", keys);
    },
  };
};
