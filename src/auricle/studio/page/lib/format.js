// Figures as people read them.

export const bytes = (count) => {
  if (count < 1000) return `${count} bytes`;
  return count < 1e6 ? `${(count / 1000).toFixed(count < 1e4 ? 1 : 0)} kB` : `${(count / 1e6).toFixed(1)} MB`;
};

export const kbps = (value) => `${value < 10 ? value.toFixed(1) : value.toFixed(0)} kb/s`;

export const seconds = (value) => {
  if (value < 60) return `${value.toFixed(value < 10 ? 2 : 1)} s`;
  return clock(value);
};

export const clock = (value) => {
  const whole = Math.floor(value);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
};

export const channels = (count) => ({ 1: "mono", 2: "stereo" }[count] ?? `${count} channels`);

export const kilohertz = (rate) => `${(rate / 1000).toFixed(rate % 1000 ? 1 : 0)} kHz`;

export const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

/** How much smaller a file is; a header is much of a very short sound. */
export const timesSmaller = (ratio) => {
  const times = ratio < 1 ? 1 / ratio : ratio;
  const figure = times.toFixed(times < 9.95 ? 1 : 0);
  return figure === "1.0" ? "as large" : `${figure} × ${ratio < 1 ? "larger" : "smaller"}`;
};
