// Files and sounds to latents, and latents to sound: what the Worker does.

import { AurFile, framesOf } from "./aur-file.js";
import { writeAur } from "./aur-writer.js";
import { AurError } from "./bytes.js";
import { fetchBytes, Network } from "./network.js";
import { resample, rotate, writingAngles } from "./sound.js";
import { EncodedSource, FileSource } from "./sources.js";
import { Tables } from "./tables.js";

/** @typedef {import("./sources.js").LatentSource} LatentSource */
/** @typedef {import("./sources.js").Settings} Settings */

const WARM_UP_SECONDS = 2; // longer than what a decoder remembers
const VERIFIED_SECONDS = 600; // files up to this length have all their codes decoded when they are opened
const CHUNK = 64; // frames at a time where nobody waits
const MAX_FLOATS = 2 ** 28; // of a sound in memory: 1 GiB

/** A model with its tables and network. */
export class Codec {
  /** @param {Record<string, any>} config @param {Tables} tables @param {Network} network */
  constructor(config, tables, network) {
    this.config = config;
    this.tables = tables;
    this.network = network;
  }

  /** @param {string} folder address of an exported page's folder, with a slash at its end */
  static async load(folder) {
    const config = JSON.parse(new TextDecoder().decode(await fetchBytes(`${folder}config.json`)));
    const [tables, network] = await Promise.all([fetchBytes(`${folder}tables.safetensors`), Network.load(folder, config)]);
    return new Codec(config, Tables.read(tables.buffer), network);
  }

  /**
   * An .aur file of this model.
   * @param {Uint8Array} data @param {object} [limits]
   * @returns {Promise<{file: AurFile, source: FileSource}>}
   * @throws {AurError} it is damaged or another model's
   */
  async open(data, limits) {
    const file = new AurFile(data, limits);
    const { fingerprint, name, tables, nativeRate, hop, delay } = file.header;
    const own = [this.config.fingerprint, ...this.config.decodes];
    if (!own.some((digits) => digits.startsWith(fingerprint)))
      throw new AurError(`it was made with model ${name} (fingerprint ${fingerprint}), this page has ${this.config.name}`);
    const { sample_rate, hop_length, decoder_latency } = this.config;
    if (tables !== (await this.tables.digest()) || nativeRate !== sample_rate || hop !== hop_length || delay !== decoder_latency)
      throw new AurError("its header contradicts its model: the file is damaged");
    this.tables.at(file.header.step);
    if (file.seconds <= VERIFIED_SECONDS) file.verify(this.tables);
    return { file, source: new FileSource(file, this.tables, this.network) };
  }

  /**
   * The latents of a sound.
   * @param {Float32Array[]} channels @param {number} sampleRate in Hz
   */
  async encode(channels, sampleRate) {
    const { sample_rate, hop_length: hop, encoder_latency: lag, decoder_latency: delay, latent_dim: dim } = this.config;
    if (channels.length < 1 || channels.length > 8) throw new AurError(`${channels.length} channels: 1 to 8 can be coded`);
    if (!(sampleRate >= 8000 && sampleRate <= 192000)) throw new AurError(`${sampleRate} Hz: 8000 to 192000 can be coded`);
    const original = resample(channels, sampleRate, sample_rate);
    const ownSamples = channels[0].length;
    const frames = framesOf({ nativeRate: sample_rate, sampleRate, delay, hop }, ownSamples);
    const angles = writingAngles(channels.length);
    const rotated = rotate(original.map((channel) => channel.slice()), angles);
    const rows = channels.map(() => new Float32Array(frames * dim));
    let state = this.network.initialState("encoder", channels.length);
    for (let frame = 0; frames > 0 && frame < frames + lag; frame += CHUNK) {
      const count = Math.min(CHUNK, frames + lag - frame);
      const audio = new Float32Array(channels.length * count * hop);
      rotated.forEach((channel, c) => audio.set(channel.subarray(frame * hop, (frame + count) * hop), c * count * hop));
      let latents;
      [latents, state] = await this.network.encode(audio, channels.length, state);
      const skip = Math.max(0, lag - frame);
      rows.forEach((row, c) => {
        if (skip < count) row.set(latents.subarray((c * count + skip) * dim, (c + 1) * count * dim), (frame + skip - lag) * dim);
      });
      await breath();
    }
    const about = { samples: original[0].length, sampleRate, ownSamples, angles, original, dim };
    return new EncodedSource(this.network, rows, about);
  }

