// Tens of thousands of points within a frame: written as pixels, which is far quicker than to fill as many circles on a canvas that
// no graphics card helps.

const rgb = (hex) => {
  const digits = hex.length === 4 ? [...hex.slice(1)].map((digit) => digit + digit) : hex.slice(1).match(/../g);
  return digits.map((pair) => parseInt(pair, 16));
};

/** Pixels that a disc covers, as steps from its middle in an image of a width, and how much of each in 256ths. */
const disc = (radius, opacity, width) => {
  const reach = Math.ceil(radius);
  const [steps, shares] = [[], []];
  for (let y = -reach; y <= reach; y++)
    for (let x = -reach; x <= reach; x++) {
      const share = Math.round(256 * opacity * Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(x, y))));
      if (share) [steps[steps.length], shares[shares.length]] = [y * width + x, share];
    }
  return { reach, steps: Int32Array.from(steps), shares: Int32Array.from(shares) };
};

/** Writes discs of one colour into RGBA bytes; those whose middles lie beyond the edges are left out. */
const stamp = (data, width, height, places, [red, green, blue], { reach, steps, shares }, to) => {
  for (let index = 0; index < places.length; index += 2) {
    const x = Math.round(to.x + to.width * places[index]);
    const y = Math.round(to.y + to.height * places[index + 1]);
    if (x < reach || y < reach || x >= width - reach || y >= height - reach) continue;
    const middle = y * width + x;
    for (let part = 0; part < steps.length; part++) {
      const at = (middle + steps[part]) << 2;
      const share = shares[part];
      data[at] += ((red - data[at]) * share) >> 8;
      data[at + 1] += ((green - data[at + 1]) * share) >> 8;
      data[at + 2] += ((blue - data[at + 2]) * share) >> 8;
    }
  }
};

/** Paints onto canvases, each time all of it. */
export const pointPainter = (pen) => {
  let image = null; // with a margin, so that a disc at an edge needs no care
  /**
   * `groups` go from the lowest up: `fill` is a colour `#rrggbb`, `places` a Float32Array `[x, y, x, y, …]` in units of its own, radii
   * are in pixels. `to` has the place of the origin of those units in pixels of the canvas, and how many pixels one is wide and high.
   */
  return ({ ground, groups, to }) => {
    const margin = 2 * Math.ceil(Math.max(...groups.map(({ radius }) => radius)));
    const [width, height] = [pen.canvas.width + 2 * margin, pen.canvas.height + 2 * margin];
    if (image?.width !== width || image?.height !== height) image = new ImageData(width, height);
    const [red, green, blue] = rgb(ground);
    new Uint32Array(image.data.buffer).fill((255 << 24) | (blue << 16) | (green << 8) | red);
    const shifted = { ...to, x: to.x + margin, y: to.y + margin };
    for (const { fill, places, radius, opacity = 1 } of groups)
      stamp(image.data, width, height, places, rgb(fill), disc(radius, opacity, width), shifted);
    pen.putImageData(image, -margin, -margin);
  };
};
