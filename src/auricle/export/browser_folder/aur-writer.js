// Writing .aur files of version 2, as docs/format.md describes them and as Auricle itself does.

import { AurError, ByteWriter, codesChecksum, crc32c } from "./bytes.js";
import { framesOf } from "./aur-file.js";
import { MID_SIDE } from "./sound.js";

/** @typedef {import("./tables.js").Tables} Tables */

/**
 * @typedef {object} Coded
 * @property {Int32Array} codes (n, c, k), frame by frame, channel by channel
 * @property {number} channels
 * @property {number} step quality times 8
 * @property {number} samples per channel, at the sound's own rate
 * @property {number} sampleRate the sound's own, in Hz
 * @property {Record<string, string>} [tags]
 * @property {number} [packetSeconds] 4 unless told otherwise
 */

const MAX_BODY = 2 ** 20;
const TABLE_FROM = 16;
const [PACKET, LAST, OPTIONAL] = [0, 1, 2];

/**
 * A whole file.
 * @param {{name: string, fingerprint: string, sample_rate: number, hop_length: number, decoder_latency: number}} config
 *   of the model: what config.json holds
 * @param {Tables} tables of the model
 * @param {Coded} coded
 * @returns {Promise<Uint8Array>}
 */
export async function writeAur(config, tables, coded) {
  const { codes, channels, step, samples } = coded;
  const coder = tables.at(step);
  const seconds = config.hop_length / config.sample_rate;
  const packetFrames = Math.min(Math.max(Math.round((coded.packetSeconds ?? 4) / seconds), 1), 4096);
  const frames = codes.length / (channels * coder.dims);
  const rates = { nativeRate: config.sample_rate, sampleRate: coded.sampleRate, hop: config.hop_length };
  if (frames !== framesOf({ ...rates, delay: config.decoder_latency }, samples))
    throw new AurError(`${frames} frames are not those of ${samples} samples`);
  const size = packetFrames * channels * coder.dims;
  const payloads = [];
  for (let at = 0; at === 0 || at < codes.length; at += size)
    payloads.push(coder.encode(codes.subarray(at, at + size), channels));
  const salt = new ByteWriter().number(crc32c(payloads[0]), 4).toBytes();
  const header = headerBody(config, await tables.digest(), coded, packetFrames, salt);
  const start = new ByteWriter().bytes([0x41, 0x55, 0x52, 0x32, header.length]).bytes(header).toBytes();
  const parts = [withCrc(start, start)];
  if (coded.tags && Object.keys(coded.tags).length) parts.push(record(OPTIONAL, tagsBody(coded.tags), salt));
  const places = [];
  let place = parts.reduce((sum, part) => sum + part.length, 0);
  payloads.forEach((payload, sequence) => {
    const last = sequence === payloads.length - 1;
    const fields = new ByteWriter().varint(last ? 2 * sequence : sequence);
    if (last) fields.varint(0).number(codesChecksum(codes), 4);
    const part = record(last ? LAST : PACKET, joined([fields.toBytes(), payload]), salt);
    places.push(place);
    place += part.length;
    parts.push(part);
  });
  if (places.length >= TABLE_FROM) parts.push(seekTable(header, places));
  return joined(parts);
}

/** @returns {Uint8Array} */
function headerBody(config, digest, coded, packetFrames, salt) {
  const pairs = (coded.channels * (coded.channels - 1)) / 2;
  const name = new TextEncoder().encode(config.name);
  const writer = new ByteWriter().bytes(fromHex(config.fingerprint.slice(0, 16))).bytes(fromHex(digest));
  writer.number(Math.min(name.length, 64), 1).bytes(name.subarray(0, 64));
  writer.rate(config.sample_rate).rate(coded.sampleRate).number(coded.channels, 1);
  writer.varint(config.hop_length).varint(config.decoder_latency).varint(packetFrames);
  writer.number(coded.step, 1).number(0, 1).number(coded.samples, 5);
  for (let pair = 0; pair < pairs; pair++) writer.number(coded.channels === 2 ? MID_SIDE : 0, 2);
  return writer.bytes(salt).number(0, 1).toBytes();
}

/** A record with its key and checksum. */
function record(kind, body, salt) {
  if (body.length > MAX_BODY) throw new AurError("a packet is too large for a file: use a lower quality");
  const whole = joined([new ByteWriter().varint(body.length * 4 + kind).toBytes(), body]);
  return withCrc(whole, kind === OPTIONAL ? whole : joined([salt, whole]));
}

function withCrc(data, checked) {
  return joined([data, new ByteWriter().number(crc32c(checked), 4).toBytes()]);
}

/** @param {Record<string, string>} tags */
function tagsBody(tags) {
  const words = Object.entries(tags).flat().map((word) => new TextEncoder().encode(word));
  const writer = new ByteWriter().varint(1).varint(words.length / 2);
  for (const word of words) writer.varint(word.length).bytes(word);
  return writer.toBytes();
}

function seekTable(header, places) {
  const writer = new ByteWriter().varint(2).varint(header.length).bytes(header).varint(places.length);
  places.forEach((place, index) => writer.varint(place - (index ? places[index - 1] : 0)));
  const size = writer.size + 4;
  const key = new ByteWriter().varint(size * 4 + OPTIONAL).size;
  return record(OPTIONAL, writer.number(key + size + 4, 4).toBytes(), new Uint8Array(0));
}

/** @param {Uint8Array[]} parts */
function joined(parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** @param {string} text */
function fromHex(text) {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}
