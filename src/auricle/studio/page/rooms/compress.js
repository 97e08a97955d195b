// Compress: where a sound is dropped or chosen, and what is then shown of it.
import { h } from "../lib/dom.js";
import { get, post } from "../lib/api.js";
import { drop } from "../components/drop.js";
import { attempt, busy } from "../components/toast.js";
import { take } from "../lib/handover.js";

const EXAMPLES = [["speech_1", "a voice"], ["music_1", "music"], ["tabla", "a tabla"], ["rooster", "a rooster"]];

/** What is shown of a sound is fetched while one is chosen: this is the first page, and it is to be there at once. */
const views = async () => Object.assign({}, ...(await Promise.all([import("../components/aur_file.js"), import("../components/comparison.js")])));

export const open = (main, studio) => {
  let close = () => {};
  let isLeft = false;
  const preferred = take("model");
  const start = () => {
    close();
    close = () => {};
    const example = ([name, words]) => h("button", {
      class: "link", onclick: (event) => busy(event.currentTarget, async () => {
        opened(await post("compress/example", { name }));
      }),
    }, words);
    main.replaceChildren(
      h("h1", { class: "visually-hidden" }, "Compress"),
      drop({
        title: "Drop a sound", hint: "Any format and length, or an .aur file to look into.", onOpened: opened,
      }),
      h("p", { class: "examples" }, "Or listen to ", EXAMPLES.flatMap((entry, index) =>
        [index ? (index === EXAMPLES.length - 1 ? " or " : ", ") : "", example(entry)]), "."));
  };
  const opened = async (facts) => {
    const models = facts.kind === "aur" ? [] : (await attempt(() => get("compress/models")))?.models ?? [];
    const { aurFile, comparison } = await views();
    if (isLeft) return; // it listens to the keys of the page
    const view = facts.kind === "aur" ? aurFile(facts, start, opened) : comparison(facts, start, studio, { models, preferred });
    close();
    main.replaceChildren(view.element);
    (view.element.querySelector(".play") ?? view.element.querySelector("button"))?.focus({ preventScroll: true });
    close = view.close;
  };
  start();
  requestAnimationFrame(() => setTimeout(() => views().catch(() => {}), 500)); // a server that has gone is told of when it is asked
  return () => { isLeft = true; close(); };
};
