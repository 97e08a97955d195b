// The outline of a sound; a click or an arrow key moves in it.
import WaveSurfer from "../vendor/wavesurfer.esm.js";
import { colour, h, onScheme, svg } from "../lib/dom.js";
import { seconds } from "../lib/format.js";

const STEP_SECONDS = 0.5;

/** `peaks` as the server gives them; `onSeek` is called with seconds. Returns the element and how to move its cursor. */
export const waveform = ({ peaks, duration, label, height = 72, onSeek }) => {
  const box = h("div", {
    class: "waveform", role: "slider", tabindex: "0", "aria-label": label,
    "aria-valuemin": "0", "aria-valuemax": duration.toFixed(2), "aria-valuenow": "0",
  });
  const colours = () => ({ waveColor: colour("faint"), progressColor: colour("accent"), cursorColor: colour("accent") });
  const wave = WaveSurfer.create({
    container: box, peaks: [peaks], duration, height, normalize: true, barWidth: 2, barGap: 1, barRadius: 2, cursorWidth: 2,
    ...colours(),
  });
  wave.on("interaction", onSeek);
  const forget = onScheme(() => wave.setOptions(colours()));
  let now = 0;
  const setTime = (time) => {
    now = time;
    wave.setTime(time);
    box.setAttribute("aria-valuenow", time.toFixed(2));
    box.setAttribute("aria-valuetext", `${seconds(time)} of ${seconds(duration)}`);
  };
  box.addEventListener("keydown", (event) => {
    const moves = { ArrowRight: STEP_SECONDS, ArrowLeft: -STEP_SECONDS, Home: -Infinity, End: Infinity };
    if (!(event.key in moves)) return;
    event.preventDefault();
    onSeek(Math.min(duration, Math.max(0, now + moves[event.key])));
  });
  return { element: box, setTime, remove: () => { forget(); wave.destroy(); } };
};

/** A small outline that does nothing but look: for cards. */
export const sketch = (peaks) => {
  const canvas = h("canvas", { class: "sketch", width: "240", height: "56", "aria-hidden": "true" });
  const draw = (share = 0) => {
    const pen = canvas.getContext("2d");
    const { width, height } = canvas;
    const bars = 60;
    pen.clearRect(0, 0, width, height);
    const top = Math.max(0.05, ...peaks.map(Math.abs));
    for (let bar = 0; bar < bars; bar++) {
      const from = Math.floor((bar * peaks.length) / bars);
      const part = peaks.slice(from, Math.max(from + 1, Math.floor(((bar + 1) * peaks.length) / bars)));
      const tall = Math.max(2, (Math.max(...part.map(Math.abs)) / top) * (height - 4));
      pen.fillStyle = bar / bars < share ? colour("accent") : colour("faint");
      pen.beginPath();
      pen.roundRect((bar * width) / bars, (height - tall) / 2, width / bars - 1.5, tall, 1.5);
      pen.fill();
    }
  };
  requestAnimationFrame(() => draw());
  onScheme(() => draw());
  return { element: canvas, draw };
};

const OUTLINE = { width: 200, height: 36 };

/** The outline of a row in a list: one shape, which costs nothing to keep. `peaks` are 0 to 1. */
export const outlineRow = (peaks) => {
  const middle = OUTLINE.height / 2;
  const top = Math.max(0.05, ...peaks);
  const at = (peak, index) => [(index * OUTLINE.width) / Math.max(1, peaks.length - 1), Math.max(0.6, (peak / top) * (middle - 1))];
  const upper = peaks.map(at).map(([x, tall]) => `${x.toFixed(1)} ${(middle - tall).toFixed(1)}`);
  const lower = peaks.map(at).map(([x, tall]) => `${x.toFixed(1)} ${(middle + tall).toFixed(1)}`).reverse();
  return svg("svg", { class: "outline", viewBox: `0 0 ${OUTLINE.width} ${OUTLINE.height}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("path", { d: `M${[...upper, ...lower].join("L")}Z` }));
};
