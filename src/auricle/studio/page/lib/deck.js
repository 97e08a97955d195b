// Versions of one sound that play side by side: a switch fades one out while another fades in, at the same place.
import { bytesOf } from "./api.js";

const FADE_SECONDS = 0.01;
let shared = null;

/** The page's one way to the speakers; browsers let it sound after a first click or key. */
export const context = () => (shared ??= new AudioContext());

export const decode = async (url) => context().decodeAudioData(await bytesOf(url));

/** Events: `time` while it plays, `change` when something else about it is new. */
export class Deck extends EventTarget {
  #tracks = new Map();
  #sources = new Map();
  #begun = 0;
  #place = 0;
  #frame = 0;
  current = null;
  playing = false;
  loop = false;

  get duration() {
    return this.#tracks.get(this.current)?.buffer.duration ?? 0;
  }

  get time() {
    if (!this.playing) return this.#place;
    const passed = this.#place + Math.max(0, context().currentTime - this.#begun);
    return this.loop && this.duration ? passed % this.duration : Math.min(passed, this.duration);
  }

  has(name) {
    return this.#tracks.has(name);
  }

  /** A version, new or in place of one that has the name; `gain` levels it with the others. */
  put(name, buffer, gain = 1) {
    const place = this.time;
    this.#tracks.set(name, { buffer, gain });
    this.current ??= name;
    if (this.playing) {
      this.#stopSource(name);
      this.#startSource(name, context().currentTime + 0.01, place);
    }
    this.#tell("change");
  }

  clear() {
    this.pause();
    this.#tracks.clear();
    this.current = null;
    this.#place = 0;
    this.#tell("change");
  }

  choose(name) {
    if (!this.#tracks.has(name)) return;
    this.current = name;
    for (const [other, { fader }] of this.#sources) this.#fade(fader, other === name ? this.#tracks.get(other).gain : 0);
    this.#tell("change");
  }

  async play() {
    if (this.playing || !this.#tracks.size) return;
    document.dispatchEvent(new CustomEvent("deck-plays", { detail: this }));
    await context().resume();
    if (this.#place >= this.duration - 0.02) this.#place = 0;
    this.#begun = context().currentTime + 0.03;
    for (const name of this.#tracks.keys()) this.#startSource(name, this.#begun, this.#place);
    this.playing = true;
    this.#tell("change");
    this.#follow();
  }

  pause() {
    if (!this.playing) return;
    this.#place = this.time;
    this.playing = false;
    for (const name of [...this.#sources.keys()]) this.#stopSource(name);
    cancelAnimationFrame(this.#frame);
    this.#tell("change");
  }

  toggle() {
    return this.playing ? this.pause() : this.play();
  }

  seek(time) {
    const was = this.playing;
    this.pause();
    this.#place = Math.min(Math.max(0, time), Math.max(0, this.duration - 0.01));
    this.#tell("time");
    if (was) this.play();
  }

  #startSource(name, when, offset) {
    const { buffer, gain } = this.#tracks.get(name);
    const source = new AudioBufferSourceNode(context(), { buffer, loop: this.loop });
    const fader = new GainNode(context(), { gain: name === this.current ? gain : 0 });
    source.connect(fader).connect(context().destination);
    source.start(when, Math.min(offset, Math.max(0, buffer.duration - 0.005)));
    this.#sources.set(name, { source, fader });
  }

  #stopSource(name) {
    const { source, fader } = this.#sources.get(name) ?? {};
    this.#sources.delete(name);
    if (!source) return;
    this.#fade(fader, 0);
    source.stop(context().currentTime + 2 * FADE_SECONDS);
  }

  #fade(fader, gain) {
    const now = context().currentTime;
    fader.gain.cancelScheduledValues(now);
    fader.gain.setValueAtTime(fader.gain.value, now);
    fader.gain.linearRampToValueAtTime(gain, now + FADE_SECONDS);
  }

  #follow() {
    this.#tell("time");
    if (!this.loop && this.time >= this.duration) {
      this.pause();
      return;
    }
    this.#frame = requestAnimationFrame(() => this.playing && this.#follow());
  }

  #tell(name) {
    this.dispatchEvent(new Event(name));
  }
}

// One thing is heard at a time.
let heard = null;
document.addEventListener("deck-plays", (event) => {
  if (heard !== event.detail) heard?.pause();
  heard = event.detail;
});
export const silence = () => heard?.pause();
