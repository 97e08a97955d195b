// Colours of classes: told apart in light and dark, also by most who confuse red and green.
const HUES = ["#c8553d", "#2f7f8f", "#d99a2b", "#6a5acd", "#4f9d4f", "#c2549d", "#3b6fd4", "#8a6d3b", "#5fa8a0", "#a3384f"];

export const classColour = (classes, label) => HUES[Math.max(0, classes.indexOf(label)) % HUES.length];
