// The rating test on the page: all versions of a sound beside each other, each rated from 0 to 100, blindly.
const Mushra = (() => {
  const box = document.getElementById("mushra");
  if (!box) return null;
  const test = JSON.parse(box.dataset.mushra);
  const shelf = `auricle-mushra-${test.report}`;
  const { cells, count, identity } = Answers;
  const one = (selector) => box.querySelector(selector);
  const say = (text) => { one(".status").textContent = text; };

  const stored = () => {
    try {
      const { listener, trials } = JSON.parse(localStorage.getItem(shelf) ?? "{}");
      return { listener: listener ?? identity(), trials: (trials ?? []).filter(Ratings.makesSense) };
    } catch {
      return { listener: identity(), trials: [] };
    }
  };
  const state = { ...stored(), others: [], trial: null, deck: null, scores: [], turn: 0 };

  /** Puts the ratings by; with those that another tab of this page has put by meanwhile. */
  const keep = () => {
    const ids = new Set(state.trials.map(({ id }) => id));
    state.trials.push(...stored().trials.filter(({ id }) => !ids.has(id)));
    try {
      localStorage.setItem(shelf, JSON.stringify({ listener: state.listener, trials: state.trials }));
      return true;
    } catch {
      return false;
    }
  };

  // --- the course of the test ------------------------------------------------------------------------------------

  const buffersOf = async ({ sound, rated }) => {
    const original = await Deck.sound(sound.section, 0);
    const buffers = rated.map((what) => {
      if (what.kind === "reference") return original;
      return what.kind === "anchor" ? Deck.lowPassed(original, what.hertz) : Deck.sound(sound.section, 1 + what.place);
    });
    const entries = (await Promise.all(buffers)).map((buffer, index) => [String(index + 1), buffer]);
    return { original, ...Object.fromEntries(entries) };
  };

  const close = () => {
    Deck.close(state.deck);
    state.deck = null;
  };

  const next = async () => {
    const turn = ++state.turn; // a later call makes this one void
    close();
    state.trial = Ratings.draw(test.sounds, state.trials, Math.random);
    state.scores = state.trial.rated.map(() => null);
    one(".question").textContent = "Loading.";
    draw();
    try {
      const buffers = await buffersOf(state.trial);
      if (turn !== state.turn) return;
      state.deck = Object.assign(Deck.open(buffers), { onSilenced: show });
      one(".question").textContent =
        "How good is each beside the original? One of them is the original itself: give it 100.";
      draw();
      await play("original");
    } catch (error) {
      state.trial = null;
      draw();
      one(".question").textContent = "";
      say(`This browser can't play the sounds: ${error.message}`);
    }
  };

  const play = async (name) => {
    if (!state.deck) return;
    state.deck.playing = name;
    show();
    await Deck.hear(state.deck, name);
  };

  const stop = async () => {
    if (!state.deck?.playing) return;
    state.deck.playing = null;
    show();
    await Deck.silence();
  };

  const done = () => {
    if (!state.scores.includes(100)) return say("One of them is the original itself: give at least one 100.");
    state.trials.push(Ratings.answer(state.trial, state.scores, state.listener, identity(), new Date().toISOString()));
    const safe = keep();
    say(`${count(state.trials.length, "sound")} rated${safe ? "" : ", kept until the page is closed: save them"}.`);
    sumUp();
    return next();
  };

  // --- what is seen ----------------------------------------------------------------------------------------------

  const row = (index) => {
    const line = document.createElement("li");
    line.innerHTML = `<button type="button"></button><input type="range" min="0" max="100" step="1" value="50">
<output>not rated</output>`;
    const [button, slider, output] = line.children;
    const name = String(index + 1);
    Object.assign(button, { textContent: `Play ${name}` });
    button.dataset.play = name;
    slider.setAttribute("aria-label", `Rating of ${name}, 0 (bad) to 100 (excellent)`);
    slider.addEventListener("focus", () => { if (state.deck && state.deck.playing !== name) play(name); });
    slider.addEventListener("input", () => {
      state.scores[index] = Number(slider.value);
      output.textContent = slider.value;
      show();
    });
    return line;
  };

  const draw = () => {
    one(".ratings").replaceChildren(...(state.trial && state.deck ? state.trial.rated.map((_, index) => row(index)) : []));
    one(".scale").hidden = !state.deck;
    show();
  };

  /** Buttons say what can be done now, and which sound is heard. */
  const show = () => {
    const ready = state.deck !== null;
    for (const button of box.querySelectorAll("[data-play]")) {
      button.disabled = !ready;
      button.setAttribute("aria-pressed", String(ready && state.deck.playing === button.dataset.play));
    }
    for (const name of ["stop", "skip"]) one(`[data-do=${name}]`).disabled = !ready;
    one("[data-do=done]").disabled = !ready || state.scores.includes(null);
    one("[data-do=start]").disabled = state.trial !== null;
  };

  const sumUp = () => {
    const { rows, leftOut } = Ratings.sum([...state.trials, ...state.others]);
    const table = document.createElement("table");
    const value = ({ name, mean, half, ratings }) => [name, mean.toFixed(1), half === null ? "" : half.toFixed(1), ratings];
    table.append(cells("th", ["Rated", "Mean", "± (95 %)", "Ratings"]), ...rows.map((line) => cells("td", value(line))));
    const note = document.createElement("p");
    note.textContent = `${count(leftOut, "listener")} left out: the hidden reference below 90 in more than 15 % of the sounds.`;
    one(".sum").replaceChildren(...(rows.length ? [table] : ["No ratings yet."]), ...(leftOut ? [note] : []));
  };

  // --- files -----------------------------------------------------------------------------------------------------

  const save = () => Answers.download(Ratings.saved(test.report, test.title, state.trials), "ratings", state.listener);

  /** Ratings of files, beside one's own; those that are there already count once. */
  const load = async (files) => {
    const { values, text } = await Answers.read(files, Ratings.loaded, "sound");
    state.others.push(...values);
    say(text);
    sumUp();
  };

  const clear = () => {
    if (!confirm("Forget all ratings that are kept in this browser for this report?")) return;
    Object.assign(state, { trials: [], others: [] });
    try {
      localStorage.removeItem(shelf);
    } catch {
      // none were kept there
    }
    sumUp();
    say("No ratings are kept.");
  };

  // --- hands on the page -----------------------------------------------------------------------------------------

  const deeds = { start: next, stop, skip: next, done, save, clear };

  box.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.play) play(button.dataset.play);
    else deeds[button.dataset.do]();
    if (!box.contains(document.activeElement) || document.activeElement.disabled) box.focus();
  });

  box.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("button, summary, .wide") && (event.key === " " || event.key === "Enter")) return;
    const slider = /^[1-9]$/.test(event.key) ? box.querySelectorAll(".ratings input")[Number(event.key) - 1] : null;
    const button = { o: "[data-play=original]", O: "[data-play=original]", " ": "[data-do=stop]", Enter: "[data-do=start]" };
    if (slider) slider.focus();
    else if (button[event.key] && !one(button[event.key]).disabled) one(button[event.key]).click();
    else return;
    event.preventDefault();
  });

  one("input[type=file]").addEventListener("change", async (event) => {
    await load([...event.target.files]);
    event.target.value = "";
  });
  document.addEventListener("play", stop, true);
  addEventListener("storage", (event) => { // another tab of this page has kept or cleared ratings
    if (event.key !== shelf) return;
    state.trials = stored().trials;
    sumUp();
  });

  sumUp();
  show();
  return { state, load };
})();
