// Where latents come from: an .aur file, a sound that was encoded here, or a point between four of them.

import { AurError } from "./bytes.js";
import { Fader } from "./sound.js";

/** @typedef {import("./network.js").Network} Network */
/** @typedef {import("./tables.js").Tables} Tables */

/**
 * What may change while it plays.
 * @typedef {object} Settings
 * @property {number | null} [step] quality times 8; null: latents are not rounded. Files have their own
 * @property {boolean} [original] the sound as it was before coding, where it is here
 * @property {[number, number]} [point] between four sounds, from 0 to 1
 */

/**
 * @typedef {object} LatentSource
 * @property {number} channels
 * @property {number} frames Infinity where it goes round
 * @property {number} samples per channel at the model's rate
 * @property {number} sampleRate of the sound itself
 * @property {number} ownSamples per channel at that rate
 * @property {number[]} angles of the rotation of channels
 * @property {number} coherence of the noise of all channels with that of the first, from 0 to 1
 * @property {number} gain by which the sound was raised
 * @property {Fader | null} fader
 * @property {Float32Array[] | null} original at the model's rate
 * @property {(first: number, count: number, settings: Settings) => Promise<Float32Array>} latents (c, n, d)
 */

/** An .aur file. @implements {LatentSource} */
export class FileSource {
  #file;
  #tables;
  #network;
  /** @type {{sequence: number, codes: Int32Array | null}} */
  #newest = { sequence: -1, codes: null };
  original = null;

  /** @param {import("./aur-file.js").AurFile} file @param {Tables} tables @param {Network} network */
  constructor(file, tables, network) {
    const { header } = file;
    this.#file = file;
    this.#tables = tables;
    this.#network = network;
    this.channels = header.channels;
    this.frames = file.frames;
    this.samples = file.nativeSamples;
    this.sampleRate = header.sampleRate;
    this.ownSamples = file.samples;
    this.angles = header.angles;
    this.coherence = header.coherence;
    this.gain = 10 ** (header.gainDb / 20);
    this.fader = file.lost ? new Fader(lostSpans(file), header.nativeRate) : null;
  }

  /** @param {number} first @param {number} count */
  async latents(first, count) {
    const { packetFrames, step } = this.#file.header;
    const dims = this.#tables.dims;
    const codes = new Int32Array(this.channels * count * dims);
    let silent = 0; // frames at the front that have no frame before them
    for (let frame = first; frame < first + count; frame++) {
      const sequence = Math.floor(frame / packetFrames);
      let [from, place] = [this.#codes(sequence), frame - sequence * packetFrames];
      for (let before = sequence; !from && before-- > 0; ) {
        from = this.#codes(before); // the last frame before the loss goes on
        place = packetFrames - 1;
      }
      if (!from) silent++;
      else
        for (let channel = 0; channel < this.channels; channel++) {
          const at = (place * this.channels + channel) * dims;
          codes.set(from.subarray(at, at + dims), (channel * count + frame - first) * dims);
        }
    }
    const latents = await this.#network.dequantise(codes, step);
    const dim = latents.length / this.channels / count;
    for (let channel = 0; channel < this.channels; channel++)
      latents.fill(0, channel * count * dim, (channel * count + silent) * dim);
    return latents;
  }

  #codes(sequence) {
    if (this.#newest.sequence !== sequence && this.#file.has(sequence))
      this.#newest = { sequence, codes: this.#file.codes(sequence, this.#tables) };
    return this.#newest.sequence === sequence ? this.#newest.codes : null;
  }
}

/** A sound that was encoded here: its quality can change while it plays. @implements {LatentSource} */
export class EncodedSource {
  #network;
  coherence = 0;
  fader = null;
  gain = 1;

  /**
   * @param {Network} network
   * @param {Float32Array[]} latents one row (n, d) for each rotated channel
   * @param {{samples: number, sampleRate: number, ownSamples: number, angles: number[], original: Float32Array[], dim: number}} about
   */
  constructor(network, latents, about) {
    this.#network = network;
    this.rows = latents;
    this.dim = about.dim;
    this.channels = latents.length;
    this.frames = latents[0].length / about.dim;
    this.samples = about.samples;
    this.sampleRate = about.sampleRate;
    this.ownSamples = about.ownSamples;
    this.angles = about.angles;
    this.original = about.original;
  }

  /** @param {number} first @param {number} count @param {Settings} settings */
  latents(first, count, settings) {
    const z = new Float32Array(this.channels * count * this.dim);
    this.rows.forEach((row, channel) =>
      z.set(row.subarray(first * this.dim, (first + count) * this.dim), channel * count * this.dim),
    );
    return rounded(this.#network, z, settings.step ?? null);
  }

  /** Codes as files have them. @param {number} step @returns {Promise<Int32Array>} (n, c, k) */
  async codes(step) {
    const rows = await Promise.all(this.rows.map((row) => (row.length ? this.#network.quantise(row, step) : new Int32Array(0))));
    const dims = this.frames ? rows[0].length / this.frames : 0;
    const codes = new Int32Array(this.frames * this.channels * dims);
    rows.forEach((row, channel) => {
      for (let frame = 0; frame < this.frames; frame++)
        codes.set(row.subarray(frame * dims, (frame + 1) * dims), (frame * this.channels + channel) * dims);
    });
    return codes;
  }
}

/** A point between four encoded sounds, which go round, each in its own length. @implements {LatentSource} */
export class MorphSource {
  #network;
  channels = 1;
  frames = Infinity;
  samples = Infinity;
  ownSamples = Infinity;
  angles = [];
  coherence = 0;
  gain = 1;
  fader = null;
  original = null;

  /** @param {Network} network @param {EncodedSource[]} sounds top left, top right, bottom left, bottom right */
  constructor(network, sounds) {
    if (sounds.length !== 4 || sounds.some((sound) => sound.channels !== 1 || sound.frames === 0))
      throw new AurError("a morph takes four sounds with one channel each");
    this.#network = network;
    this.sounds = sounds;
    this.sampleRate = sounds[0].sampleRate;
  }

  /** @param {number} first @param {number} count @param {Settings} settings */
  latents(first, count, settings) {
    const [x, y] = settings.point ?? [0.5, 0.5];
    const weights = [(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y];
    const dim = this.sounds[0].dim;
    const z = new Float32Array(count * dim);
    this.sounds.forEach((sound, index) => {
      for (let frame = 0; weights[index] > 0 && frame < count; frame++) {
        const at = ((first + frame) % sound.frames) * dim;
        for (let d = 0; d < dim; d++) z[frame * dim + d] += weights[index] * sound.rows[0][at + d];
      }
    });
    return rounded(this.#network, z, settings.step ?? null);
  }
}

/** @param {Network} network @param {Float32Array} z @param {number | null} step */
async function rounded(network, z, step) {
  return step === null ? z : network.dequantise(await network.quantise(z, step), step);
}

/** Samples at the model's rate that are lost. @param {import("./aur-file.js").AurFile} file */
function lostSpans(file) {
  const { packetFrames, hop, delay } = file.header;
  /** @type {[number, number][]} */
  const spans = [];
  for (let sequence = 0; sequence < file.packets; sequence++)
    if (!file.has(sequence)) {
      const frame = sequence * packetFrames;
      spans.push([frame * hop - delay, Math.min(frame + packetFrames, file.frames) * hop - delay]);
    }
  return spans;
}
