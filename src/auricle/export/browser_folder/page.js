// The page of an exported model: everything it does goes through auricle.js.

import { AurError, Auricle, Recorder } from "./auricle.js";
import { builtIn } from "./tones.js";

const MORPH_SECONDS = 10;
const $ = (/** @type {string} */ selector, root = document) => /** @type {any} */ (root.querySelector(selector));
const status = $("#status");
const say = (/** @type {string} */ text) => {
  status.classList.remove("late");
  status.textContent = text;
};

/** Run what a user asked for; what goes wrong is one line. */
const attempt = (/** @type {(...words: any[]) => Promise<unknown>} */ task) => async (/** @type {any[]} */ ...words) => {
  try {
    await task(...words);
  } catch (error) {
    say(error instanceof AurError ? error.message : `${error}`);
  }
};

/** The sound of a file that the browser can read, at the model's rate. */
async function readSound(model, data, most = Infinity) {
  const context = new OfflineAudioContext(1, 1, model.sampleRate);
  const buffer = await context.decodeAudioData(data).catch(() => null);
  if (!buffer) throw new AurError("this browser can't read that file as sound");
  const count = Math.min(buffer.length, Math.round(most * model.sampleRate));
  return Array.from({ length: Math.min(buffer.numberOfChannels, 8) }, (_, c) => buffer.getChannelData(c).slice(0, count));
}

/** Sounds and files that are dropped on an element or chosen in it. */
function takeFiles(element, task) {
  element.addEventListener("dragover", (event) => {
    event.preventDefault();
    element.classList.add("over");
  });
  element.addEventListener("dragleave", () => element.classList.remove("over"));
  element.addEventListener("drop", (event) => {
    event.preventDefault();
    element.classList.remove("over");
    if (event.dataTransfer.files[0]) task(event.dataTransfer.files[0]);
  });
  $("input[type=file]", element)?.addEventListener("change", (event) => event.target.files[0] && task(event.target.files[0]));
}

function codedPart(model, root) {
  let sound, player, address;
  const [figure, play, seek, quality, original] = ["figure", "[data-play]", "[data-seek]", "#quality", "#original"].map((s) => $(s, root));
  quality.max = model.maxQuality;
  quality.value = model.maxQuality / 2;

  const show = async (title, next) => {
    await player?.close();
    if (sound) await model.close(sound);
    sound = next;
    player = await model.player(sound, sound.header ? {} : { quality: Number(quality.value) });
    player.addEventListener("time", () => {
      const length = sound.samples / model.sampleRate;
      seek.value = player.time / length;
      $("[data-time]", root).textContent = `${player.time.toFixed(1)} of ${length.toFixed(1)} s`;
    });
    player.addEventListener("error", ({ message }) => say(message));
    player.addEventListener("end", () => (play.textContent = "Play"));
    figure.hidden = false;
    play.textContent = "Play";
    original.checked = false;
    $("#title", root).textContent = sound.tags?.title ?? title;
    $("#own", root).hidden = Boolean(sound.header);
    const facts = [`${(sound.samples / model.sampleRate).toFixed(1)} s`, `${sound.channels} ch`];
    if (sound.lost) facts.push(`${sound.lost} packets lost`);
    $("#facts", root).textContent = facts.join(", ");
    say("");
  };

  const rate = attempt(async () => {
    player.quality = Number(quality.value);
    const data = await model.write(sound, { quality: player.quality });
    const kbps = (8 * data.length * model.sampleRate) / sound.samples / 1000;
    $("#kbps", root).textContent = `${kbps.toFixed(1)} kb/s, ${data.length} bytes`;
    if (address) URL.revokeObjectURL(address);
    $("#download", root).href = address = URL.createObjectURL(new Blob([data]));
  });

  const take = attempt(async (file) => {
    say(`reading ${file.name}`);
    const data = await file.arrayBuffer();
    if (new TextDecoder("latin1").decode(data.slice(0, 3)) === "AUR") return show(file.name, await model.open(data));
    await show(file.name, await model.encode(await readSound(model, data), model.sampleRate));
    await rate();
  });

  takeFiles($(".drop", root), take);
  play.addEventListener("click", attempt(async () => {
    play.textContent = player.playing ? "Play" : "Pause";
    await (player.playing ? player.pause() : player.play());
  }));
  seek.addEventListener("input", attempt(() => player.seek((Number(seek.value) * sound.samples) / model.sampleRate)));
  quality.addEventListener("input", rate);
  original.addEventListener("change", () => (player.original = original.checked));

  let recorder;
  const record = $("#record", root);
  record.addEventListener("click", attempt(async () => {
    if (!recorder) {
      recorder = await Recorder.start(model.sampleRate);
      record.textContent = "Stop";
      return;
    }
    const { channels, sampleRate } = await recorder.stop();
    recorder = null;
    record.textContent = "Record";
    await show("recording", await model.encode(channels, sampleRate));
    await rate();
  }));
}

function morphPart(model, root) {
  const [pad, point, play] = ["#pad", "#point", "[data-play]"].map((selector) => $(selector, root));
  let place = [0.5, 0.5];
  let player, sounds;

  const ready = async () => {
    sounds ??= await Promise.all(builtIn(model.sampleRate).map((channel) => model.encode([channel], model.sampleRate)));
    player = await model.player(await model.morph(sounds), { point: place });
    player.addEventListener("time", () => ($("[data-gaps]", root).textContent = player.gaps ? `${player.gaps} gaps` : ""));
  };
  const move = (x, y) => {
    place = [x, y].map((value) => Math.min(Math.max(value, 0), 1));
    point.style.left = `${100 * place[0]}%`;
    point.style.top = `${100 * place[1]}%`;
    if (player) player.point = place;
  };
  const follow = (event) => {
    const box = pad.getBoundingClientRect();
    if (event.buttons) move((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
  };
  pad.addEventListener("pointerdown", (event) => {
    pad.setPointerCapture(event.pointerId);
    follow(event);
  });
  pad.addEventListener("pointermove", follow);
  pad.addEventListener("keydown", (event) => {
    const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? [0, 0];
    if (dx || dy) event.preventDefault();
    move(place[0] + dx / 20, place[1] + dy / 20);
  });
  play.addEventListener("click", attempt(async () => {
    if (!player) await ready();
    play.textContent = player.playing ? "Play" : "Pause";
    await (player.playing ? player.pause() : player.play());
  }));
  for (const corner of root.querySelectorAll("[data-corner]"))
    takeFiles(corner, attempt(async (file) => {
      const channels = await readSound(model, await file.arrayBuffer(), MORPH_SECONDS);
      const mono = channels[0].map((_, t) => channels.reduce((sum, channel) => sum + channel[t], 0) / channels.length);
      if (!player) await ready();
      sounds[Number(corner.dataset.corner)] = await model.encode([mono], model.sampleRate);
      corner.textContent = file.name;
      const playing = player.playing;
      await player.close();
      await ready();
      if (playing) await player.play();
    }));
}

const start = attempt(async () => {
  say("loading");
  const model = await Auricle.load();
  codedPart(model, $("#coded"));
  morphPart(model, $("#morph"));
  $("main").hidden = false;
  say("");
  document.documentElement.dataset.ready = "";
  Object.assign(globalThis, { model });
});
start();
