// The server. The token comes once, behind the # of the address that was printed, and stays in this tab.

const SHELF = "auricle-studio-token";
const found = new URLSearchParams(location.hash.slice(1)).get("token");
if (found) {
  sessionStorage.setItem(SHELF, found);
  history.replaceState(null, "", location.pathname);
}
const token = sessionStorage.getItem(SHELF);

export const hasToken = () => token !== null;

/** What the server refused, in a line; `status` is that of HTTP, 0 where it could not be reached. */
export class Refusal extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

const headers = () => ({ Authorization: `Bearer ${token}` });

const answer = async (request) => {
  let response;
  try {
    response = await request;
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal("The studio's server can't be reached. Is it still running in the terminal?", 0);
  }
  if (response.ok) return response;
  const { error } = await response.json().catch(() => ({ error: response.statusText }));
  throw new Refusal(error, response.status);
};

export const get = async (path) => (await answer(fetch(`/api/${path}`, { headers: headers() }))).json();

export const post = async (path, values = {}) =>
  (await answer(fetch(`/api/${path}`, {
    method: "POST",
    headers: { ...headers(), "Content-Type": "application/json" },
    body: JSON.stringify(values),
  }))).json();

/** Sends a file; `onShare` is told how much of it has gone. With `to: "folder"` it goes into the folder. */
export const upload = (file, onShare = () => {}, { to = "" } = {}) =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/api/uploads?name=${encodeURIComponent(file.name)}${to && `&to=${to}`}`);
    request.setRequestHeader("Authorization", headers().Authorization);
    request.upload.addEventListener("progress", (event) => onShare(event.loaded / (event.total || 1)));
    request.addEventListener("error", () => reject(new Refusal("The file did not reach the server.", 0)));
    request.addEventListener("load", () => {
      const values = JSON.parse(request.responseText || "{}");
      if (request.status < 300) resolve(values);
      else reject(new Refusal(values.error ?? request.statusText, request.status));
    });
    request.send(file);
  });

export const bytesOf = async (url) => (await answer(fetch(url))).arrayBuffer();

/** Calls `onJobs` with the list of jobs whenever it changes, for as long as the page is open. */
export const watchJobs = async (onJobs, onState) => {
  for (;;) {
    try {
      const response = await answer(fetch("/api/events", { headers: headers() }));
      onState(true);
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let text = ""; ;) {
        const { value, done } = await reader.read();
        if (done) break;
        text += value;
        for (let end; (end = text.indexOf("\n\n")) >= 0; text = text.slice(end + 2)) {
          const data = text.slice(0, end).split("\n").find((line) => line.startsWith("data: "));
          if (data) onJobs(JSON.parse(data.slice(6)));
        }
      }
    } catch (error) {
      if (error.status === 401) return onState(false);
    }
    onState(false);
    await new Promise((resolve) => setTimeout(resolve, 2000));
  }
};

/** Lets the browser save a file under a name. */
export const save = (url, name) => {
  const link = document.createElement("a");
  link.href = url.startsWith("blob:") ? url : `${url}&save=${encodeURIComponent(name)}`;
  link.download = name;
  link.click();
};

/** Saves what the API answers to a path, such as a table. */
export const saveAnswer = async (path, name) => {
  const response = await answer(fetch(`/api/${path}`, { headers: headers() }));
  const url = URL.createObjectURL(await response.blob());
  save(url, name);
  setTimeout(() => URL.revokeObjectURL(url), 10000);
};
