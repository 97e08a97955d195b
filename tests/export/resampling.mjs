// node resampling.mjs IN OUT FROM TO: float32 samples of one channel at another rate; says how long it took.

import { readFileSync, writeFileSync } from "node:fs";
import { resample } from "../../src/auricle/export/browser_folder/sound.js";

const [source, target, from, to] = process.argv.slice(2);
const bytes = readFileSync(source);
const samples = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
const started = performance.now();
const [result] = resample([samples], Number(from), Number(to));
writeFileSync(target, new Uint8Array(result.buffer));
console.log(((performance.now() - started) / 1000).toFixed(3));
