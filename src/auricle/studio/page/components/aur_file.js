// An .aur file: whether it is whole, what it says, how it sounds; and what can be saved of a damaged one.
import { h, icon } from "../lib/dom.js";
import { post, save } from "../lib/api.js";
import { Deck, decode } from "../lib/deck.js";
import { busy } from "./toast.js";
import { waveform } from "./waveform.js";

export const aurFile = (facts, back, onOpened) => {
  const deck = new Deck();
  let wave = null;
  const play = h("button", {
    class: "play", onclick: (event) => busy(event.currentTarget, async () => {
      if (!deck.has("sound")) deck.put("sound", await decode(facts.file_url));
      await deck.toggle();
    }),
  });
  const show = () => {
    play.replaceChildren(icon(deck.playing ? "pause" : "play"));
    play.setAttribute("aria-label", deck.playing ? "Pause" : "Play");
  };
  deck.addEventListener("change", show);
  deck.addEventListener("time", () => wave?.setTime(deck.time));
  show();

  const heard = facts.file_url && (() => {
    wave = waveform({ peaks: facts.peaks, duration: facts.seconds, label: "Place in the sound", onSeek: (time) => deck.seek(time) });
    return [
      facts.picture_url && h("div", { class: "picture" }, h("img", { src: facts.picture_url, alt: "Spectrogram" })),
      wave.element,
      h("div", { class: "controls" }, play,
        h("button", { onclick: () => save(facts.wav_url, facts.name.replace(/\.aur$/, ".wav")) }, icon("save"), "Save as .wav"),
        facts.aur_url && h("button", { onclick: () => save(facts.aur_url, facts.name) }, icon("save"), "Save the repaired .aur")),
    ];
  })();
  const repair = facts.damage && h("button", {
    class: "primary", onclick: (event) => busy(event.currentTarget, async () => {
      onOpened(await post("compress/repair", { id: facts.id }));
    }),
  }, "Save what can be saved");
  const verdict = facts.damage
    ? h("p", { class: "verdict bad", role: "status" }, h("strong", {}, "Damaged. "), facts.damage)
    : h("p", { class: "verdict good", role: "status" }, h("strong", {}, "Intact. "), facts.note ? `Repaired: ${facts.note}.` : `${facts.verdict}.`);
  const element = h("div", { class: "column" },
    h("header", { class: "title" }, h("h1", {}, facts.name), h("button", { class: "quiet", onclick: back }, "Another sound")),
    h("section", { class: "card stage", "aria-label": "The file" }, verdict, repair, facts.unheard && h("p", {}, facts.unheard), heard,
      facts.rows?.length > 0 && h("dl", {}, facts.rows.flatMap(([term, value]) => [h("dt", {}, term), h("dd", {}, value)]))));
  return { element, close: () => { deck.pause(); wave?.remove(); } };
};
