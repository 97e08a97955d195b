// The Worker behind auricle.js: one message asks, one answers. Players get their samples on a port of their own.

import { AurError } from "./bytes.js";
import { Codec, SoundStream } from "./codec.js";
import { MorphSource } from "./sources.js";

const AHEAD_SECONDS = 0.2;
const MOST_AHEAD_SECONDS = 1.6;
const FRAMES_PER_BLOCK = 4;

/** @type {Codec} */
let codec;
/** @type {Map<number, any>} sources */
const sources = new Map();
/** @type {Map<number, Playback>} */
const players = new Map();
let newest = 0;

/** Hands blocks of a source to a player's AudioWorklet, some time ahead of what it plays: more where they come too late. */
class Playback {
  #stream;
  #port;
  #generation = 0;
  #sent = 0;
  #played = 0;
  #busy = false;
  #gaps = 0;
  #ahead = AHEAD_SECONDS * codec.config.sample_rate;
  playing = false;
  settings;

  constructor(source, port, settings) {
    this.#stream = new SoundStream(codec, source);
    this.#port = port;
    this.settings = settings;
    port.onmessage = ({ data }) => {
      if (data.generation !== this.#generation) return;
      this.#played = data.played;
      if (data.gaps > this.#gaps) this.#ahead = Math.min(1.5 * this.#ahead, MOST_AHEAD_SECONDS * codec.config.sample_rate);
      this.#gaps = data.gaps;
      this.fill();
    };
  }

  seek(sample) {
    this.#generation++;
    this.#sent = this.#played = 0;
    this.#port.postMessage({ flush: this.#generation });
    this.#stream.seek(sample);
    this.fill();
  }

  async fill() {
    if (this.#busy) return;
    this.#busy = true;
    try {
      while (this.playing && this.#sent - this.#played < this.#ahead) {
        const generation = this.#generation;
        const block = await this.#stream.next(FRAMES_PER_BLOCK, this.settings);
        if (generation !== this.#generation) continue;
        if (!block) {
          this.#port.postMessage({ generation, end: true });
          break;
        }
        this.#sent += block.channels[0].length;
        this.#port.postMessage({ generation, ...block }, block.channels.map((channel) => channel.buffer));
      }
    } catch (error) {
      this.#port.postMessage({ generation: this.#generation, end: true, error: String(error.message ?? error) });
    } finally {
      this.#busy = false;
    }
  }
}

const VERBS = {
  async load({ folder }) {
    codec = await Codec.load(folder);
    const { config, tables } = codec;
    return { config, lastStep: tables.lastStep };
  },
  async open({ data, limits }) {
    const { file, source } = await codec.open(data, limits);
    return { ...added(source), header: file.header, tags: file.tags, lost: file.lost };
  },
  async encode({ channels, sampleRate }) {
    return added(await codec.encode(channels, sampleRate));
  },
  morph({ ids }) {
    return added(new MorphSource(codec.network, ids.map(sourceOf)));
  },
  decode({ id, settings, sampleRate }) {
    return codec.decode(sourceOf(id), settings, sampleRate);
  },
  write({ id, step, tags }) {
    return codec.write(sourceOf(id), step, tags);
  },
  close({ id }) {
    sources.delete(id);
  },
  player({ id, port, settings }) {
    players.set(++newest, new Playback(sourceOf(id), port, settings));
    return newest;
  },
  change({ player, settings }) {
    const playback = players.get(player);
    if (playback) playback.settings = settings;
  },
  play({ player, playing }) {
    const playback = players.get(player);
    if (!playback) return;
    playback.playing = playing;
    return playback.fill();
  },
  seek({ player, sample }) {
    players.get(player)?.seek(sample);
  },
  closePlayer({ player }) {
    const playback = players.get(player);
    if (playback) playback.playing = false;
    players.delete(player);
  },
};

function added(source) {
  sources.set(++newest, source);
  const { channels, samples, sampleRate, ownSamples } = source;
  return { id: newest, channels, samples, sampleRate, ownSamples };
}

function sourceOf(id) {
  const source = sources.get(id);
  if (!source) throw new AurError("this sound is closed");
  return source;
}

self.onmessage = async ({ data: { turn, verb, ...words } }) => {
  try {
    self.postMessage({ turn, result: await VERBS[verb](words) });
  } catch (error) {
    self.postMessage({ turn, error: error instanceof AurError ? error.message : String(error), ours: error instanceof AurError });
  }
};
