// One sound of the folder, large: heard, seen, with its figures and what is wrong with it.
import { h, icon } from "../lib/dom.js";
import { post } from "../lib/api.js";
import { Deck, decode } from "../lib/deck.js";
import { bytes, channels, kilohertz, seconds } from "../lib/format.js";
import { attempt } from "./toast.js";
import { waveform } from "./waveform.js";

const WAIT_MS = 160;

/** Shows the sounds it is given, one at a time. */
export const inspector = () => {
  const deck = new Deck();
  let [sound, wave, timer, turn, wanted] = [null, null, 0, 0, false];
  const play = h("button", { class: "play", onclick: () => toggle() });
  const head = h("div", { class: "head" });
  const image = h("img", { alt: "" });
  const picture = h("div", { class: "picture", hidden: true }, image, head);
  picture.addEventListener("click", (event) => {
    const box = picture.getBoundingClientRect();
    deck.seek(((event.clientX - box.left) / box.width) * deck.duration);
  });
  const title = h("h2", {});
  const waves = h("div", { class: "waves" });
  const facts = h("dl", {});
  const findings = h("ul", { class: "findings" });
  const element = h("section", { class: "card column inspector", "aria-label": "The sound", hidden: true },
    h("div", { class: "row" }, play, title), picture, waves, findings, facts);
  const show = () => {
    play.replaceChildren(icon(deck.playing ? "pause" : "play"));
    play.setAttribute("aria-label", deck.playing ? "Pause" : "Play");
  };
  deck.addEventListener("change", show);
  deck.addEventListener("time", () => {
    wave?.setTime(deck.time);
    head.style.left = `${(100 * deck.time) / (deck.duration || 1)}%`;
  });
  const toggle = () => attempt(async () => {
    if (deck.has("sound")) await deck.toggle();
    else wanted = true;
  });
  const load = async () => {
    const mine = ++turn;
    const quietIfPast = (error) => { if (mine === turn) throw error; return null; }; // of a sound that was removed meanwhile
    const found = await attempt(() => post("sounds/open", { id: sound.id }).catch(quietIfPast));
    if (mine !== turn) return;
    if (!found) { wanted = false; return; }
    const buffer = await attempt(() => decode(found.file_url).catch(quietIfPast));
    if (mine !== turn || !buffer) return;
    wave?.remove();
    wave = waveform({ peaks: found.peaks, duration: found.seconds, label: "Place in the sound", height: 56, onSeek: (time) => deck.seek(time) });
    waves.replaceChildren(wave.element);
    picture.hidden = !found.picture_url;
    image.src = found.picture_url ?? "";
    image.alt = `Spectrogram of ${sound.name}`;
    const isPart = found.of_seconds > found.seconds + 0.5;
    rows([
      ["Length", seconds(found.of_seconds) + (isPart ? `; the first ${seconds(found.seconds)} are shown` : "")],
      ["Sample rate", kilohertz(found.rate)], ["Channels", channels(found.channels)],
      ["Level", sound.look?.dbfs != null && `${sound.look.dbfs} dB, peak ${sound.look.peak} dB`], ["Size", bytes(sound.bytes)],
      ...Object.entries(sound.look?.tags ?? {}).map(([name, value]) => [name[0].toUpperCase() + name.slice(1), value]),
    ]);
    deck.put("sound", buffer);
    if (wanted) await attempt(() => deck.play());
    wanted = false;
  };
  const rows = (list) => facts.replaceChildren(...list.filter(([, value]) => value)
    .flatMap(([term, value]) => [h("dt", {}, term), h("dd", {}, value)]));
  show();
  return {
    element,
    /** `flags` are topic and words of what is wrong with it. */
    open: (next, flags, { play: plays = false } = {}) => {
      element.hidden = false;
      if (next.id !== sound?.id) {
        sound = next;
        turn += 1;
        deck.clear();
        title.textContent = next.name;
        waves.replaceChildren();
        picture.hidden = true;
        rows([]);
        wanted = plays;
        clearTimeout(timer);
        timer = setTimeout(load, plays ? 0 : WAIT_MS);
      } else if (plays) { deck.seek(0); toggle(); }
      findings.replaceChildren(...flags.map(([topic, words]) => h("li", {}, h("strong", {}, topic), " ", words)));
    },
    toggle,
    hide: () => { clearTimeout(timer); turn += 1; element.hidden = true; deck.clear(); sound = null; },
    close: () => { clearTimeout(timer); turn += 1; deck.pause(); wave?.remove(); },
  };
};
