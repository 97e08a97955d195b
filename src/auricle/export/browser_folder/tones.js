// Four sounds of two seconds for the corners, until others are dropped there.

const SECONDS = 2;

/** @param {number} rate in Hz @returns {Float32Array[]} a tone, wind, a plucked string, beats */
export function builtIn(rate) {
  const count = SECONDS * rate;
  const sound = (/** @type {(seconds: number, t: number) => number} */ sample) =>
    Float32Array.from({ length: count }, (_, t) => sample(t / rate, t));
  const noise = noiseOf(1);
  const partials = [1, 2, 3, 4, 5, 6];
  const tone = sound((s) => 0.12 * partials.reduce((sum, n) => sum + Math.sin(2 * Math.PI * 220 * n * s) / n, 0));
  let low = 0;
  const wind = sound((s) => {
    low += (0.03 + 0.1 * (1 - Math.cos(Math.PI * s))) * (noise() - low);
    return 0.9 * low;
  });
  return [tone, wind, string(count, rate), beats(count, rate, noise)];
}

/** Karplus and Strong's string, plucked twice. */
function string(count, rate) {
  const noise = noiseOf(2);
  const period = Math.round(rate / 147);
  const result = new Float32Array(count);
  for (let t = 0; t < count; t++) {
    const since = t % (count / 2);
    result[t] = since < period ? 0.4 * noise() : 0.498 * (result[t - period] + result[Math.max(0, t - period - 1)]);
  }
  return result;
}

function beats(count, rate, noise) {
  return Float32Array.from({ length: count }, (_, t) => {
    const s = (t / rate) % 0.5;
    const off = (t / rate + 0.25) % 0.5;
    const kick = Math.sin(2 * Math.PI * (50 * s + 6 * (1 - Math.exp(-30 * s)))) * Math.exp(-9 * s);
    return 0.5 * kick + 0.25 * noise() * Math.exp(-40 * off);
  });
}

/** Noise that is the same every time. @param {number} seed */
function noiseOf(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state / 2 ** 31;
  };
}
