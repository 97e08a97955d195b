// Reading .aur files, versions 1 and 2, trusting nothing in them. docs/format.md is the norm.

import { AurError, ByteReader, codesChecksum, crc32c } from "./bytes.js";

/** @typedef {import("./tables.js").Tables} Tables */

/**
 * @typedef {object} Header
 * @property {number} version of the format
 * @property {string} fingerprint of the model, first 8 bytes in hexadecimal
 * @property {string} tables digest of its tables, first 4 bytes in hexadecimal
 * @property {string} name the model's, for people
 * @property {number} nativeRate the model's, in Hz
 * @property {number} sampleRate the sound's own, in Hz
 * @property {number} channels
 * @property {number} hop samples at the native rate per frame
 * @property {number} delay samples at the native rate by which the decoder lags
 * @property {number} packetFrames
 * @property {number} step quality times 8
 * @property {number} gainDb by which the sound was raised before coding
 * @property {number | null} samples per channel at the own rate; null where the header does not say
 * @property {number[]} angles of the rotation of channels
 * @property {Uint8Array} salt
 * @property {number} sourceSamples 16, 24, 32 (floating point) or 0
 * @property {number} coherence of the noise of all channels with that of the first, from 0 to 1
 */

/**
 * @typedef {object} Packet
 * @property {number} sequence
 * @property {number} frames
 * @property {Uint8Array | null} payload null where it is lost
 */

/** How much sound a stranger's file may hold: checked before anything is decoded. */
export const LIMITS = Object.freeze({ maxHours: 12, maxRatio: 1 });

const MAX_SAMPLES = 2 ** 40 - 2;
const MAX_RECORD = 2 ** 20;
const MAX_TAGS = 64;
const MAX_TOPIC = Number.MAX_SAFE_INTEGER;
const TAGS = 1;
const SEEK_TABLE = 2;
const GAP = 3;
const KIND = Object.freeze({ packet: 0, last: 1, optional: 2, critical: 3 });

/** A whole .aur file whose records are all checked. Codes are decoded packet by packet. */
export class AurFile {
  /** @type {Header} */
  header;
  /** @type {Record<string, string>} */
  tags = {};
  /** Per channel, at the sound's own rate. */
  samples = 0;
  /** Per channel. */
  frames = 0;
  /** CRC-32C of all codes. */
  checksum = 0;
  #data;
  /** @type {Map<number, number>} */
  #places = new Map();
  /** How many packets there are, lost ones too. */
  packets = 0;

  /**
   * @param {ArrayBuffer | Uint8Array} data
   * @param {{maxHours?: number, maxRatio?: number}} [limits] hours of sound, and seconds of it per byte after the first minute
   * @throws {AurError} it is none, is damaged or cut short, or claims too much
   */
  constructor(data, limits = {}) {
    this.#data = data instanceof Uint8Array ? data : new Uint8Array(data);
    const { maxHours, maxRatio } = { ...LIMITS, ...limits };
    const reader = new ByteReader(this.#data);
    this.header = readHeader(reader);
    const seconds = () => (this.frames * this.header.hop) / this.header.nativeRate;
    this.#walk(reader, () => {
      if (seconds() > 3600 * maxHours)
        throw new AurError(`it holds ${(seconds() / 3600).toFixed(1)} hours of sound, allowed are ${maxHours}`);
      if (seconds() > 60 + maxRatio * this.#data.length)
        throw new AurError(`it claims ${seconds().toFixed(0)} s of sound in ${this.#data.length} bytes`);
    });
  }

  /** Lost packets. */
  get lost() {
    return this.packets - this.#places.size;
  }

  /** Length in seconds. */
  get seconds() {
    return this.samples / this.header.sampleRate;
  }

  /** Samples per channel at the model's rate. */
  get nativeSamples() {
    return Math.ceil((this.samples * this.header.nativeRate) / this.header.sampleRate);
  }

  /** Whether a packet is not lost. @param {number} sequence */
  has(sequence) {
    return this.#places.has(sequence);
  }

