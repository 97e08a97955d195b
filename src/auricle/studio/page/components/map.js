// The library as points: near each other lies what sounds alike. Drawn on a canvas, tens of thousands of points at once.
import { colour, h, onScheme } from "../lib/dom.js";
import { pointPainter } from "../lib/points.js";

const NEAR_PIXELS = 14;
const ZOOM = 1.0015;
const CLICK_PIXELS = 5;
const MARGIN = 0.94;

/**
 * `points` have x and y in -1 to 1, and a name; `colourOf` gives a point's colour, or null for none.
 * `onPoint` is called with the point that is picked, `onHover` with the one below the pointer, `onSelect` with several.
 */
export const soundMap = ({ points, colourOf, onPoint, onHover, onSelect }) => {
  const canvas = h("canvas", {
    tabindex: "0", role: "application", "aria-roledescription": "map of sounds",
    "aria-label": `Map of ${points.length} sounds. Arrow keys go to the next sound in a direction and play it.`,
  });
  const caption = h("div", { class: "caption" }, h("span", { role: "status" }), h("span", {}, "drag to move, wheel to zoom, Shift and drag to select"));
  const element = h("section", { class: "card map", "aria-label": "Map" }, canvas, caption);
  const pen = canvas.getContext("2d", { willReadFrequently: true }); // pixels are written, so it is to be in memory
  const paint = pointPainter(pen);
  const view = { x: 0, y: 0, zoom: 1 };
  let [width, height] = [0, 0];
  let [hovered, picked, box] = [null, null, null];
  let selected = new Set();
  let frame = 0;
  let groups = null;

  const scale = () => (MARGIN * Math.min(width, height) * view.zoom) / 2;
  const stretch = () => Math.max(1, Math.min(1.7, width / height));
  const screen = (point) => [width / 2 + (point.x - view.x) * scale() * stretch(), height / 2 - (point.y - view.y) * scale()];
  const size = () => Math.max(1.6, Math.min(6, (4.4 * Math.sqrt(view.zoom)) / Math.max(1, points.length / 900) ** 0.25));

  /** Points by colour, those without one below: asked for once, for a map that moves is drawn many times a second. */
  const grouped = () => {
    const places = new Map([["", []]]);
    for (const point of points) {
      const fill = colourOf(point) ?? "";
      if (!places.has(fill)) places.set(fill, []);
      places.get(fill).push(point.x, point.y);
    }
    return [...places].map(([fill, list]) =>
      ({ fill: fill || colour("faint"), opacity: fill ? 0.92 : 0.42, places: Float32Array.from(list) }));
  };
  const draw = () => {
    frame = 0;
    if (!width || !height) return;
    const ratio = devicePixelRatio;
    const radius = size();
    const [x, y] = screen({ x: 0, y: 0 });
    groups ??= grouped();
    const halos = Float32Array.from([...selected].flatMap((point) => [point.x, point.y]));
    paint({
      ground: colour("card"),
      groups: [
        { fill: colour("ink"), places: halos, radius: (radius + 1.7) * ratio },
        ...groups.map((group) => ({ ...group, radius: radius * ratio })),
      ],
      to: { x: x * ratio, y: y * ratio, width: scale() * stretch() * ratio, height: -scale() * ratio },
    });
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.strokeStyle = colour("accent");
    if (hovered) ring(hovered, radius + 4, 2);
    if (picked) ring(picked, radius + 5, 3);
    if (box) {
      pen.setLineDash([4, 4]);
      pen.strokeRect(box.x, box.y, box.w, box.h);
      pen.setLineDash([]);
    }
  };
  const ring = (point, radius, line) => {
    const [x, y] = screen(point);
    pen.lineWidth = line;
    pen.beginPath();
    pen.arc(x, y, radius, 0, 7);
    pen.stroke();
  };
  const redraw = () => { frame ||= requestAnimationFrame(draw); };
  const nearest = (x, y) => {
    let [best, distance] = [null, NEAR_PIXELS ** 2];
    for (const point of points) {
      const [px, py] = screen(point);
      const squared = (px - x) ** 2 + (py - y) ** 2;
      if (squared < distance) [best, distance] = [point, squared];
    }
    return best;
  };
  const hover = (point) => {
    if (point === hovered) return;
    hovered = point;
    caption.firstChild.textContent = point?.name ?? picked?.name ?? "";
    canvas.style.cursor = point ? "pointer" : "crosshair";
    onHover(point);
    redraw();
  };
  const pick = (point, { quiet = false } = {}) => {
    picked = point;
    caption.firstChild.textContent = point?.name ?? "";
    if (point && !quiet) onPoint(point);
    redraw();
  };

  // --- by pointer ------------------------------------------------------------------------------------------------

  let drag = null;
  const place = (event) => {
    const bounds = canvas.getBoundingClientRect();
    return [event.clientX - bounds.left, event.clientY - bounds.top];
  };
  canvas.addEventListener("pointerdown", (event) => {
    const [x, y] = place(event);
    drag = { x, y, from: { ...view }, selects: event.shiftKey, moved: false };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    const [x, y] = place(event);
    if (!drag) return hover(nearest(x, y));
    drag.moved ||= Math.hypot(x - drag.x, y - drag.y) > CLICK_PIXELS;
    if (!drag.moved) return;
    if (drag.selects) box = { x: Math.min(x, drag.x), y: Math.min(y, drag.y), w: Math.abs(x - drag.x), h: Math.abs(y - drag.y) };
    else {
      view.x = drag.from.x - (x - drag.x) / (scale() * stretch());
      view.y = drag.from.y + (y - drag.y) / scale();
    }
    redraw();
  });
  canvas.addEventListener("pointerup", (event) => {
    const [x, y] = place(event);
    if (drag && !drag.moved) {
      const point = nearest(x, y);
      if (point && event.shiftKey) { selected.has(point) ? selected.delete(point) : selected.add(point); onSelect([...selected]); }
      else { select([]); if (point) pick(point); }
    } else if (box) {
      select(points.filter((point) => {
        const [px, py] = screen(point);
        return px >= box.x && px <= box.x + box.w && py >= box.y && py <= box.y + box.h;
      }));
    }
    [drag, box] = [null, null];
    redraw();
  });
  canvas.addEventListener("pointerleave", () => { if (!drag) hover(null); });
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const [x, y] = place(event);
    const before = [(x - width / 2) / (scale() * stretch()), (y - height / 2) / scale()];
    view.zoom = Math.min(60, Math.max(0.8, view.zoom * ZOOM ** -event.deltaY));
    view.x += before[0] - (x - width / 2) / (scale() * stretch());
    view.y -= before[1] - (y - height / 2) / scale();
    redraw();
  }, { passive: false });

  // --- by keys ---------------------------------------------------------------------------------------------------

  const DIRECTIONS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  canvas.addEventListener("keydown", (event) => {
    if (event.key === "+" || event.key === "-") view.zoom = Math.min(60, Math.max(0.8, view.zoom * (event.key === "+" ? 1.3 : 1 / 1.3)));
    else if (event.key === "Enter" && picked) onPoint(picked);
    else if (event.key === "Escape") select([]);
    else if (event.key in DIRECTIONS) step(...DIRECTIONS[event.key]);
    else return;
    event.preventDefault();
    redraw();
  });
  /** To the nearest point that lies more along a direction than beside it. */
  const step = (dx, dy) => {
    const from = picked ?? { x: view.x - dx * 0.01, y: view.y - dy * 0.01 };
    let [best, least] = [null, Infinity];
    for (const point of points) {
      const [along, beside] = [(point.x - from.x) * dx + (point.y - from.y) * dy, Math.abs((point.x - from.x) * dy) + Math.abs((point.y - from.y) * dx)];
      const cost = along + 2 * beside;
      if (point !== picked && along > 1e-6 && beside <= along * 1.2 && cost < least) [best, least] = [point, cost];
    }
    if (best) pick(best);
  };

  const select = (list) => {
    selected = new Set(list);
    onSelect(list);
    redraw();
  };
  const observer = new ResizeObserver(() => {
    [width, height] = [canvas.clientWidth, canvas.clientHeight];
    [canvas.width, canvas.height] = [width * devicePixelRatio, height * devicePixelRatio];
    redraw();
  });
  observer.observe(canvas);
  const recolour = () => {
    groups = null;
    redraw();
  };
  const forget = onScheme(recolour);
  return { element, recolour, draw, pick, select, remove: () => { observer.disconnect(); forget(); cancelAnimationFrame(frame); } };
};
