// A sound from the microphone, as the browser records it.
import { h } from "../lib/dom.js";
import { toast } from "./toast.js";

export const recorder = (onFile) => {
  let running = null;
  const begin = async () => {
    try {
      const stream = await navigator.mediaDevices.getUserMedia({
        audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
      });
      const parts = [];
      running = new MediaRecorder(stream);
      running.addEventListener("dataavailable", (event) => parts.push(event.data));
      running.addEventListener("stop", () => {
        for (const track of stream.getTracks()) track.stop();
        const suffix = running.mimeType.includes("mp4") ? "m4a" : running.mimeType.includes("ogg") ? "ogg" : "webm";
        running = null;
        show();
        onFile(new File(parts, `recording.${suffix}`));
      });
      running.start();
    } catch (error) {
      toast(`There is no microphone to record from: ${error.message}`, { isError: true });
    }
    show();
  };
  const button = h("button", { onclick: () => (running ? running.stop() : begin()) });
  const show = () => {
    button.textContent = running ? "Stop recording" : "Record";
    button.setAttribute("aria-pressed", String(running !== null));
    button.classList.toggle("recording", running !== null);
  };
  show();
  return button;
};
