// The range coder of docs/format.md, section 6. Numbers of 64 bits are two doubles that hold 32 bits each: all sums
// and products below stay under 2^53, so they are exact, and no BigInt is made for a symbol.

import { AurError } from "./bytes.js";

const WORD = 2 ** 32;
/** Bounds of a row of symbols end here. */
export const PRECISION = 2 ** 24;
const HALVES = Uint32Array.of(0, PRECISION / 2, PRECISION);
const LONGEST_EXCESS = 20;

/** What both directions share: the width of the interval, and exact products of its unit. */
class Interval {
  widthHigh = WORD - 1;
  widthLow = WORD - 1;
  /** Halves of the last product. */
  high = 0;
  low = 0;

  /** The width divided by 2^24, rounded down: less than 2^40. */
  get unit() {
    return this.widthHigh * 256 + Math.floor(this.widthLow / PRECISION);
  }

  /** Sets `high` and `low` to unit (40 bits) times factor (24 bits). @param {number} unit @param {number} factor */
  multiply(unit, factor) {
    const tail = unit % 0x100000;
    const upper = ((unit - tail) / 0x100000) * factor;
    const sum = (upper % 0x1000) * 0x100000 + tail * factor;
    const carry = Math.floor(sum / WORD);
    this.low = sum - carry * WORD;
    this.high = Math.floor(upper / 0x1000) + carry;
  }
}

/** Symbols out of the payload of a record. */
export class RangeDecoder extends Interval {
  #data;
  #at = 8;
  /** point - lower */
  #aheadHigh;
  #aheadLow;

  /** @param {Uint8Array} data */
  constructor(data) {
    super();
    this.#data = data;
    this.#aheadHigh = this.#word(0);
    this.#aheadLow = this.#word(4);
  }

  /** The big-endian word that begins at a byte; zeros follow the end. @param {number} at */
  #word(at) {
    const data = this.#data;
    if (at + 4 <= data.length) return data[at] * 0x1000000 + ((data[at + 1] << 16) | (data[at + 2] << 8) | data[at + 3]);
    let value = 0;
    for (let place = at; place < at + 4; place++) value = value * 256 + (place < data.length ? data[place] : 0);
    return value;
  }

  /**
   * The next symbol of a row.
   * @param {Uint32Array} bounds from 0 to 2^24, one more than there are symbols
   */
  take(bounds) {
    const unit = this.unit;
    const place = this.#place(unit);
    let symbol = 0;
    for (let above = bounds.length - 1; above - symbol > 1; ) {
      const middle = (symbol + above) >>> 1;
      if (bounds[middle] <= place) symbol = middle;
      else above = middle;
    }
    this.multiply(unit, bounds[symbol]);
    const borrow = this.#aheadLow < this.low ? 1 : 0;
    this.#aheadLow += borrow * WORD - this.low;
    this.#aheadHigh -= this.high + borrow;
    this.multiply(unit, bounds[symbol + 1] - bounds[symbol]);
    if (this.high > 0) {
      this.widthHigh = this.high;
      this.widthLow = this.low;
    } else {
      this.widthHigh = this.low;
      this.widthLow = 0;
      this.#aheadHigh = this.#aheadLow;
      this.#aheadLow = this.#word(this.#at);
      this.#at += 4;
    }
    return symbol;
  }

  /** (point - lower) // unit, exactly: the quotient of doubles is off by one at most. @param {number} unit */
  #place(unit) {
    const place = Math.floor((this.#aheadHigh * WORD + this.#aheadLow) / unit);
    if (place <= PRECISION) {
      this.multiply(unit, place);
      const remainder = (this.#aheadHigh - this.high) * WORD + (this.#aheadLow - this.low);
      const exact = remainder < 0 ? place - 1 : remainder >= unit ? place + 1 : place;
      if (exact < PRECISION) return exact;
    }
    throw new AurError("these bytes are no code stream: the file is damaged");
  }

  /** An Exp-Golomb number of order 0. */
  takeExcess() {
    let digits = 1;
    while (this.take(HALVES) === 0)
      if (++digits > LONGEST_EXCESS) throw new AurError("an impossibly large code: the file is damaged");
    let value = 1;
    while (--digits > 0) value = 2 * value + this.take(HALVES);
    return value - 1;
  }
}

/** Symbols to the payload of a record. */
export class RangeEncoder extends Interval {
  /** @type {number[]} */
  #words = [];
  #lowerHigh = 0;
  #lowerLow = 0;

  /** Code the symbol between two bounds. @param {number} below @param {number} above */
  put(below, above) {
    const unit = this.unit;
    this.multiply(unit, below);
    this.#lowerLow += this.low;
    this.#lowerHigh += this.high;
    if (this.#lowerLow >= WORD) {
      this.#lowerLow -= WORD;
      this.#lowerHigh += 1;
    }
    if (this.#lowerHigh >= WORD) {
      this.#lowerHigh -= WORD;
      this.#carry();
    }
    this.multiply(unit, above - below);
    if (this.high > 0) {
      this.widthHigh = this.high;
      this.widthLow = this.low;
    } else {
      this.#words.push(this.#lowerHigh);
      this.#lowerHigh = this.#lowerLow;
      this.#lowerLow = 0;
      this.widthHigh = this.low;
      this.widthLow = 0;
    }
  }

  /** Code an Exp-Golomb number. @param {number} value from 0 to 2^20 - 2 */
  putExcess(value) {
    const places = 2 * (31 - Math.clz32(value + 1));
    for (let place = places; place >= 0; place--) {
      const bit = ((value + 1) >>> place) & (place < 31 ? 1 : 0);
      this.put(HALVES[bit], HALVES[bit + 1]);
    }
  }

  /** One more in the words that are out already. */
  #carry() {
    let place = this.#words.length - 1;
    while (this.#words[place] === WORD - 1) this.#words[place--] = 0;
    this.#words[place] += 1;
  }

  /** The shortest bytes that lie in the last interval, without zeros at their end. @returns {Uint8Array} */
  finish() {
    const lower = (BigInt(this.#lowerHigh) << 32n) + BigInt(this.#lowerLow);
    const width = (BigInt(this.widthHigh) << 32n) + BigInt(this.widthLow);
    let number = lower;
    for (let size = 64n; size >= 0n; size -= 8n) {
      number = -(-lower >> size) << size;
      if (number < lower + width) break;
    }
    if (number >> 64n) this.#carry();
    this.#words.push(Number((number >> 32n) & 0xffffffffn), Number(number & 0xffffffffn));
    const bytes = new Uint8Array(4 * this.#words.length);
    const view = new DataView(bytes.buffer);
    this.#words.forEach((word, index) => view.setUint32(4 * index, word));
    let length = bytes.length;
    while (length > 0 && bytes[length - 1] === 0) length--;
    return bytes.slice(0, length);
  }
}