  /**
   * An .aur file of an encoded sound.
   * @param {EncodedSource} source @param {number} step @param {Record<string, string>} [tags]
   */
  async write(source, step, tags) {
    const { channels, sampleRate, ownSamples } = source;
    const codes = await source.codes(step);
    return writeAur(this.config, this.tables, { codes, channels, step, samples: ownSamples, sampleRate, tags });
  }

  /**
   * All of a sound.
   * @param {LatentSource} source @param {Settings} settings
   * @param {number} [sampleRate] the sound's own unless told otherwise
   * @returns {Promise<Float32Array[]>}
   */
  async decode(source, settings, sampleRate = source.sampleRate) {
    if (!(source.samples * source.channels <= MAX_FLOATS)) throw new AurError("it is too long to be decoded in one piece: play it");
    const whole = Array.from({ length: source.channels }, () => new Float32Array(source.samples));
    const stream = new SoundStream(this, source);
    for (let block; (block = await stream.next(CHUNK, settings)); ) {
      block.channels.forEach((channel, c) => whole[c].set(channel, block.start));
      await breath();
    }
    const result = resample(whole, this.config.sample_rate, sampleRate);
    return sampleRate === source.sampleRate ? result.map((channel) => channel.subarray(0, source.ownSamples)) : result;
  }
}

/** A source's sound from any place on, block by block. */
export class SoundStream {
  #codec;
  #state;
  #frame = 0;
  #position = 0;

  /** @param {Codec} codec @param {LatentSource} source */
  constructor(codec, source) {
    this.#codec = codec;
    this.source = source;
    this.seek(0);
  }

  /** Go on from a sample at the model's rate; some frames before it are decoded for the decoder's memory. @param {number} sample */
  seek(sample) {
    const { hop_length, decoder_latency, sample_rate } = this.#codec.config;
    const warm = Math.ceil((WARM_UP_SECONDS * sample_rate) / hop_length);
    this.#position = Math.min(Math.max(0, Math.round(sample)), this.source.samples);
    this.#frame = Math.max(0, Math.floor((this.#position + decoder_latency) / hop_length) - warm);
    this.#state = this.#codec.network.initialState("decoder", this.source.channels, this.source.coherence);
  }

  /**
   * The next block, of about so many frames; null at the end.
   * @param {number} count @param {Settings} settings
   * @returns {Promise<{start: number, channels: Float32Array[]} | null>} at the model's rate
   */
  async next(count, settings) {
    const { source } = this;
    const { hop_length: hop, decoder_latency: delay } = this.#codec.config;
    while (this.#position < source.samples) {
      const before = Math.floor((this.#position + delay) / hop) - this.#frame; // dropped
      const first = this.#frame;
      const frames = Math.min(before > 0 ? before : count, source.frames - first);
      const latents = await source.latents(first, frames, settings);
      let audio;
      [audio, this.#state] = await this.#codec.network.decode(latents, source.channels, this.#state);
      this.#frame += frames;
      const begin = first * hop - delay;
      const stop = Math.min(begin + frames * hop, source.samples);
      if (stop <= this.#position) continue;
      const [start, size] = [this.#position, frames * hop];
      this.#position = stop;
      const channels = Array.from({ length: source.channels }, (_, c) =>
        settings.original && source.original
          ? source.original[c].slice(start, stop)
          : audio.slice(c * size + start - begin, c * size + stop - begin),
      );
      return { start, channels: settings.original && source.original ? channels : this.#finished(channels, start) };
    }
    return null;
  }

  #finished(channels, start) {
    const { angles, gain, fader } = this.source;
    rotate(channels, angles, true);
    if (gain !== 1) for (const channel of channels) for (let t = 0; t < channel.length; t++) channel[t] /= gain;
    fader?.apply(channels, start);
    return channels;
  }
}

/** Let other messages in. */
function breath() {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
