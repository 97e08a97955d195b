// Tens of thousands of points within a frame: written as pixels, which is far quicker than to fill as many circles on a canvas that
// no graphics card helps.

const rgb = (hex) => {
  const digits = hex.length === 4 ? [...hex.slice(1)].map((digit) => digit + digit) : hex.slice(1).match(/../g);
  return digits.map((pair) => parseInt(pair, 16));
};

/** How much of each pixel a disc covers, with its middle in that of the square: 0 to 1. */
const disc = (radius) => {
  const reach = Math.ceil(radius);
  const covers = [];
  for (let y = -reach; y <= reach; y++)
    for (let x = -reach; x <= reach; x++) {
      const cover = Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(x, y)));
      if (cover) covers.push([x, y, cover]);
    }
  return covers;
};

/** Paints onto canvases, each time all of it. */
export const pointPainter = (pen) => {
  let image = null;
  /**
   * `groups` are `[colour, opacity, places]` from the lowest up, with places `[x, y, x, y, …]` in pixels of the canvas; colours are
   * of the form #rrggbb.
   */
  return ({ ground, radius, groups }) => {
    const { width, height } = pen.canvas;
    if (!width || !height) return;
    if (image?.width !== width || image?.height !== height) image = new ImageData(width, height);
    const data = image.data;
    const [red, green, blue] = rgb(ground);
    new Uint32Array(data.buffer).fill((255 << 24) | (blue << 16) | (green << 8) | red);
    const covers = disc(radius);
    for (const [fill, opacity, places] of groups) {
      const colour = rgb(fill);
      for (let index = 0; index < places.length; index += 2) {
        const [middleX, middleY] = [Math.round(places[index]), Math.round(places[index + 1])];
        for (let part = 0; part < covers.length; part++) {
          const cover = covers[part];
          const x = middleX + cover[0];
          const y = middleY + cover[1];
          if (x < 0 || y < 0 || x >= width || y >= height) continue;
          const at = 4 * (y * width + x);
          const share = cover[2] * opacity;
          data[at] += (colour[0] - data[at]) * share;
          data[at + 1] += (colour[1] - data[at + 1]) * share;
          data[at + 2] += (colour[2] - data[at + 2]) * share;
        }
      }
    }
    pen.putImageData(image, 0, 0);
  };
};
