// The folder's sounds as a list of which only the rows in sight exist: thousands of them without stutter.
import { h } from "../lib/dom.js";
import { seconds } from "../lib/format.js";
import { outlineRow } from "./waveform.js";

const ROW = 58;
const BEYOND = 6;
const ASK_MS = 70;
const MOST_ASKED = 32;

/**
 * `sounds` have id and name, and look once that is known. `onNeed` is asked for the looks of ids, `onCurrent` told of the sound
 * that is reached, `onPlay` of one that is to sound, `onMarks` of the set of marked ids, `onRemove` that Delete was pressed.
 * `flagsOf` gives what is wrong with a sound, `tagsOf` words about it.
 */
export const soundList = ({ onNeed, onCurrent, onPlay, onMarks, onRemove, flagsOf, tagsOf }) => {
  let sounds = [];
  let current = -1;
  let anchor = 0;
  const marks = new Set();
  const rows = new Map(); // by index
  const sizer = h("div", { class: "sizer" });
  const element = h("div", {
    class: "sound-list", role: "listbox", tabindex: "0", "aria-label": "Sounds", "aria-multiselectable": "true",
  }, sizer);

  const words = (sound) => [
    sound.name, sound.look?.seconds != null && seconds(sound.look.seconds), sound.look?.dbfs != null && `${sound.look.dbfs} dB`,
    ...tagsOf(sound), ...flagsOf(sound).map(([, text]) => text), sound.look?.error,
  ].filter(Boolean).join(", ");

  const fill = (row, sound) => {
    const look = sound.look;
    const slash = sound.name.lastIndexOf("/") + 1;
    const flags = look?.error ? [["files", look.error]] : flagsOf(sound);
    row.setAttribute("aria-label", words(sound));
    row.replaceChildren(
      h("span", { class: "thumb" }, look?.thumb_url && h("img", { src: look.thumb_url, alt: "", width: 150, height: 44 })),
      h("span", { class: "what" }, h("span", { class: "word" }, sound.name.slice(slash)),
        h("small", {}, sound.name.slice(0, slash), tagsOf(sound).map((tag) => h("span", { class: "tag" }, tag)))),
      look?.peaks ? outlineRow(look.peaks) : h("span", {}),
      h("span", { class: "figure" }, look?.seconds != null ? seconds(look.seconds) : ""),
      h("span", { class: "figure" }, look?.rate ? `${look.rate / 1000} kHz` : ""),
      h("span", { class: "figure" }, look?.dbfs != null ? `${look.dbfs.toFixed(0)} dB` : ""),
      h("span", { class: "flag" }, flags.length > 0 && h("span", { class: "badge", title: flags.map(([, text]) => text).join("\n") }, flags[0][0])));
    row.dataset.state = look?.url ? "seen" : "blank";
  };
  const mark = (row, index) => {
    row.setAttribute("aria-selected", String(marks.has(sounds[index].id)));
    row.classList.toggle("current", index === current);
  };
  const draw = () => {
    frame = 0;
    const first = Math.max(0, Math.floor(element.scrollTop / ROW) - BEYOND);
    const last = Math.min(sounds.length, Math.ceil((element.scrollTop + element.clientHeight) / ROW) + BEYOND);
    for (const [index, row] of rows)
      if (index < first || index >= last) { row.remove(); rows.delete(index); }
    for (let index = first; index < last; index++) {
      let row = rows.get(index);
      if (!row) {
        row = h("div", {
          class: "sound-row", role: "option", id: `sound-${index}`, style: `top:${index * ROW}px`,
          "aria-posinset": index + 1, "aria-setsize": sounds.length,
        });
        row.dataset.index = index;
        fill(row, sounds[index]);
        rows.set(index, row);
        sizer.append(row);
      } else if (sounds[index].look?.url && row.dataset.state === "blank") fill(row, sounds[index]);
      mark(row, index);
    }
    ask();
  };
  let frame = 0;
  const redraw = () => { frame ||= requestAnimationFrame(draw); };
  let timer = 0;
  let asking = false;
  const ask = () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const ids = [...rows.keys()].sort((a, b) => a - b).map((index) => sounds[index]).filter((sound) => sound && !sound.look?.url)
        .map((sound) => sound.id).slice(0, MOST_ASKED);
      if (asking || !ids.length) return;
      asking = true;
      const isSent = await onNeed(ids);
      asking = false;
      if (isSent) redraw();
    }, ASK_MS);
  };
  element.addEventListener("scroll", redraw, { passive: true });
  const observer = new ResizeObserver(redraw);
  observer.observe(element);

  const reach = (index, { play = false } = {}) => {
    if (!sounds.length) return;
    current = Math.min(sounds.length - 1, Math.max(0, index));
    const top = current * ROW;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + ROW > element.scrollTop + element.clientHeight) element.scrollTop = top + ROW - element.clientHeight;
    draw();
    element.setAttribute("aria-activedescendant", `sound-${current}`);
    onCurrent(sounds[current], { play });
  };
  const toggle = (index) => {
    const id = sounds[index]?.id;
    if (!id) return;
    marks.has(id) ? marks.delete(id) : marks.add(id);
    anchor = index;
    tellMarks();
  };
  const markTo = (index) => {
    for (let at = Math.min(anchor, index); at <= Math.max(anchor, index); at++) if (sounds[at]) marks.add(sounds[at].id);
    tellMarks();
  };
  const tellMarks = () => { onMarks(marks); redraw(); };
  element.addEventListener("click", (event) => {
    const row = event.target.closest(".sound-row");
    if (!row) return;
    const index = Number(row.dataset.index);
    if (event.shiftKey) { markTo(index); reach(index); }
    else if (event.ctrlKey || event.metaKey) { toggle(index); reach(index); }
    else { anchor = index; reach(index, { play: true }); }
  });
  element.addEventListener("keydown", (event) => {
    if (event.altKey) return;
    const page = Math.max(1, Math.floor(element.clientHeight / ROW) - 1);
    const moves = { ArrowDown: current + 1, ArrowUp: current - 1, PageDown: current + page, PageUp: current - page, Home: 0, End: sounds.length - 1 };
    if (event.key in moves) {
      if (event.shiftKey && current >= 0 && !marks.has(sounds[current].id)) toggle(current);
      reach(moves[event.key]);
      if (event.shiftKey) { marks.add(sounds[current].id); tellMarks(); } else anchor = current;
    } else if ((event.ctrlKey || event.metaKey) && event.key === "a") { for (const sound of sounds) marks.add(sound.id); tellMarks(); }
    else if (event.ctrlKey || event.metaKey) return;
    else if (event.key === "Enter" || event.key === " ") { if (sounds[current]) onPlay(sounds[current]); else reach(0, { play: true }); }
    else if (event.key === "m") toggle(current);
    else if (event.key === "Escape") { marks.clear(); tellMarks(); }
    else if (event.key === "Delete" || event.key === "Backspace") onRemove();
    else return;
    event.preventDefault();
  });
  return {
    element, redraw, marks,
    /** Shows other sounds; the one that was reached stays it where it is among them. */
    show: (list) => {
      const before = sounds[current]?.id;
      sounds = list;
      current = sounds.findIndex((sound) => sound.id === before);
      sizer.style.height = `${sounds.length * ROW}px`;
      for (const row of rows.values()) row.remove();
      rows.clear();
      draw();
    },
    unmark: (ids) => { for (const id of ids) marks.delete(id); tellMarks(); },
    step: (by) => reach(current + by),
    get current() { return sounds[current] ?? null; },
    focus: () => element.focus(),
    remove: () => { observer.disconnect(); clearTimeout(timer); cancelAnimationFrame(frame); },
  };
};
