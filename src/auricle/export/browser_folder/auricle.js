/**
 * An Auricle model in a page: .aur files read and written, sounds coded and played, without a server.
 *
 *     import { Auricle } from "./auricle.js";
 *     const model = await Auricle.load();
 *     const sound = await model.open(await file.arrayBuffer());      // an .aur file
 *     const player = await model.player(sound);
 *     await player.play();
 *
 * docs/javascript.md describes it. Errors that a user can do something about are AurError, one line each.
 */

import { AurError } from "./bytes.js";

export { AurError };
export { AurFile, LIMITS, readSeekTable } from "./aur-file.js";
export { Tables } from "./tables.js";
export { resample } from "./sound.js";

/** @typedef {import("./sources.js").Settings} Settings */

/**
 * A sound that the Worker holds.
 * @typedef {object} Sound
 * @property {number} id
 * @property {number} channels
 * @property {number} samples per channel at the model's rate
 * @property {number} sampleRate of the sound itself, in Hz
 * @property {number} ownSamples per channel at that rate
 * @property {import("./aur-file.js").Header} [header] of an .aur file
 * @property {Record<string, string>} [tags] of an .aur file
 * @property {number} [lost] packets of an .aur file that are lost
 */

/** A model, in a Worker of its own. */
export class Auricle {
  #worker;
  #turn = 0;
  /** @type {Map<number, {resolve: (value: any) => void, reject: (error: Error) => void}>} */
  #waiting = new Map();
  /** What config.json of the exported folder holds. @type {Record<string, any>} */
  config = {};
  /** The highest quality. */
  maxQuality = 0;

  /** @param {Worker} worker */
  constructor(worker) {
    this.#worker = worker;
    worker.onmessage = ({ data: { turn, result, error, ours } }) => {
      const waiting = this.#waiting.get(turn);
      this.#waiting.delete(turn);
      if (error === undefined) waiting?.resolve(result);
      else waiting?.reject(ours ? new AurError(error) : new Error(error));
    };
    worker.onerror = (event) => {
      for (const { reject } of this.#waiting.values()) reject(new AurError(`the Worker can't be started: ${event.message ?? "a file is missing"}`));
      this.#waiting.clear();
    };
  }

  /**
   * Load the model that lies beside this file, or in another folder that `auricle export --to browser` made.
   * @param {string | URL} [folder] with a slash at its end
   */
  static async load(folder = new URL("./", import.meta.url)) {
    if (!globalThis.isSecureContext)
      throw new AurError("browsers allow sound here over https or on localhost only: open the page that way");
    const model = new Auricle(new Worker(new URL("./worker.js", import.meta.url), { type: "module" }));
    const { config, lastStep } = await model.#ask("load", { folder: String(folder) });
    model.config = config;
    model.maxQuality = lastStep / 8;
    return model;
  }

  /** The model's rate, in Hz. */
  get sampleRate() {
    return this.config.sample_rate;
  }

  /**
   * An .aur file of this model, checked as a whole.
   * @param {ArrayBuffer | Uint8Array} data
   * @param {{maxHours?: number, maxRatio?: number}} [limits]
   * @returns {Promise<Sound>}
   */
  open(data, limits) {
    return this.#ask("open", { data: data instanceof Uint8Array ? data : new Uint8Array(data), limits });
  }

  /**
   * A sound's latents.
   * @param {Float32Array[]} channels of samples from -1 to 1 @param {number} sampleRate in Hz
   * @returns {Promise<Sound>}
   */
  encode(channels, sampleRate) {
    return this.#ask("encode", { channels, sampleRate });
  }

  /** A sound that is a point between four others of one channel each. @param {Sound[]} sounds @returns {Promise<Sound>} */
  morph(sounds) {
    return this.#ask("morph", { ids: sounds.map(({ id }) => id) });
  }

  /**
   * All of a sound, decoded.
   * @param {Sound} sound
   * @param {{quality?: number, sampleRate?: number}} [options] quality of a sound that was encoded here: left out, nothing
   *   is rounded; sampleRate: the sound's own unless told otherwise
   * @returns {Promise<Float32Array[]>}
   */
  decode(sound, { quality, sampleRate } = {}) {
    return this.#ask("decode", { id: sound.id, settings: { step: this.#step(quality) }, sampleRate });
  }

  /**
   * An .aur file of a sound that was encoded here.
   * @param {Sound} sound @param {{quality?: number, tags?: Record<string, string>}} [options]
   * @returns {Promise<Uint8Array>}
   */
  write(sound, { quality = this.maxQuality / 2, tags } = {}) {
    return this.#ask("write", { id: sound.id, step: this.#step(quality), tags });
  }

  /** Forget a sound. @param {Sound} sound */
  close(sound) {
    return this.#ask("close", { id: sound.id });
  }

  /**
   * What plays a sound. Browsers let it begin after a click only.
   * @param {Sound} sound @param {{quality?: number, point?: [number, number]}} [settings]
   */
  async player(sound, settings = {}) {
    const context = new AudioContext({ sampleRate: this.sampleRate, latencyHint: "interactive" });
    await context.audioWorklet.addModule(new URL("./worklet.js", import.meta.url));
    const node = new AudioWorkletNode(context, "auricle-player", { numberOfInputs: 0, outputChannelCount: [sound.channels] });
    const { port1, port2 } = new MessageChannel();
    node.port.postMessage({ port: port1 }, [port1]);
    const ask = (verb, words, transfer) => this.#ask(verb, words, transfer);
    const first = { step: this.#step(settings.quality), point: settings.point, original: false };
    const id = await ask("player", { id: sound.id, port: port2, settings: first }, [port2]);
    node.connect(context.destination);
    return new Player(sound, context, node, (verb, words) => ask(verb, { player: id, ...words }), first, (quality) => this.#step(quality));
  }

  /** End the Worker. */
  end() {
    this.#worker.terminate();
  }

  /** @param {number} [quality] */
  #step(quality) {
    return quality === undefined ? null : Math.round(Math.min(Math.max(quality, 0), this.maxQuality) * 8);
  }

  #ask(verb, words, transfer = []) {
    return new Promise((resolve, reject) => {
      this.#waiting.set(++this.#turn, { resolve, reject });
      this.#worker.postMessage({ turn: this.#turn, verb, ...words }, transfer);
    });
  }
}

/** Plays a sound. Events: `time` (many a second), `end`, and before it `error` where the rest can't be decoded. */
export class Player extends EventTarget {
  #node;
  #ask;
  #settings;
  #step;
  #quality;
  /** Seconds of the sound that were played. */
  time = 0;
  playing = false;
  /** Blocks of 128 samples that came too late since the beginning. */
  gaps = 0;

