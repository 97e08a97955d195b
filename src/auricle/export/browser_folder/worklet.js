// What runs in the thread of sound: playing blocks that come from the Worker, and taking blocks from a microphone.

const QUANTA_PER_REPORT = 4;

registerProcessor(
  "auricle-player",
  class extends AudioWorkletProcessor {
    #blocks = [];
    #offset = 0;
    #generation = 0;
    #played = 0;
    #quanta = 0;
    #ended = false;
    #playing = false;
    #gaps = 0;
    #error = undefined;
    #worker = null;

    constructor() {
      super();
      this.port.onmessage = ({ data }) => {
        if (data.port) {
          this.#worker = data.port;
          this.#worker.onmessage = ({ data: block }) => this.#take(block);
        } else this.#playing = data.playing;
      };
    }

    #take(block) {
      if (block.flush !== undefined) {
        this.#generation = block.flush;
        this.#blocks = [];
        this.#offset = this.#played = 0;
        this.#ended = false;
      } else if (block.generation === this.#generation) {
        if (block.end) {
          this.#ended = true;
          this.#error = block.error;
        } else this.#blocks.push(block);
      }
    }

    process(_, [output]) {
      if (!this.#playing) return true;
      const size = output[0].length;
      let filled = 0;
      while (filled < size && this.#blocks.length) {
        const { channels } = this.#blocks[0];
        const count = Math.min(size - filled, channels[0].length - this.#offset);
        output.forEach((target, c) =>
          target.set(channels[Math.min(c, channels.length - 1)].subarray(this.#offset, this.#offset + count), filled),
        );
        filled += count;
        this.#offset += count;
        this.position = this.#blocks[0].start + this.#offset;
        if (this.#offset === channels[0].length) {
          this.#blocks.shift();
          this.#offset = 0;
        }
      }
      this.#played += filled;
      if (filled < size && !this.#ended && this.#played > 0) this.#gaps++;
      if (++this.#quanta % QUANTA_PER_REPORT === 0) this.#report();
      return true;
    }

    #report() {
      const ended = this.#ended && !this.#blocks.length;
      this.#worker?.postMessage({ generation: this.#generation, played: this.#played, gaps: this.#gaps });
      this.port.postMessage({ position: this.position ?? 0, ended, gaps: this.#gaps, error: ended ? this.#error : undefined });
      if (ended) this.#playing = false;
    }
  },
);

registerProcessor(
  "auricle-recorder",
  class extends AudioWorkletProcessor {
    process([input]) {
      if (input.length) this.port.postMessage(input.map((channel) => channel.slice()));
      return true;
    }
  },
);
