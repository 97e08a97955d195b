// Make: new sounds, what is worth keeping of them, and what lies between and beside them.
import { h, icon } from "../lib/dom.js";
import { get, post, save } from "../lib/api.js";
import { Deck, decode } from "../lib/deck.js";
import { plural } from "../lib/format.js";
import { chips, slider } from "../components/field.js";
import { pad } from "../components/pad.js";
import { neighbour, tile } from "../components/tile.js";
import { attempt, busy } from "../components/toast.js";

const SPREAD = 3;
const words = (name) => name.replaceAll("_", " ");

export const open = (main) => {
  const state = { priors: [], prior: null, kept: new Map(), selected: null, tiles: new Set() };
  const listener = new Deck(); // plays blends and moved sounds

  // --- asking for sounds -----------------------------------------------------------------------------------------

  const classPlace = h("div", {});
  let classes = null;
  const priorChoice = h("select", { "aria-label": "What makes the sounds", onchange: () => choosePrior(priorChoice.value) });
  const wildness = slider({ label: "Wildness", min: 0.5, max: 1.5, step: 0.05, value: 1, text: (value) => (value === 1 ? "as learned" : value.toFixed(2)) });
  const count = slider({ label: "How many", min: 1, max: 16, step: 1, value: 8 });
  const tempo = slider({ label: "Tempo", min: 60, max: 180, step: 1, value: 120, text: (value) => `${value} bpm` });
  const beats = chips({ label: "Beats", options: [[1, "1"], [2, "2"], [4, "4"]], value: 4 });
  const loopFields = h("div", { class: "field", hidden: true }, tempo.element, beats.element);
  const shape = chips({
    label: "Shape", options: [["shot", "one-shot"], ["loop", "loop"]], value: "shot",
    onChange: () => showFields(),
  });
  const notes = h("input", { type: "text", value: "C4, E4, G4", "aria-label": "Notes", placeholder: "any", oninput: () => showFields() });
  const velocity = slider({ label: "Velocity", min: 1, max: 127, step: 1, value: 96 });
  const noteFields = h("div", { class: "field" },
    h("label", { class: "field" }, h("span", {}, "Notes", h("output", {}, "C4, or C4..C5")), notes), velocity.element);
  const areNotes = () => state.prior?.notes && notes.value.trim() !== "";
  const showFields = () => {
    noteFields.hidden = !state.prior?.notes;
    velocity.element.hidden = !areNotes();
    shape.element.hidden = count.element.hidden = areNotes();
    loopFields.hidden = areNotes() || shape.value !== "loop";
  };
  const makeButton = h("button", { class: "primary", onclick: () => make() }, "Make sounds");
  const { promise: priorsAreThere, resolve: priorsCame } = Promise.withResolvers();
  const choosePrior = (name) => {
    state.prior = state.priors.find((prior) => prior.name === name);
    const options = [["", "any"], ...state.prior.classes.map((label) => [label, words(label)])];
    classes = chips({ label: "Class", options, value: state.prior.classes[0] ?? "" });
    classPlace.replaceChildren(state.prior.classes.length ? classes.element : "");
    directionPlace.replaceChildren(findButton);
    showFields();
  };
  const make = () => busy(makeButton, async () => {
    await priorsAreThere;
    const asked = { prior: state.prior.name, label: classes.value || null, temperature: wildness.value, seed: Math.floor(Math.random() * 1e9) };
    const isLoop = shape.value === "loop";
    const { sounds } = areNotes()
      ? await post("make/notes", { ...asked, notes: notes.value, velocity: velocity.value })
      : await post("make/sounds", {
        ...asked, count: count.value, loop: isLoop,
        ...(isLoop ? { seconds: (60 / tempo.value) * Number(beats.value), bpm: tempo.value } : {}),
      });
    add(sounds);
  });
  const add = (sounds) => {
    const fresh = sounds.map((facts) => newTile(facts));
    grid.prepend(...fresh.map(({ element }) => element));
    empty.hidden = true;
    fresh[0]?.element.focus();
    fresh[0]?.play();
  };

  // --- tiles -----------------------------------------------------------------------------------------------------

  const vary = (facts) => attempt(async () => {
    add((await post("make/variations", { id: facts.id, count: 4, strength: nearness.value, seed: Math.floor(Math.random() * 1e9) })).sounds);
  });
  const discard = (facts, element) => {
    neighbour(element)?.focus();
    element.remove();
    state.kept.delete(facts.id);
    showKept();
    attempt(() => post("make/keep", { id: facts.id, kept: false }));
    empty.hidden = grid.children.length > 0;
  };
  const keep = (facts, isKept) => {
    if (isKept) state.kept.set(facts.id, facts);
    else state.kept.delete(facts.id);
    showKept();
    attempt(() => post("make/keep", { id: facts.id, kept: isKept ? Date.now() / 1000 : 0 }));
  };
  const select = (facts) => {
    state.selected = facts;
    movedName.textContent = facts.name;
  };
  const newTile = (facts) => {
    const made = tile(facts, { keep, vary, discard, select });
    state.tiles.add(made);
    return made;
  };
  const grid = h("div", { class: "grid", role: "group", "aria-label": "Sounds" });
  const empty = h("p", { class: "empty" }, "Choose a class and make some sounds. Each plays under a click or Enter.");
  const nearness = slider({
    label: "Variations are", min: 0.1, max: 0.9, step: 0.1, value: 0.4, text: (value) => (value < 0.35 ? "near" : value < 0.65 ? "related" : "far"),
  });

  // --- what was kept ---------------------------------------------------------------------------------------------

  const keptTitle = h("h2", {});
  const setName = h("input", { type: "text", value: "sounds", "aria-label": "Name of the set", maxlength: "60", size: "14" });
  const packButton = h("button", {
    class: "primary", onclick: () => busy(packButton, async () => {
      const pack = await post("make/pack", { ids: [...state.kept.keys()], name: setName.value });
      save(pack.file_url, pack.save_as);
    }),
  }, icon("save"), "Save as a set");
  const keptButtons = h("div", { class: "chips", "aria-label": "Kept sounds" });
  const showKept = () => {
    const sounds = [...state.kept.values()];
    keptTitle.textContent = sounds.length ? `${plural(sounds.length, "sound")} kept` : "Nothing kept yet";
    packButton.disabled = sounds.length === 0;
    keptButtons.replaceChildren(...sounds.map((facts) => h("button", {
      onclick: () => attempt(() => playUrl(facts.file_url)),
    }, facts.name)));
    padBox.setNames(sounds.slice(-4).map((facts) => facts.name));
    padHint.hidden = sounds.length >= 2;
  };
  const playUrl = async (url) => {
    listener.clear();
    listener.put("sound", await decode(url));
    await listener.play();
  };

  // --- between four sounds ---------------------------------------------------------------------------------------

  let last = null;
  const takeButton = h("button", {
    class: "take", hidden: true, onclick: () => { add([last]); takeButton.hidden = true; },
  }, "Take the sound between or along");
  const offer = async (facts) => {
    last = facts;
    await playUrl(facts.file_url);
    takeButton.hidden = false;
  };
  let timer = 0;
  const padBox = pad({
    onMove: (shares) => {
      clearTimeout(timer);
      timer = setTimeout(() => attempt(async () => {
        const corners = [...state.kept.values()].slice(-4);
        if (corners.length < 2) return;
        const weights = shares.slice(0, corners.length);
        if (!(weights.reduce((sum, weight) => sum + weight, 0) > 0)) return;
        await offer(await post("make/blend", { ids: corners.map(({ id }) => id), shares: weights }));
      }), 120);
    },
  });
  const padHint = h("p", { class: "hint" }, "Keep two to four sounds: the last four lie in the corners.");

  // --- along directions ------------------------------------------------------------------------------------------

  const movedName = h("strong", {}, "the sound that played last");
  const directionPlace = h("div", { class: "field" });
  const findButton = h("button", {
    onclick: () => busy(findButton, async () => {
      const { titles } = await post("make/directions", { prior: state.prior.name });
      const sliders = titles.map((title) => slider({
        label: title.replace(/^PC(\d+)$/, "direction $1").replace(/^PC\d+ /, ""), min: -SPREAD, max: SPREAD, step: 0.25, value: 0,
        text: (value) => (value ? `${value > 0 ? "+" : "−"}${Math.abs(value)}` : "0"),
        onInput: () => { clearTimeout(timer); timer = setTimeout(moveAlong, 150); },
      }));
      const moveAlong = () => attempt(async () => {
        if (!state.selected) return;
        await offer(await post("make/move", { id: state.selected.id, amounts: sliders.map(({ value }) => value) }));
      });
      directionPlace.replaceChildren(...sliders.map(({ element }) => element));
    }),
  }, "Find directions");

  main.replaceChildren(
    h("h1", { class: "visually-hidden" }, "Make"),
    h("div", { class: "maker" },
      h("aside", { "aria-label": "What to make" },
        h("label", { class: "field" }, h("span", {}, "Prior"), priorChoice),
        classPlace, noteFields, shape.element, loopFields, count.element, wildness.element, nearness.element, makeButton,
        h("p", { class: "keys" }, h("kbd", {}, "Enter"), " play ", h("kbd", {}, "K"), " keep ", h("kbd", {}, "V"), " vary ",
          h("kbd", {}, "X"), " discard")),
      h("div", { class: "column" },
        empty, grid,
        h("section", { class: "shelf", "aria-label": "Kept" },
          h("div", { class: "row" }, keptTitle, h("span", { class: "row", style: "margin-left:auto" }, setName, packButton)),
          keptButtons,
          h("div", { class: "bench" },
            h("section", { class: "card column", "aria-label": "Between sounds" }, h("h2", {}, "Between"), padBox.element, padHint),
            h("section", { class: "card column", "aria-label": "Along directions" }, h("h2", {}, "Along"),
              h("p", { class: "hint" }, "Moves ", movedName, "."), directionPlace)),
          takeButton))));
  attempt(async () => {
    state.priors = (await get("make/priors")).priors;
    priorChoice.replaceChildren(...state.priors.map((prior) => h("option", { value: prior.name }, prior.title)));
    choosePrior(state.priors[0].name);
    priorsCame();
    for (const facts of (await get("make/kept")).sounds) {
      state.kept.set(facts.id, facts);
      grid.append(newTile(facts).element);
    }
    empty.hidden = grid.children.length > 0;
    showKept();
  });
  showKept();
  return () => { clearTimeout(timer); listener.pause(); for (const made of state.tiles) made.stop(); };
};
