// What the model makes of sounds that it does not learn from: then and now, to see and to hear.
import { h, icon } from "../lib/dom.js";
import { Deck, decode } from "../lib/deck.js";
import { attempt } from "./toast.js";

/** Shows what `heard` holds, as it grows. */
export const heldOut = () => {
  const deck = new Deck();
  let [heard, place, follows, playing] = [null, 0, true, null];
  const slider = h("input", {
    type: "range", min: "0", max: "0", value: "0", "aria-label": "Measurement",
    oninput: () => { place = Number(slider.value); follows = place === heard.times.length - 1; draw(); },
  });
  const words = h("output", {});
  const list = h("div", { class: "held" });
  const element = h("section", { class: "card column", "aria-label": "Held-out sounds", hidden: true },
    h("div", { class: "row" }, h("h2", {}, "Held-out sounds"), h("label", { class: "row end when" }, words, slider)),
    h("p", { class: "hint" }, "Sounds that it does not learn from, at the middle quality."), list);
  const buffers = new Map();
  const play = (key, url) => attempt(async () => {
    if (playing === key && deck.playing) { deck.pause(); return; }
    if (!buffers.has(url)) {
      if (buffers.size > 24) buffers.delete(buffers.keys().next().value);
      buffers.set(url, await decode(url));
    }
    // The other version goes on at the same place.
    const from = playing && playing.split(" ")[0] === key.split(" ")[0] && deck.playing ? deck.time : 0;
    deck.clear();
    deck.put("sound", buffers.get(url));
    deck.seek(from);
    playing = key;
    await deck.play();
  });
  const show = () => {
    for (const button of list.querySelectorAll("button")) {
      const isOn = deck.playing && button.dataset.key === playing;
      button.setAttribute("aria-pressed", String(isOn));
      button.replaceChildren(icon(isOn ? "pause" : "play"));
    }
  };
  deck.addEventListener("change", show);
  const take = (key, title, sound, name, words) => h("figure", {},
    h("figcaption", {}, title, h("span", {}, words)),
    sound.picture_url && h("div", { class: "picture" }, h("img", { src: sound.picture_url, alt: `Spectrogram: ${name}, ${title}` })),
    h("button", { "data-key": key, "aria-label": `Play ${name}, ${title.toLowerCase()}`, onclick: () => play(key, sound.file_url) }));
  const draw = () => {
    const time = heard.times[place];
    words.textContent = `after ${time.seconds < 120 ? `${time.seconds.toFixed(0)} s` : `${(time.seconds / 60).toFixed(0)} min`}, step ${time.step}`;
    slider.setAttribute("aria-valuetext", words.textContent);
    list.replaceChildren(...heard.excerpts.map((original, index) => {
      const decoded = time.decoded[index];
      return h("div", { class: "pair" }, h("h3", {}, original.name), h("div", { class: "takes" },
        take(`${index} original`, "Original", original, original.name, ""),
        take(`${index} decoded`, "Decoded", decoded, original.name, decoded.mel == null ? "" : `distance ${decoded.mel.toFixed(2)}`)));
    }));
    show();
  };
  return {
    element,
    show: (next) => {
      const before = heard?.times?.at(-1)?.step;
      if (!next?.times?.length) { element.hidden = true; heard = null; return; }
      heard = next;
      element.hidden = !heard.excerpts.length;
      slider.max = String(heard.times.length - 1);
      slider.disabled = heard.times.length < 2;
      if (follows) place = heard.times.length - 1;
      place = Math.min(place, heard.times.length - 1);
      slider.value = String(place);
      if (before !== heard.times.at(-1).step || !list.children.length) draw();
    },
    reset: () => { [heard, place, follows, playing] = [null, 0, true, null]; deck.clear(); list.replaceChildren(); element.hidden = true; },
    close: () => deck.pause(),
  };
};