  constructor(sound, context, node, ask, settings, step) {
    super();
    this.sound = sound;
    this.context = context;
    this.#node = node;
    this.#ask = ask;
    this.#settings = settings;
    this.#step = step;
    this.#quality = settings.step === null ? undefined : settings.step / 8;
    node.port.onmessage = ({ data }) => {
      this.time = data.position / context.sampleRate;
      this.gaps = data.gaps;
      this.dispatchEvent(new Event("time"));
      if (data.ended && this.playing) {
        this.playing = false;
        if (data.error) this.dispatchEvent(new ErrorEvent("error", { message: data.error }));
        this.dispatchEvent(new Event("end"));
      }
    };
  }

  /** Where the sound can be taken for other nodes of the same context. */
  get node() {
    return this.#node;
  }

  /** Go on, or begin again after the end. */
  async play() {
    await this.context.resume();
    if (!this.playing && this.time >= this.sound.samples / this.context.sampleRate) await this.seek(0);
    this.playing = true;
    this.#node.port.postMessage({ playing: true });
    await this.#ask("play", { playing: true });
  }

  async pause() {
    this.playing = false;
    this.#node.port.postMessage({ playing: false });
    await this.#ask("play", { playing: false });
  }

  /** @param {number} seconds from the beginning */
  async seek(seconds) {
    this.time = seconds;
    await this.#ask("seek", { sample: Math.round(seconds * this.context.sampleRate) });
    if (this.playing) this.#node.port.postMessage({ playing: true });
  }

  /** Quality of a sound that was encoded here, heard a fifth of a second later; undefined: nothing is rounded. */
  get quality() {
    return this.#quality;
  }

  set quality(quality) {
    this.#quality = quality;
    this.#change({ step: this.#step(quality) });
  }

  /** Whether the sound is heard as it was before coding, where it was encoded here. */
  get original() {
    return this.#settings.original;
  }

  set original(original) {
    this.#change({ original });
  }

  /** Where a morph stands, from [0, 0] (the first sound) to [1, 1] (the last). @returns {[number, number]} */
  get point() {
    return this.#settings.point ?? [0.5, 0.5];
  }

  set point(point) {
    this.#change({ point });
  }

  async close() {
    await this.pause();
    await this.#ask("closePlayer", {});
    await this.context.close();
  }

  #change(settings) {
    this.#settings = { ...this.#settings, ...settings };
    this.#ask("change", { settings: this.#settings });
  }
}

/** Takes sound from the microphone until it is told to stop. */
export class Recorder {
  /** @type {Float32Array[][]} */
  #blocks = [];
  #stream;
  /** Largest sample of the last block. */
  level = 0;

  constructor(context, stream, node) {
    this.context = context;
    this.#stream = stream;
    node.port.onmessage = ({ data }) => {
      this.#blocks.push(data);
      this.level = data[0].reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    };
  }

  /** @param {number} [sampleRate] of the result, in Hz; some browsers insist on that of the device */
  static async start(sampleRate) {
    const sound = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    const stream = await navigator.mediaDevices.getUserMedia({ audio: sound }).catch(() => null);
    if (!stream) throw new AurError("no microphone, or none that this page may hear");
    let context = new AudioContext({ sampleRate });
    let source;
    try {
      source = context.createMediaStreamSource(stream);
    } catch {
      await context.close();
      context = new AudioContext();
      source = context.createMediaStreamSource(stream);
    }
    await context.audioWorklet.addModule(new URL("./worklet.js", import.meta.url));
    const node = new AudioWorkletNode(context, "auricle-recorder", { numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit" });
    source.connect(node);
    await context.resume();
    return new Recorder(context, stream, node);
  }

  /** Seconds so far. */
  get time() {
    return (this.#blocks.length * 128) / this.context.sampleRate;
  }

  /** @returns {Promise<{channels: Float32Array[], sampleRate: number}>} what was recorded */
  async stop() {
    for (const track of this.#stream.getTracks()) track.stop();
    const { sampleRate } = this.context;
    await this.context.close();
    const channel = new Float32Array(this.#blocks.reduce((sum, [block]) => sum + block.length, 0));
    let at = 0;
    for (const [block] of this.#blocks) {
      channel.set(block, at);
      at += block.length;
    }
    return { channels: [channel], sampleRate };
  }
}
