// A model's integer tables, and packets of codes to bytes and back: docs/format.md, sections 5 and 6.

import { AurError } from "./bytes.js";
import { PRECISION, RangeDecoder, RangeEncoder } from "./range-coder.js";

const TOTAL = 65536;
const UNIT = 1024;
const LEAN = 170;
const LARGEST_PAST = 255;
const STEPS_PER_LEVEL = 8;
const ARRAYS = ["counts", "mean", "scale", "floor", "thresholds", "symbol"];
const TYPES = { U16: Uint16Array, I32: Int32Array };

/** The tables of all steps of the quality dial. */
export class Tables {
  /** @type {Map<number, PacketCoder>} */
  #coders = new Map();

  /** @param {Record<string, {shape: number[], values: Uint16Array | Int32Array}>} arrays as in docs/format.md */
  constructor(arrays) {
    this.arrays = arrays;
    [this.levels, this.dims, this.contexts, this.symbols] = arrays.counts.shape;
    /** The highest step: quality times 8. */
    this.lastStep = (this.levels - 1) * STEPS_PER_LEVEL;
  }

  /**
   * Of a .safetensors file that has them: a model file, or an exported page's tables.safetensors.
   * @param {ArrayBuffer} file
   */
  static read(file) {
    const size = Number(new DataView(file).getBigUint64(0, true));
    const about = JSON.parse(new TextDecoder().decode(new Uint8Array(file, 8, size)));
    const arrays = {};
    for (const name of ARRAYS) {
      const part = about[`tables.${name}`];
      if (!part) throw new AurError("the file of tables has none: export the model again");
      const [first, last] = part.data_offsets;
      arrays[name] = { shape: part.shape, values: new TYPES[part.dtype](file.slice(8 + size + first, 8 + size + last)) };
    }
    return new Tables(arrays);
  }

