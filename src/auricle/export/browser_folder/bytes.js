// The smallest parts of the .aur format: numbers, rates and checksums. docs/format.md, section 1, is the norm.

/** What is wrong with a file, in one line for people. */
export class AurError extends Error {
  name = "AurError";
}

/** Sample rates that are stored as one byte, counted from 1. */
export const RATES = [8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000, 176400, 192000];

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0x82f63b78 : 0);
  return value >>> 0;
});

/**
 * CRC-32C of bytes that follow bytes of the CRC `before`.
 * @param {Uint8Array} data
 * @param {number} [before]
 * @returns {number} unsigned, of 32 bits
 */
export function crc32c(data, before = 0) {
  let value = ~before;
  for (let at = 0; at < data.length; at++) value = (value >>> 8) ^ CRC_TABLE[(value ^ data[at]) & 0xff];
  return ~value >>> 0;
}

/**
 * The CRC-32C of codes as little-endian 32-bit integers, after others of the CRC `before`.
 * @param {Int32Array} codes
 * @param {number} [before]
 */
export function codesChecksum(codes, before = 0) {
  return crc32c(new Uint8Array(codes.buffer, codes.byteOffset, codes.byteLength), before);
}

/** Fields taken one by one from bytes; every method throws AurError where they end too early. */
export class ByteReader {
  /** @param {Uint8Array} data @param {number} [at] where to begin */
  constructor(data, at = 0) {
    this.data = data;
    this.at = at;
  }

  /** Bytes that have not been read. */
  get left() {
    return this.data.length - this.at;
  }

  /** @param {number} size @returns {Uint8Array} a view, not a copy */
  take(size) {
    if (size > this.left) throw new AurError("it is cut short");
    this.at += size;
    return this.data.subarray(this.at - size, this.at);
  }

  /** An unsigned little-endian integer of at most 6 bytes. @param {number} size */
  number(size) {
    return this.take(size).reduceRight((value, byte) => value * 256 + byte, 0);
  }

  /** A signed little-endian integer of at most 6 bytes. @param {number} size */
  signed(size) {
    const value = this.number(size);
    return value < 2 ** (8 * size - 1) ? value : value - 2 ** (8 * size);
  }

  /** A variable-length integer (LEB128) up to `limit`, which is at most 2^53 - 1. @param {number} limit */
  varint(limit) {
    for (let value = 0, scale = 1, count = 1; ; scale *= 128, count++) {
      const byte = this.number(1);
      value += (byte & 0x7f) * scale;
      if (value > limit) throw new AurError(`a number in it is above ${limit}`);
      if ((byte === 0 && count > 1) || count > 8) throw new AurError("a number in it is malformed");
      if (byte < 0x80) return value;
    }
  }

  /** A sample rate in Hz. */
  rate() {
    const code = this.number(1);
    if (code > RATES.length) throw new AurError(`sample rate code ${code} is unknown`);
    return code ? RATES[code - 1] : this.varint(RATES[RATES.length - 1]);
  }
}

/** Bytes that grow. */
export class ByteWriter {
  /** @type {number[]} */
  #bytes = [];

  get size() {
    return this.#bytes.length;
  }

  /** @param {Iterable<number>} data */
  bytes(data) {
    for (const byte of data) this.#bytes.push(byte);
    return this;
  }

  /** A little-endian integer, in two's complement where it is negative. @param {number} value @param {number} size */
  number(value, size) {
    for (let left = value < 0 ? value + 2 ** (8 * size) : value, n = 0; n < size; n++, left = Math.floor(left / 256))
      this.#bytes.push(left % 256);
    return this;
  }

  /** @param {number} value an integer from 0 to 2^53 - 1 */
  varint(value) {
    for (; value > 0x7f; value = Math.floor(value / 128)) this.#bytes.push((value % 128) | 0x80);
    this.#bytes.push(value);
    return this;
  }

  /** @param {number} rate in Hz */
  rate(rate) {
    const code = RATES.indexOf(rate) + 1;
    return code ? this.number(code, 1) : this.number(0, 1).varint(rate);
  }

  /** Everything so far. */
  toBytes() {
    return Uint8Array.from(this.#bytes);
  }
}
