// What stands between a model's network and a sound: rotation of channels, gain, fades at losses, sample rates.

/** A sound: channels of samples from -1 to 1. @typedef {Float32Array[]} Channels */

/** The rotation of stereo: middle and side. */
export const MID_SIDE = 8192;
const HALF_TURN = 32768;
const FALL_SECONDS = 0.25;
const RISE_SECONDS = 0.06;

/**
 * Rotate channels in place, by angles of 1/32768 of half a turn for the pairs (0, 1), (0, 2), …, (1, 2), …
 * @param {Channels} channels @param {number[]} angles @param {boolean} [back] undo it
 */
export function rotate(channels, angles, back = false) {
  const pairs = channels.flatMap((_, p) => channels.slice(p + 1).map((__, index) => [p, p + 1 + index]));
  const turns = pairs.map(([p, q], index) => ({ p, q, angle: ((angles[index] ?? 0) * Math.PI) / HALF_TURN }));
  for (const { p, q, angle } of back ? turns.reverse() : turns) {
    const [cosine, sine] = [Math.cos(angle), back ? -Math.sin(angle) : Math.sin(angle)];
    const [one, other] = [channels[p], channels[q]];
    for (let t = 0; t < one.length; t++) {
      const [x, y] = [one[t], other[t]];
      one[t] = cosine * x + sine * y;
      other[t] = cosine * y - sine * x;
    }
  }
  return channels;
}

/** Angles that sounds are written with: middle and side for two channels, none for others. @param {number} channels */
export function writingAngles(channels) {
  return channels === 2 ? [MID_SIDE] : new Array((channels * (channels - 1)) / 2).fill(0);
}

/** The gain over samples some of whose spans are lost: it falls to zero in 250 ms, and rises again in 60. */
export class Fader {
  /** @param {[number, number][]} spans lost samples, in order; ones that touch are one @param {number} sampleRate */
  constructor(spans, sampleRate) {
    this.spans = spans.reduce((joined, [first, last]) => {
      const before = joined[joined.length - 1];
      if (before && before[1] >= first) before[1] = last;
      else joined.push([first, last]);
      return joined;
    }, /** @type {[number, number][]} */ ([]));
    this.fall = Math.max(1, FALL_SECONDS * sampleRate);
    this.rise = Math.max(1, RISE_SECONDS * sampleRate);
  }

  /** Apply it to channels in place, whose first sample is number `begin`. @param {Channels} channels @param {number} begin */
  apply(channels, begin) {
    const length = channels[0].length;
    const near = this.spans.filter(([first, last]) => first < begin + length && last + this.rise > begin);
    if (!near.length) return;
    for (let t = 0; t < length; t++) {
      const gain = Math.sin((this.#level(near, begin + t) * Math.PI) / 2) ** 2;
      for (const channel of channels) channel[t] *= gain;
    }
  }

  #level(spans, t) {
    let level = 1;
    for (const [first, last] of spans) {
      const falling = Math.min(Math.max(1 - (t - first) / this.fall, 0), 1);
      const lowest = Math.max(0, 1 - (last - first) / this.fall);
      level = Math.min(level, t < last ? falling : Math.min(Math.max(lowest + (t - last) / this.rise, 0), 1));
    }
    return level;
  }
}

const MIDDLE = 0.9568; // of the filter's edge, in the lower rate's band
// Zero crossings on each side and the Kaiser window's beta, both as soxr's filters of high quality have them.
const WINDOW = { zeros: 105.6, beta: 16.03 };
const WINDOW_OF_SMALL_RATIOS = { zeros: 93.06, beta: 13.04 };
const SMALL_RATIO = 4;

/**
 * The sound at another rate, by a windowed sinc (120 dB, flat up to 91 % of the band): ceil(t * to / from) samples.
 * @param {Channels} channels @param {number} from in Hz @param {number} to in Hz
 * @returns {Channels}
 */
export function resample(channels, from, to) {
  if (from === to) return channels;
  const divisor = greatestDivisor(from, to);
  const { zeros, beta } = Math.max(from, to) <= SMALL_RATIO * divisor ? WINDOW_OF_SMALL_RATIOS : WINDOW;
  const cutoff = MIDDLE * Math.min(1, to / from);
  const reach = zeros / cutoff;
  const phases = to / divisor;
  const taps = 2 * Math.ceil(reach) + 1;
  /** @type {(Float32Array | undefined)[]} */
  const filters = new Array(phases);
  const filter = (phase) => (filters[phase] ??= sinc(phase / phases, taps, cutoff, reach, beta));
  return channels.map((samples) => {
    const result = new Float32Array(Math.ceil((samples.length * to) / from));
    const step = from / divisor;
    for (let t = 0; t < result.length; t++) {
      const place = t * step;
      const first = Math.floor(place / phases) - (taps - 1) / 2;
      const weights = filter(place % phases);
      const end = Math.min(taps, samples.length - first);
      let [even, odd, tap] = [0, 0, Math.max(0, -first)];
      for (; tap + 1 < end; tap += 2) {
        even += weights[tap] * samples[first + tap];
        odd += weights[tap + 1] * samples[first + tap + 1];
      }
      result[t] = even + odd + (tap < end ? weights[tap] * samples[first + tap] : 0);
    }
    return result;
  });
}

function sinc(offset, taps, cutoff, reach, beta) {
  const peak = bessel(beta);
  return Float32Array.from({ length: taps }, (_, tap) => {
    const x = tap - (taps - 1) / 2 - offset;
    if (Math.abs(x) >= reach) return 0;
    const window = bessel(beta * Math.sqrt(1 - (x / reach) ** 2)) / peak;
    const angle = Math.PI * cutoff * x;
    return cutoff * window * (angle === 0 ? 1 : Math.sin(angle) / angle);
  });
}

/** Modified Bessel function of the first kind, order 0. */
function bessel(x) {
  let [sum, term] = [1, 1];
  for (let k = 1; term > 1e-12 * sum; k++) sum += term *= (x / (2 * k)) ** 2;
  return sum;
}

function greatestDivisor(a, b) {
  return b ? greatestDivisor(b, a % b) : a;
}