  /** The first 4 bytes of their SHA-256, as headers of files have them, in hexadecimal. @returns {Promise<string>} */
  async digest() {
    const parts = [Int32Array.from(this.arrays.counts.shape), ...ARRAYS.map((name) => this.arrays[name].values)];
    const data = await new Blob(parts).arrayBuffer();
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
    return Array.from(hash.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  /** The coder of a step. @param {number} step quality times 8 */
  at(step) {
    if (!Number.isInteger(step) || step < 0 || step > this.lastStep)
      throw new AurError(`its quality step is ${step}, its model's last is ${this.lastStep}`);
    if (!this.#coders.has(step)) this.#coders.set(step, new PacketCoder(this, step));
    return /** @type {PacketCoder} */ (this.#coders.get(step));
  }
}

/** Codes of packets at one step of the quality dial. */
export class PacketCoder {
  #tables;
  #level;
  #upper;
  #part;
  /** @type {(Uint32Array | undefined)[]} */
  #rows;

  /** @param {Tables} tables @param {number} step */
  constructor(tables, step) {
    const { arrays, dims, contexts, levels } = tables;
    this.#tables = tables;
    this.#level = Math.floor(step / STEPS_PER_LEVEL);
    this.#upper = Math.min(this.#level + 1, levels - 1);
    this.#part = step % STEPS_PER_LEVEL;
    this.#rows = new Array(dims * contexts);
    this.dims = dims;
    this.offset = arrays.symbol.values[0];
    this.escape = arrays.symbol.values[1] === 1;
    this.thresholds = arrays.thresholds.values;
    this.floor = Float64Array.from({ length: dims }, (_, dim) => this.#mixed(arrays.floor.values, dims, dim));
    [this.meanFilter, this.scaleFilter] = [arrays.mean.values, arrays.scale.values].map((values) =>
      Float64Array.from(values, (_, at) => values[(at % dims) * 2 * dims + Math.floor(at / dims)]),
    );
    this.mean = new Float64Array(dims);
    this.spread = new Float64Array(dims);
    this.rowOf = new Int32Array(dims);
    this.prediction = new Int32Array(dims);
  }

  /** Between two levels. @param {ArrayLike<number>} values @param {number} size of a level @param {number} at */
  #mixed(values, size, at, extra = 0) {
    const [below, above] = [values[this.#level * size + at] + extra, values[this.#upper * size + at] + extra];
    return Math.floor((below * (STEPS_PER_LEVEL - this.#part) + above * this.#part) / STEPS_PER_LEVEL);
  }

  /** Bounds of a row of counts, which is made when it is first asked for. @param {number} index */
  #bounds(index) {
    const ready = this.#rows[index];
    if (ready) return ready;
    const { dims, contexts, symbols, arrays } = this.#tables;
    const counts = Float64Array.from({ length: symbols }, (_, symbol) =>
      this.#mixed(arrays.counts.values, dims * contexts * symbols, index * symbols + symbol, 1),
    );
    const largest = counts.indexOf(counts.reduce((a, b) => Math.max(a, b)));
    counts[largest] += TOTAL - counts.reduce((a, b) => a + b);
    const bounds = new Uint32Array(symbols + 1);
    for (let symbol = 0, sum = 0; symbol < symbols; sum += counts[symbol++])
      bounds[symbol] = Math.floor((sum * (PRECISION - symbols)) / TOTAL) + symbol;
    bounds[symbols] = PRECISION;
    return (this.#rows[index] = bounds);
  }

  /** Sets `rowOf` and `prediction` after the frames before. @param {Int32Array} past (2k,): the last, the one before */
  #context(past) {
    const { dims, mean, spread, thresholds } = this;
    const contexts = this.#tables.contexts;
    if (contexts === 1) {
      for (let dim = 0; dim < dims; dim++) this.rowOf[dim] = dim;
      return;
    }
    mean.fill(0);
    spread.set(this.floor);
    for (let place = 0; place < past.length; place++) {
      const value = past[place];
      if (value === 0) continue;
      const size = Math.abs(value);
      for (let dim = 0, at = place * dims; dim < dims; dim++, at++) {
        mean[dim] += this.meanFilter[at] * value;
        spread[dim] += this.scaleFilter[at] * size;
      }
    }
    for (let dim = 0; dim < dims; dim++) {
      const prediction = Math.floor((mean[dim] + UNIT / 2) / UNIT);
      const lean = mean[dim] - UNIT * prediction;
      let bucket = 0;
      while (bucket < thresholds.length && thresholds[bucket] <= spread[dim]) bucket++;
      this.prediction[dim] = prediction;
      this.rowOf[dim] = dim * contexts + 3 * bucket + (lean > LEAN ? 2 : lean < -LEAN ? 0 : 1);
    }
  }

  /**
   * The codes of a payload, in the order in which files hash them: frame by frame, channel by channel.
   * @param {Uint8Array} payload @param {number} channels @param {number} frames
   * @returns {Int32Array} (n, c, k)
   */
  decode(payload, channels, frames) {
    const { dims, escape, offset } = this;
    const last = this.#tables.symbols - 1;
    const width = channels * dims;
    const codes = new Int32Array(frames * width);
    const past = Array.from({ length: channels }, () => new Int32Array(2 * dims));
    const escapes = new Int32Array(width);
    const coder = new RangeDecoder(payload);
    for (let frame = 0, at = 0; frame < frames; frame++) {
      let count = 0;
      for (let channel = 0; channel < channels; channel++) {
        this.#context(past[channel]);
        for (let dim = 0; dim < dims; dim++, at++) {
          const symbol = coder.take(this.#bounds(this.rowOf[dim]));
          codes[at] = this.prediction[dim] + symbol - offset;
          if (escape && (symbol === 0 || symbol === last)) escapes[count++] = symbol === 0 ? -at - 1 : at;
        }
      }
      for (let index = 0; index < count; index++) {
        const place = escapes[index];
        if (place < 0) codes[-place - 1] -= coder.takeExcess();
        else codes[place] += coder.takeExcess();
      }
      for (let channel = 0; channel < channels; channel++) remember(past[channel], codes, at - width + channel * dims);
    }
    return codes;
  }

  /**
   * The payload of codes.
   * @param {Int32Array} codes (n, c, k), each of at most 2^19 @param {number} channels
   * @returns {Uint8Array}
   */
  encode(codes, channels) {
    const { dims, escape, offset } = this;
    const last = this.#tables.symbols - 1;
    const width = channels * dims;
    const past = Array.from({ length: channels }, () => new Int32Array(2 * dims));
    const coder = new RangeEncoder();
    for (let at = 0; at < codes.length; ) {
      const excesses = [];
      for (let channel = 0; channel < channels; channel++) {
        this.#context(past[channel]);
        for (let dim = 0; dim < dims; dim++, at++) {
          const raw = codes[at] - this.prediction[dim] + offset;
          const symbol = Math.min(Math.max(raw, 0), last);
          const bounds = this.#bounds(this.rowOf[dim]);
          coder.put(bounds[symbol], bounds[symbol + 1]);
          if (escape && (symbol === 0 || symbol === last)) excesses.push(Math.abs(raw - symbol));
        }
      }
      for (const excess of excesses) coder.putExcess(excess);
      for (let channel = 0; channel < channels; channel++) remember(past[channel], codes, at - width + channel * dims);
    }
    return coder.finish();
  }
}

/** Move a channel's past on by the frame that begins at `at`. */
function remember(past, codes, at) {
  const dims = past.length / 2;
  past.copyWithin(dims, 0, dims);
  for (let dim = 0; dim < dims; dim++)
    past[dim] = Math.min(Math.max(codes[at + dim], -LARGEST_PAST), LARGEST_PAST);
}
