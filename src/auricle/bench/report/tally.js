// The reckoning of the listening test: draws, levels, counts and the binomial test. Nothing here touches the page.
const Tally = (() => {
  const FORMAT = "auricle-abx";
  const SIDES = ["first", "second"];

  const label = (heard) => `${heard.codec} ${heard.setting}`.trim();

  const { isText } = Answers;
  const isHeard = (heard) =>
    heard !== null && typeof heard === "object" && isText(heard.codec, 1, 500) && isText(heard.setting, 0, 500);

  /** Whether a value from a file is an answer that can be counted. */
  const makesSense = (answer) =>
    answer !== null && typeof answer === "object" && isText(answer.id, 1, 200) &&
    isHeard(answer.first) && isHeard(answer.second) && SIDES.includes(answer.chosen) &&
    !(answer.first.codec === answer.second.codec && answer.first.setting === answer.second.setting) &&
    ((answer.kind === "nearer" && (answer.right ?? null) === null) ||
      (answer.kind === "same" && SIDES.includes(answer.right)));

  /** The exact binomial test at one half: the chance to do so well, or two-sided so far from half, by guessing. */
  const binomial = (wins, trials, twoSided) => {
    const tail = twoSided ? Math.max(wins, trials - wins) : wins;
    let ways = -trials * Math.LN2; // logarithm of (trials over count) / 2^trials, from count 0 up
    let above = 0;
    for (let count = 0; count <= trials; count++) {
      if (count >= tail) above += Math.exp(ways);
      ways += Math.log(trials - count) - Math.log(count + 1);
    }
    return Math.min(1, twoSided ? 2 * above : above);
  };

  /** Answers by pair, the most frequent first. An answer whose id was there before counts once. */
  const sum = (answers) => {
    const seen = new Set();
    const duels = new Map();
    for (const answer of answers) {
      if (seen.has(answer.id)) continue;
      seen.add(answer.id);
      const swapped = label(answer.second) < label(answer.first);
      const [first, second] = swapped ? [answer.second, answer.first] : [answer.first, answer.second];
      const key = JSON.stringify([answer.kind, label(first), label(second)]);
      const duel = duels.get(key) ??
        { kind: answer.kind, first: label(first), second: label(second), trials: 0, wins: 0 };
      const won = answer.kind === "same" ? answer.chosen === answer.right : (answer.chosen === "first") !== swapped;
      duels.set(key, { ...duel, trials: duel.trials + 1, wins: duel.wins + (won ? 1 : 0) });
    }
    return [...duels.entries()]
      .sort(([keyA, a], [keyB, b]) => b.trials - a.trials || (keyA < keyB ? -1 : 1))
      .map(([, duel]) => ({ ...duel, p: binomial(duel.wins, duel.trials, duel.kind === "nearer") }));
  };

  const saved = (report, title, answers) => Answers.saved(FORMAT, { report, title, answers });
  const loaded = (text) => Answers.loaded(text, FORMAT, "answers", makesSense);

  /** A trial: one of all pairs of all sounds, its sides in random order, and for "same" which of them X is. */
  const draw = (sounds, kind, random) => {
    const pairs = sounds.flatMap((sound) => sound.pairs.map((pair) => ({ sound, pair })));
    const { sound, pair } = pairs[Math.floor(random() * pairs.length)];
    const [a, b] = random() < 0.5 ? pair : [pair[1], pair[0]];
    return { sound, kind, a, b, x: kind === "same" ? SIDES[random() < 0.5 ? 0 : 1] : null };
  };

  /** What is kept of a trial. */
  const answer = (trial, chosen, id, time) => ({
    id, time, kind: trial.kind, file: trial.sound.file,
    first: trial.sound.versions[trial.a], second: trial.sound.versions[trial.b], chosen, right: trial.x,
  });

  /** Root mean square and peak of an AudioBuffer, over all channels. */
  const level = (buffer) => {
    let power = 0;
    let peak = 0;
    for (let channel = 0; channel < buffer.numberOfChannels; channel++)
      for (const value of buffer.getChannelData(channel)) {
        power += value * value;
        peak = Math.max(peak, Math.abs(value));
      }
    return { rms: Math.sqrt(power / (buffer.length * buffer.numberOfChannels)), peak };
  };

  /** Gains that give all sounds the mean power of the first, all turned down alike if one would clip. */
  const gains = (levels) => {
    const wanted = levels[0].rms;
    const equal = levels.map(({ rms }) => (rms > 0 && wanted > 0 ? wanted / rms : 1));
    const loudest = Math.max(...equal.map((gain, index) => gain * levels[index].peak));
    return equal.map((gain) => gain * Math.min(1, 0.98 / (loudest || 1)));
  };

  return { answer, binomial, draw, gains, label, level, loaded, makesSense, saved, sum };
})();
