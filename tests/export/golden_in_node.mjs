// node golden_in_node.mjs FOLDER SCRATCH: looks at all golden files of a folder; one JSON object on standard output.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { damage, facts, refusal, rewritten, speed } from "./golden.mjs";

const [folder, scratch] = process.argv.slice(2);
const read = (path) => new Uint8Array(readFileSync(path));
const names = readdirSync(folder).filter((name) => name.endsWith(".aur")).map((name) => name.slice(0, -4));
const model = (name) => read(`${folder}/${name}.auricle.safetensors`).slice().buffer;
const said = {};
for (const name of names) {
  const { model: made } = JSON.parse(readFileSync(`${folder}/${name}.json`));
  said[name] = await facts(read(`${folder}/${name}.aur`), model(made));
}
const config = JSON.parse(readFileSync(`${scratch}/config.json`));
writeFileSync(`${scratch}/again.aur`, await rewritten(read(`${folder}/stereo.aur`), model("entropy"), config));
console.log(JSON.stringify({
  said,
  damage: Object.fromEntries(["mono", "gap"].map((name) => [name, damage(read(`${folder}/${name}.aur`))])),
  refused: refusal(read(`${scratch}/claims.aur`)),
  speed: speed(read(`${folder}/surround.aur`), model("entropy")),
}));
