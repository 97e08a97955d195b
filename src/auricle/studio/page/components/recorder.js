// A sound from the microphone, as the browser records it.
import { h } from "../lib/dom.js";
import { toast } from "./toast.js";

const PART_MS = 500;

export const recorder = (onFile) => {
  let running = null;
  let isAsking = false;
  const begin = async () => {
    if (isAsking) return;
    isAsking = true;
    try {
      const stream = await navigator.mediaDevices.getUserMedia({
        audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
      });
      const parts = [];
      running = new MediaRecorder(stream);
      running.addEventListener("dataavailable", (event) => {
        parts.push(event.data);
        if (running?.state === "recording" && !button.isConnected) running.stop(); // nobody could stop it any more
      });
      running.addEventListener("stop", () => {
        for (const track of stream.getTracks()) track.stop();
        const suffix = running.mimeType.includes("mp4") ? "m4a" : running.mimeType.includes("ogg") ? "ogg" : "webm";
        running = null;
        show();
        onFile(new File(parts, `recording.${suffix}`));
      });
      running.start(PART_MS);
    } catch (error) {
      toast(`There is no microphone to record from: ${error.message}`, { isError: true });
    }
    isAsking = false;
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
