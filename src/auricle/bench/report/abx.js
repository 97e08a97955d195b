// The listening test on the page: it decodes the players' sounds, runs them side by side and keeps the answers.
const Abx = (() => {
  const box = document.getElementById("abx");
  if (!box) return null;
  const told = JSON.parse(box.dataset.abx);
  const shelf = `auricle-abx-${told.report}`;
  const { cells, count, identity } = Answers;

  // --- answers ---------------------------------------------------------------------------------------------------

  const kept = () => {
    try {
      return JSON.parse(localStorage.getItem(shelf) ?? "[]").filter(Tally.makesSense);
    } catch {
      return [];
    }
  };
  const state = { answers: kept(), others: [], trial: null, deck: null, turn: 0 };

  /** Puts the answers by; with those that another tab of this page has put by meanwhile. */
  const keep = () => {
    const ids = new Set(state.answers.map(({ id }) => id));
    state.answers.push(...kept().filter(({ id }) => !ids.has(id)));
    try {
      localStorage.setItem(shelf, JSON.stringify(state.answers));
      return true;
    } catch {
      return false;
    }
  };

  // --- sound -----------------------------------------------------------------------------------------------------

  const openDeck = async (trial) => {
    const places = { original: 0, a: 1 + trial.a, b: 1 + trial.b };
    const sounds = Object.entries(places).map(async ([name, place]) => [name, await Deck.sound(trial.sound.section, place)]);
    return Object.assign(Deck.open(Object.fromEntries(await Promise.all(sounds))), { onSilenced: () => show() });
  };

  /** X is another name for A or B, or for the original. */
  const meant = (name) => {
    if (name !== "x") return name;
    return { first: "a", second: "b" }[state.trial.x] ?? "original";
  };

  const play = async (name) => {
    if (!state.deck) return;
    state.deck.playing = name;
    show();
    await Deck.hear(state.deck, meant(name));
  };

  const stop = async () => {
    if (!state.deck?.playing) return;
    state.deck.playing = null;
    show();
    await Deck.silence();
  };

  const closeDeck = () => {
    Deck.close(state.deck);
    state.deck = null;
  };

  // --- the course of the test ------------------------------------------------------------------------------------

  const kind = () => box.querySelector("input[name=kind]:checked").value;
  const one = (selector) => box.querySelector(selector);

  const next = async () => {
    const turn = ++state.turn; // a later call makes this one void
    closeDeck();
    state.trial = Tally.draw(told.sounds, kind(), Math.random);
    show();
    try {
      const deck = await openDeck(state.trial);
      if (turn !== state.turn) {
        Deck.close(deck);
        return;
      }
      state.deck = deck;
      await play("original");
    } catch (error) {
      state.trial = null;
      show();
      say(`This browser can't play the sounds: ${error.message}`);
    }
  };

  const choose = (chosen) => {
    if (!state.deck) return;
    state.answers.push(Tally.answer(state.trial, chosen, identity(), new Date().toISOString()));
    const safe = keep();
    say(`${count(state.answers.length, "answer")} kept${safe ? "" : " until the page is closed: save them as a file"}.`);
    sumUp();
    next();
  };

  const say = (text) => { one(".status").textContent = text; };

  const QUESTIONS = { nearer: "Which of A and B is nearer to the original?", same: "X is A or B: which one?" };

  /** Buttons say what can be done now, and which sound is heard. */
  const show = () => {
    const ready = state.deck !== null;
    for (const button of box.querySelectorAll("[data-play]")) {
      button.disabled = !ready;
      button.setAttribute("aria-pressed", String(ready && state.deck.playing === button.dataset.play));
    }
    one("[data-play=x]").hidden = kind() !== "same";
    for (const name of ["stop", "first", "second", "skip"]) one(`[data-do=${name}]`).disabled = !ready;
    one("[data-do=start]").disabled = state.trial !== null;
    if (state.trial) one(".question").textContent = ready ? QUESTIONS[state.trial.kind] : "Loading.";
  };

  // --- adding up -------------------------------------------------------------------------------------------------

  const chance = (p) => (p >= 0.001 ? p.toFixed(3) : p.toExponential(1));

  const HEADS = {
    nearer: ["First", "Second", "First is nearer", "Second is nearer", "p"],
    same: ["First", "Second", "X named rightly", "X named wrongly", "p"],
  };

  const sumUp = () => {
    const all = Tally.sum([...state.answers, ...state.others]);
    const parts = Object.keys(HEADS).flatMap((of) => {
      const duels = all.filter((duel) => duel.kind === of);
      if (!duels.length) return [];
      const title = document.createElement("p");
      title.textContent = QUESTIONS[of];
      const table = document.createElement("table");
      table.append(cells("th", HEADS[of]), ...duels.map((duel) =>
        cells("td", [duel.first, duel.second, duel.wins, duel.trials - duel.wins, chance(duel.p)])));
      return [title, table];
    });
    one(".sum").replaceChildren(...(parts.length ? parts : ["No answers yet."]));
  };

  const save = () => Answers.download(Tally.saved(told.report, told.title, state.answers), "answers", identity());

  /** Answers of files, beside one's own; those that are there already count once. */
  const load = async (files) => {
    const { values, text } = await Answers.read(files, Tally.loaded, "answer");
    state.others.push(...values);
    say(text);
    sumUp();
  };

  const clear = () => {
    if (!confirm("Forget all answers that are kept in this browser for this report?")) return;
    Object.assign(state, { answers: [], others: [] });
    try {
      localStorage.removeItem(shelf);
    } catch {
      // none were kept there
    }
    sumUp();
    say("No answers are kept.");
  };

  // --- hands on the page -----------------------------------------------------------------------------------------

  const deeds = {
    start: next, stop, skip: next, save, clear,
    first: () => choose("first"), second: () => choose("second"),
  };
  const keys = { " ": "stop", Enter: "start", 1: "first", 2: "second", s: "skip" };
  const sounds = { o: "original", x: "x", a: "a", b: "b" };

  const stay = () => { if (!box.contains(document.activeElement) || document.activeElement.disabled) box.focus(); };

  box.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.play) play(button.dataset.play);
    else deeds[button.dataset.do]();
    stay();
  });

  box.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const native = event.target.closest("button, input, summary, .wide");
    if (native && (event.key === " " || event.key === "Enter")) return; // these press what has the focus
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const button = one(key in sounds ? `[data-play=${sounds[key]}]` : `[data-do=${keys[key] ?? "none"}]`);
    if (!button) return;
    event.preventDefault();
    const pressed = key === " " && !state.deck?.playing ? one("[data-play=original]") : button;
    if (!pressed.disabled && !pressed.hidden) pressed.click();
  });

  one("input[type=file]").addEventListener("change", async (event) => {
    await load([...event.target.files]);
    event.target.value = "";
  });
  for (const choice of box.querySelectorAll("input[name=kind]"))
    choice.addEventListener("change", () => { if (state.trial) next(); else show(); });
  document.addEventListener("play", stop, true);
  addEventListener("storage", (event) => { // another tab of this page has kept or cleared answers
    if (event.key !== shelf) return;
    state.answers = kept();
    sumUp();
  });

  sumUp();
  show();
  if (state.answers.length) say(`${count(state.answers.length, "answer")} from before are kept in this browser.`);
  return { state, load };
})();
