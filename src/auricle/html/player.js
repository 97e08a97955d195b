// Playing one version pauses the others and goes on where the last version of the same recording was.
const last = new Map();
for (const player of document.querySelectorAll("audio")) {
  const figure = player.closest("figure");
  const section = player.closest("section");
  const head = figure.querySelector(".head");
  const picture = figure.querySelector(".picture");
  const draw = () => { head.style.left = `${(100 * player.currentTime) / (player.duration || 1)}%`; };
  const follow = () => { draw(); if (!player.paused) requestAnimationFrame(follow); };
  player.addEventListener("play", () => {
    const before = last.get(section);
    if (before && before !== player && !before.ended) player.currentTime = before.currentTime;
    last.set(section, player);
    for (const other of document.querySelectorAll("audio")) if (other !== player) other.pause();
    figure.classList.add("playing");
    follow();
  });
  player.addEventListener("pause", () => figure.classList.remove("playing"));
  player.addEventListener("timeupdate", draw);
  player.addEventListener("seeked", draw);
  picture.addEventListener("click", (event) => {
    const box = picture.getBoundingClientRect();
    player.currentTime = ((event.clientX - box.left) / box.width) * (player.duration || 0);
    last.set(section, player);
  });
}
