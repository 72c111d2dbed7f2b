// The inspection API, and what it tells by itself.

import { toast } from "./dom.js";

const ROOT = "/_sandbox";

async function ask(method, path, body) {
  const options = { method, headers: {} };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  let answer;
  try {
    answer = await fetch(ROOT + path, options);
  } catch {
    throw new Error("The sandbox does not answer.");
  }
  const value = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) throw new Error(value?.error ?? `HTTP ${answer.status}`);
  return { value, total: Number(answer.headers.get("X-Total")) };
}

function query(parameters) {
  const given = Object.entries(parameters).filter(([, value]) => value !== "" && value != null);
  return given.length ? `?${new URLSearchParams(given)}` : "";
}

export async function get(path, parameters = {}) {
  return (await ask("GET", path + query(parameters))).value;
}

/** The latest that fit, newest first, and how many fit in all. */
export async function latest(path, parameters = {}) {
  const { value, total } = await ask("GET", path + query(parameters));
  return { items: value.reverse(), total: total || value.length };
}

export async function post(path, body) {
  return (await ask("POST", path, body)).value;
}

export async function remove(path) {
  return (await ask("DELETE", path)).value;
}

/** Carry something out for a person; what fails is shown. */
export async function attempt(work, done) {
  try {
    const result = await work();
    if (done) toast(done);
    return result;
  } catch (error) {
    toast(error.message, { bad: true });
    return undefined;
  }
}

const KINDS = ["message", "state", "incoming", "call", "refresh"];

/** Events of the sandbox; "up" and "down" tell of the connection itself. */
class Live extends EventTarget {
  #source = null;
  #wasDown = false;

  start() {
    this.#source = new EventSource(`${ROOT}/events`);
    this.#source.addEventListener("open", () => {
      this.#tell("up");
      // What happened meanwhile may be more than the sandbox repeats.
      if (this.#wasDown) this.#tell("refresh");
      this.#wasDown = false;
    });
    this.#source.addEventListener("error", () => {
      this.#wasDown = true;
      this.#tell("down");
      // A refusal ends an EventSource for good.
      if (this.#source.readyState === EventSource.CLOSED) setTimeout(() => this.start(), 2000);
    });
    for (const kind of KINDS) {
      this.#source.addEventListener(kind, (event) => this.#tell(kind, JSON.parse(event.data)));
    }
  }

  on(kinds, listener) {
    for (const kind of kinds.split(" ")) {
      this.addEventListener(kind, (event) => listener(event.detail, kind));
    }
  }

  #tell(kind, detail) {
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }
}

export const live = new Live();

/** Calls a function once a while at most; the last wish is always granted. */
export function calmed(work, milliseconds = 250) {
  let timer = null;
  return () => {
    timer ??= setTimeout(() => {
      timer = null;
      work();
    }, milliseconds);
  };
}
