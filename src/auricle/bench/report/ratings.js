// The reckoning of the rating test (MUSHRA, ITU-R BS.1534-3): what is rated, means, listeners that are left out.
const Ratings = (() => {
  const FORMAT = "auricle-mushra";
  const MOST_VERSIONS = 9; // beside the hidden reference and two anchors: twelve at most, says the recommendation
  const LEAST_REFERENCE = 90;
  const SHARE = 0.15;

  const { isText } = Answers;
  const isScore = (value) => Number.isInteger(value) && value >= 0 && value <= 100;

  /** Whether a value from a file is a trial that can be counted: names and scores, the hidden reference among them. */
  const makesSense = (trial) =>
    trial !== null && typeof trial === "object" && isText(trial.id, 1, 200) && isText(trial.listener, 1, 200) &&
    isScore(trial.reference) && Array.isArray(trial.scores) && trial.scores.length > 0 && trial.scores.length < 64 &&
    trial.scores.every((row) => row !== null && typeof row === "object" && isText(row.name, 1, 1000) && isScore(row.score));

  const shuffled = (values, random) => {
    const order = [...values];
    for (let at = order.length - 1; at > 0; at--) {
      const other = Math.floor(random() * (at + 1));
      [order[at], order[other]] = [order[other], order[at]];
    }
    return order;
  };

  /** A trial: a sound of those rated least often, and in random order what is rated of it: places of its versions, the
   * original again, and the original without what lies above the anchors' frequencies in Hz. */
  const draw = (sounds, trials, random) => {
    const times = (sound) => trials.filter(({ file }) => file === sound.file).length;
    const fewest = Math.min(...sounds.map(times));
    const [sound] = shuffled(sounds.filter((one) => times(one) === fewest), random);
    const versions = shuffled(sound.versions.map((_, place) => ({ kind: "version", place })), random);
    const anchors = sound.anchors.map((hertz) => ({ kind: "anchor", hertz }));
    const rated = [...versions.slice(0, MOST_VERSIONS), ...anchors, { kind: "reference" }];
    return { sound, rated: shuffled(rated, random) };
  };

  const anchorName = (hertz) => `anchor of ${hertz / 1000} kHz`;

  /** What is kept of a trial with the scores of what was rated, in its order. */
  const answer = (trial, scores, listener, id, time) => ({
    id, time, listener, file: trial.sound.file,
    reference: scores[trial.rated.findIndex(({ kind }) => kind === "reference")],
    scores: trial.rated.flatMap((one, index) => {
      if (one.kind === "reference") return [];
      const version = trial.sound.versions[one.place];
      const name = one.kind === "anchor" ? anchorName(one.hertz) : `${version.codec} ${version.setting}`.trim();
      return [{ name, score: scores[index] }];
    }),
  });

  /** Listeners who gave the hidden reference less than 90 in more than 15 % of their trials. */
  const leftOut = (trials) => {
    const all = new Map();
    for (const { listener, reference } of trials) {
      const { low, count } = all.get(listener) ?? { low: 0, count: 0 };
      all.set(listener, { low: low + (reference < LEAST_REFERENCE ? 1 : 0), count: count + 1 });
    }
    return new Set([...all].filter(([, { low, count }]) => low > SHARE * count).map(([listener]) => listener));
  };

  /** The .975 quantile of Student's t, to .01 (Cornish and Fisher, who are farther off below four degrees of freedom). */
  const student = (freedom) => {
    if (freedom < 4) return [Infinity, 12.706, 4.303, 3.182][freedom];
    const z = 1.959964;
    return z + (z ** 3 + z) / (4 * freedom) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * freedom ** 2) +
      (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / (384 * freedom ** 3);
  };

  /** Mean scores, the highest first, each with half of its 95 % interval (null for one rating) over all ratings of
   * listeners that count; the reference is a row. A trial whose id was there before counts once. */
  const sum = (trials) => {
    const once = [...new Map(trials.map((trial) => [trial.id, trial])).values()];
    const out = leftOut(once);
    const scores = new Map();
    for (const trial of once.filter(({ listener }) => !out.has(listener)))
      for (const { name, score } of [...trial.scores, { name: "hidden reference", score: trial.reference }])
        scores.set(name, [...(scores.get(name) ?? []), score]);
    const rows = [...scores].map(([name, values]) => {
      const mean = values.reduce((total, value) => total + value, 0) / values.length;
      const squares = values.reduce((total, value) => total + (value - mean) ** 2, 0);
      const spread = Math.sqrt(squares / (values.length - 1) / values.length);
      return { name, mean, half: values.length > 1 ? student(values.length - 1) * spread : null, ratings: values.length };
    });
    return { rows: rows.sort((a, b) => b.mean - a.mean || (a.name < b.name ? -1 : 1)), leftOut: out.size };
  };

  const saved = (report, title, trials) => Answers.saved(FORMAT, { report, title, trials });
  const loaded = (text) => Answers.loaded(text, FORMAT, "trials", makesSense);

  /** Taps of a low-pass filter of linear phase at a share of the sampling frequency: a sinc under Blackman's window. */
  const lowPass = (share, taps) => {
    const half = (taps - 1) / 2;
    const kernel = Float32Array.from({ length: taps }, (_, tap) => {
      const angle = (2 * Math.PI * tap) / (taps - 1);
      const window = 0.42 - 0.5 * Math.cos(angle) + 0.08 * Math.cos(2 * angle);
      const at = tap - half;
      return window * (at === 0 ? 2 * share : Math.sin(2 * Math.PI * share * at) / (Math.PI * at));
    });
    const total = kernel.reduce((sum, tap) => sum + tap, 0);
    return kernel.map((tap) => tap / total);
  };

  return { answer, draw, leftOut, loaded, lowPass, makesSense, saved, student, sum };
})();
