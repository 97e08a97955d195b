// The graphs of a model, run by onnxruntime-web. Their state is a value: streams that go on side by side keep theirs.

import { AurError } from "./bytes.js";

/** @typedef {Record<string, any>} State tensors by name */

const ENTRY = "ort.wasm.min.mjs";

/** Encoder, decoder, and what lies between latents and codes. */
export class Network {
  #ort;
  #sessions;
  #config;
  /** Runs follow one another. @type {Promise<any>} */
  #turn = Promise.resolve();

  constructor(ort, sessions, config) {
    this.#ort = ort;
    this.#sessions = sessions;
    this.#config = config;
  }

  /**
   * @param {string} folder address of an exported page's folder, with a slash at its end
   * @param {Record<string, any>} config what its config.json holds
   */
  static async load(folder, config) {
    const graphs = Object.entries(config.graphs).map(async ([name, about]) => [name, await fetchBytes(folder + about.file)]);
    const ort = await loadRuntime(folder);
    const sessions = {};
    for (const [name, data] of await Promise.all(graphs))
      sessions[name] = await ort.InferenceSession.create(data, { executionProviders: ["wasm"] });
    return new Network(ort, sessions, config);
  }

  /**
   * What a graph's state is before the first frame.
   * @param {string} graph @param {number} batch
   * @param {number} [coherence] share of bins in which channels take the noise of the first one
   * @returns {State}
   */
  initialState(graph, batch, coherence = 0) {
    const tensors = this.#config.graphs[graph].state.map((part) => {
      const shape = part.shape.map((size, axis) => (axis === part.batch_axis ? size * batch : size));
      const count = shape.reduce((a, b) => a * b, 1);
      const fill = part.name === "coherence" ? coherence : part.fill;
      const data = part.type === "int64" ? new BigInt64Array(count).fill(BigInt(fill)) : new Float32Array(count).fill(fill);
      return [part.name, new this.#ort.Tensor(part.type, data, shape)];
    });
    return Object.fromEntries(tensors);
  }

  /**
   * @param {Float32Array} audio (c, t) @param {number} channels @param {State} state
   * @returns {Promise<[Float32Array, State]>} latents (c, n, d), and the state after them
   */
  encode(audio, channels, state) {
    return this.#stream("encoder", { audio: this.#tensor("float32", audio, [channels, audio.length / channels]) }, state);
  }

  /**
   * @param {Float32Array} latents (c, n, d) @param {number} channels @param {State} state
   * @returns {Promise<[Float32Array, State]>} audio (c, t), and the state after it
   */
  decode(latents, channels, state) {
    const dim = this.#config.latent_dim;
    const shape = [channels, latents.length / channels / dim, dim];
    return this.#stream("decoder", { latents: this.#tensor("float32", latents, shape) }, state);
  }

  /** Latents (c, n, d) to codes (c, n, k). @param {Float32Array} latents @param {number} step @returns {Promise<Int32Array>} */
  async quantise(latents, step) {
    const shape = [1, latents.length / this.#config.latent_dim, this.#config.latent_dim];
    const inputs = { latents: this.#tensor("float32", latents, shape), step: this.#step(step) };
    return (await this.#run("quantiser", inputs)).codes.data;
  }

  /** Codes (c, n, k) to what the decoder takes. @param {Int32Array} codes @param {number} step @returns {Promise<Float32Array>} */
  async dequantise(codes, step) {
    const shape = [1, codes.length / this.#config.codebooks, this.#config.codebooks];
    const inputs = { codes: this.#tensor("int32", codes, shape), step: this.#step(step) };
    return (await this.#run("dequantiser", inputs)).latents.data;
  }

  async #stream(graph, inputs, state) {
    const outputs = await this.#run(graph, { ...inputs, ...state });
    const after = Object.fromEntries(Object.keys(state).map((name) => [name, outputs[`next_${name}`]]));
    return [outputs[this.#config.graphs[graph].outputs[0]].data, after];
  }

  #run(graph, inputs) {
    const result = this.#turn.then(() => this.#sessions[graph].run(inputs));
    this.#turn = result.catch(() => {});
    return result;
  }

  #tensor(type, data, shape) {
    return new this.#ort.Tensor(type, data, shape);
  }

  #step(step) {
    return this.#tensor("int64", BigInt64Array.of(BigInt(step)), []);
  }
}

/** @param {string} folder */
async function loadRuntime(folder) {
  let ort;
  try {
    ort = await import(folder + ENTRY);
  } catch {
    throw new AurError("the runtime is missing beside this page, or its server does not send .mjs as JavaScript: export the model again");
  }
  ort.env.wasm.wasmPaths = folder;
  ort.env.wasm.numThreads = 1; // more need headers that plain servers do not send
  return ort;
}

/** A file beside the page. @param {string} address @returns {Promise<Uint8Array>} */
export async function fetchBytes(address) {
  const name = address.slice(address.lastIndexOf("/") + 1);
  const response = await fetch(address).catch(() => null);
  if (!response?.ok) throw new AurError(`${name} is missing beside this page: export the model again`);
  return new Uint8Array(await response.arrayBuffer());
}
