// What JavaScript makes of golden and of damaged .aur files: for node, and for a page.

import { AurError, codesChecksum } from "../../src/auricle/export/browser_folder/bytes.js";
import { AurFile, readSeekTable } from "../../src/auricle/export/browser_folder/aur-file.js";
import { Tables } from "../../src/auricle/export/browser_folder/tables.js";
import { writeAur } from "../../src/auricle/export/browser_folder/aur-writer.js";

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Facts of a file, and whether its codes survive being coded again. */
export async function facts(data, model) {
  const tables = Tables.read(model);
  const file = new AurFile(data);
  file.verify(tables);
  const { header } = file;
  const packets = Array.from({ length: file.packets }, (_, sequence) => file.codes(sequence, tables)).filter(Boolean);
  const codes = new Int32Array(packets.reduce((sum, part) => sum + part.length, 0));
  packets.reduce((at, part) => (codes.set(part, at), at + part.length), 0);
  const hash = await crypto.subtle.digest("SHA-256", codes);
  const again = packets.every((part) => {
    const payload = tables.at(header.step).encode(part, header.channels);
    const back = tables.at(header.step).decode(payload, header.channels, part.length / header.channels / tables.dims);
    return codesChecksum(back) === codesChecksum(part);
  });
  return {
    codes: hex(new Uint8Array(hash)),
    again,
    tables: (await tables.digest()) === header.tables,
    samples: file.samples,
    channels: header.channels,
    rate: header.sampleRate,
    lost: file.lost,
    tags: file.tags,
    table: readSeekTable(data)?.length ?? 0,
  };
}

/** What cut and bent files do: how many were refused in a line, and what happened to the others. */
export function damage(data) {
  const outcomes = { refused: 0, taken: [], thrown: [] };
  const look = (name, bytes) => {
    try {
      new AurFile(bytes);
      outcomes.taken.push(name);
    } catch (error) {
      if (error instanceof AurError && !error.message.includes("\n")) outcomes.refused++;
      else outcomes.thrown.push(`${name}: ${error}`);
    }
  };
  for (let length = 0; length < data.length; length++) look(`cut at ${length}`, data.slice(0, length));
  for (let bit = 0; bit < 8 * data.length; bit++) {
    const bent = data.slice();
    bent[bit >> 3] ^= 1 << (bit & 7);
    look(`bit ${bit}`, bent);
  }
  return outcomes;
}

/** The line with which a file is refused. */
export function refusal(data) {
  try {
    new AurFile(data);
    return "";
  } catch (error) {
    return error instanceof AurError ? error.message : `not ours: ${error}`;
  }
}

/** A file of codes that were decoded from another, in short packets. */
export async function rewritten(data, model, config) {
  const tables = Tables.read(model);
  const file = new AurFile(data);
  const packets = Array.from({ length: file.packets }, (_, sequence) => file.codes(sequence, tables));
  const codes = Int32Array.from(packets.flatMap((part) => Array.from(part)));
  const { channels, step, sampleRate } = file.header;
  const coded = { codes, channels, step, sampleRate, samples: file.samples, tags: { title: "again ♪" }, packetSeconds: 0.02 };
  return writeAur(config, tables, coded);
}

/** Codes that were decoded in a second. */
export function speed(data, model) {
  const tables = Tables.read(model);
  const file = new AurFile(data);
  let count = 0;
  const started = performance.now();
  while (performance.now() - started < 200)
    for (let sequence = 0; sequence < file.packets; sequence++) count += file.codes(sequence, tables)?.length ?? 0;
  return Math.round((1000 * count) / (performance.now() - started));
}
