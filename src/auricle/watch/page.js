// Load the page anew now and then, but never while somebody listens, reads the configuration or marks text.
const live = document.querySelector("main[data-refresh]");
if (live) {
  const players = [...document.querySelectorAll("audio")];
  const seconds = Number(live.dataset.refresh);
  let used = 0;
  for (const player of players)
    for (const event of ["play", "pause", "seeked"]) player.addEventListener(event, () => { used = Date.now(); });
  const busy = () =>
    players.some((player) => !player.paused) || Date.now() - used < 30000 ||
    document.querySelector("details[open]") || !getSelection().isCollapsed;
  const age = () => Date.now() / 1000 - Number(live.dataset.updated);
  document.querySelector(".stale").hidden = age() < 300 + 3 * seconds;
  setInterval(() => { if (!busy()) location.reload(); }, 1000 * seconds);
}