  /** @param {number} sequence from 0 @returns {Packet} */
  packet(sequence) {
    const { packetFrames, salt } = this.header;
    const frames = Math.min(packetFrames, this.frames - sequence * packetFrames);
    const place = this.#places.get(sequence);
    if (place === undefined) return { sequence, frames, payload: null };
    const { kind, body } = readRecord(new ByteReader(this.#data, place), salt);
    if (kind === KIND.last) {
      body.varint(2 * MAX_SAMPLES + 1);
      body.varint(MAX_SAMPLES + 1);
      body.take(4);
    } else body.varint(MAX_SAMPLES);
    return { sequence, frames, payload: body.take(body.left) };
  }

  /**
   * The codes of a packet, frame by frame, channel by channel; null where it is lost.
   * @param {number} sequence @param {Tables} tables of the model
   * @returns {Int32Array | null} (n, c, k)
   */
  codes(sequence, tables) {
    const { frames, payload } = this.packet(sequence);
    return payload && tables.at(this.header.step).decode(payload, this.header.channels, frames);
  }

  /**
   * Decode all codes and compare them with what was written.
   * @param {Tables} tables
   * @throws {AurError} they differ
   */
  verify(tables) {
    let checksum = 0;
    for (let sequence = 0; sequence < this.packets; sequence++) {
      const codes = this.codes(sequence, tables);
      if (codes) checksum = codesChecksum(codes, checksum);
    }
    if (!this.lost && checksum !== this.checksum) throw new AurError("its codes are not those that were written: get the file again");
  }

  /** @param {ByteReader} reader @param {() => void} check the limits */
  #walk(reader, check) {
    const { header } = this;
    const longest = framesOf(header, MAX_SAMPLES);
    for (let ended = false; !ended || reader.left > 0; ) {
      const place = reader.at;
      if (reader.left === 0) throw new AurError(`it ends after ${this.packets} packets: it is cut short`);
      const { kind, body } = readRecord(reader, header.salt);
      if (kind === KIND.optional) {
        if (!ended && Object.keys(this.tags).length === 0) this.tags = readTags(body);
        continue;
      }
      if (ended) throw new AurError("it is damaged: a packet stands after its end");
      if (kind === KIND.last) {
        this.#last(body, place);
        ended = true;
      } else if (kind === KIND.critical) {
        if (body.varint(MAX_TOPIC) !== GAP) throw new AurError("it needs a newer reader than this one");
        this.#inPlace(body.varint(MAX_SAMPLES));
        const count = body.varint(MAX_SAMPLES);
        if (count === 0 || body.left) throw new AurError("a mark of lost packets in it is malformed");
        this.packets += count;
      } else {
        this.#inPlace(body.varint(MAX_SAMPLES));
        this.#places.set(this.packets++, place);
      }
      if (!ended) this.frames = this.packets * header.packetFrames;
      if (this.frames > longest) throw new AurError("a packet in it lies beyond the longest sound");
      check();
    }
  }

  /** @param {number} sequence that a record states */
  #inPlace(sequence) {
    if (sequence !== this.packets) throw new AurError(`it is damaged: packet ${sequence} stands in the place of ${this.packets}`);
  }

  /** @param {ByteReader} body @param {number} place */
  #last(body, place) {
    const { header } = this;
    const number = body.varint(2 * MAX_SAMPLES + 1);
    this.#inPlace(Math.floor(number / 2));
    const length = body.varint(MAX_SAMPLES + 1);
    if (length === 0 && header.samples === null) throw new AurError("neither its header nor its end tells its length");
    if (length > 0 && header.samples !== null && header.samples !== length - 1)
      throw new AurError(`it ends after ${length - 1} samples, its header says ${header.samples}: get the file again`);
    this.samples = length > 0 ? length - 1 : /** @type {number} */ (header.samples);
    this.checksum = body.number(4);
    if (number % 2 && body.left) throw new AurError("its last packet is marked as lost and not empty");
    if (number % 2 === 0) this.#places.set(this.packets, place);
    this.frames = framesOf(header, this.samples);
    const left = this.frames - this.packets++ * header.packetFrames;
    if (!(left >= 1 && left <= header.packetFrames) && !(left === 0 && this.samples === 0))
      throw new AurError(`${this.samples} samples do not fit its ${this.packets} packets: get the file again`);
  }
}

/** Frames of a sound of so many samples at its own rate. @param {Pick<Header, "nativeRate" | "sampleRate" | "delay" | "hop">} header @param {number} samples */
export function framesOf(header, samples) {
  const native = Math.ceil((samples * header.nativeRate) / header.sampleRate);
  return samples ? Math.ceil((native + header.delay) / header.hop) : 0;
}

/**
 * Where packets begin, as the table at the end of a file says it; 0 for a lost one. For those who have a part of the
 * file alone: it must not be trusted, and who goes there checks the packet.
 * @param {Uint8Array} data the file, or its end
 * @returns {number[] | null} null where there is no table that is whole
 */
