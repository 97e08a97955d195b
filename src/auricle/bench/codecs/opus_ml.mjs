// Decodes Opus packets by the npm package @wasm-audio-decoders/opus-ml: node opus_ml.mjs PACKAGE KIND CHANNELS
// Standard input: packets, each after its length (uint32, little-endian). Standard output: float32 samples at 48 kHz,
// one channel after the other.
import { readFileSync, writeSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [folder, kind, channels] = process.argv.slice(2);
const { OpusMLDecoder } = await import(pathToFileURL(`${folder}/index.js`));
const decoder = new OpusMLDecoder({ speechQualityEnhancement: kind, channels: Number(channels), sampleRate: 48000 });
await decoder.ready;

const input = readFileSync(0);
const packets = [];
for (let at = 0; at < input.length; ) {
  const length = input.readUInt32LE(at);
  packets.push(new Uint8Array(input.subarray(at + 4, at + 4 + length)));
  at += 4 + length;
}
const { channelData, errors } = decoder.decodeFrames(packets);
if (errors.length) throw new Error(errors[0].message);
for (const samples of channelData) {
  const bytes = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
  for (let sent = 0; sent < bytes.length; ) {
    try {
      sent += writeSync(1, bytes, sent);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
  }
}