export function readSeekTable(data) {
  if (data.length < 8) return null;
  const length = new ByteReader(data, data.length - 8).number(4);
  if (length <= 8 || length > data.length) return null;
  try {
    const { kind, body } = readRecord(new ByteReader(data, data.length - length), new Uint8Array(0));
    if (kind !== KIND.optional || body.varint(MAX_TOPIC) !== SEEK_TABLE) return null;
    body.take(body.varint(MAX_RECORD));
    const places = [];
    for (let count = body.varint(MAX_RECORD), place = 0; count > 0; count--) {
      const step = body.varint(MAX_TOPIC);
      place += step;
      places.push(step ? place : 0);
    }
    return places;
  } catch (error) {
    if (error instanceof AurError) return null;
    throw error;
  }
}

/** @param {ByteReader} reader @param {Uint8Array} salt */
function readRecord(reader, salt) {
  const start = reader.at;
  const key = reader.varint(MAX_RECORD * 4 + 3);
  const kind = key % 4;
  const body = new ByteReader(reader.take(Math.floor(key / 4)));
  const checked = reader.data.subarray(start, reader.at);
  if (crc32c(checked, kind === KIND.optional ? 0 : crc32c(salt)) !== reader.number(4))
    throw new AurError(`it is damaged at byte ${start}: a checksum is wrong`);
  return { kind, body };
}

/** @param {ByteReader} reader @returns {Header} */
function readHeader(reader) {
  const magic = reader.left < 4 ? "" : String.fromCharCode(...reader.take(4));
  if (!magic.startsWith("AUR")) throw new AurError("it is not an .aur file");
  if (magic !== "AUR1" && magic !== "AUR2") throw new AurError("it has a format version that this page does not know");
  const body = new ByteReader(reader.take(reader.number(1)));
  if (crc32c(reader.data.subarray(0, reader.at)) !== reader.number(4)) throw new AurError("its header is damaged");
  const fields = {
    version: Number(magic[3]),
    fingerprint: hex(body.take(8)),
    tables: hex(body.take(4)),
    name: readName(body),
    nativeRate: within("native rate", body.rate(), 4000, 192000),
    sampleRate: within("sample rate", body.rate(), 8000, 192000),
    channels: within("number of channels", body.number(1), 1, 8),
    hop: within("hop length", body.varint(2 ** 16), 1, 2 ** 16),
    delay: body.varint(2 ** 20),
    packetFrames: within("packet length", body.varint(2 ** 12), 1, 2 ** 12),
    step: body.number(1),
    gainDb: body.signed(1) / 2,
  };
  const samples = body.number(5);
  const angles = Array.from({ length: (fields.channels * (fields.channels - 1)) / 2 }, () => body.signed(2));
  const [salt, sourceSamples] = fields.version > 1 ? [body.take(4), body.number(1)] : [new Uint8Array(0), 0];
  const coherence = fields.version > 1 && body.left > 0 ? body.number(1) / 255 : 0;
  return { ...fields, samples: samples > MAX_SAMPLES ? null : samples, angles, salt, sourceSamples, coherence };
}

/** @param {ByteReader} body */
function readName(body) {
  const data = body.take(within("model name length", body.number(1), 0, 64));
  try {
    const name = new TextDecoder("utf-8", { fatal: true }).decode(data);
    if (!/\p{C}|(?! )\p{Z}/u.test(name)) return name;
  } catch {}
  throw new AurError("its model name holds what can't be printed");
}

/** Tags of an optional record, none where it is about something else or malformed. @param {ByteReader} body */
function readTags(body) {
  /** @type {Record<string, string>} */
  const tags = {};
  const text = () => new TextDecoder().decode(body.take(body.varint(MAX_RECORD)));
  try {
    if (body.varint(MAX_TOPIC) !== TAGS) return {};
    for (let count = Math.min(body.varint(MAX_RECORD), MAX_TAGS); count > 0; count--) {
      const [key, value] = [text(), text().slice(0, 4096)];
      if (/^[a-z0-9 _.-]{1,64}$/.test(key) && !Object.hasOwn(tags, key)) tags[key] = value.replace(/(?!\n)\p{Cc}/gu, "");
    }
    return tags;
  } catch (error) {
    if (error instanceof AurError) return {};
    throw error;
  }
}

/** @param {string} name @param {number} value @param {number} low @param {number} high */
function within(name, value, low, high) {
  if (value < low || value > high) throw new AurError(`its ${name} is ${value}, not ${low} to ${high}`);
  return value;
}

/** @param {Uint8Array} data */
function hex(data) {
  return Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
