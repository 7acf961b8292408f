// As much of the WebDriver protocol as these tests use.
import { writeFileSync } from "node:fs";

const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";

/** Code points of the protocol for keys without a character. */
export const KEYS = { home: "\uE011", down: "\uE015", alt: "\uE00A" };

/** One automated window. */
export class Window {
  static async open(address, app, args = []) {
    const window = new Window(address);
    const { sessionId } = await window.send("POST", "/session", {
      capabilities: { alwaysMatch: { "webkitgtk:browserOptions": { binary: app, args } } },
    });
    window.session = `/session/${sessionId}`;
    return window;
  }

  constructor(address) {
    this.address = address;
    this.session = "";
  }

  async send(method, path, body) {
    const response = await fetch(`${this.address}${path}`, {
      method,
      signal: AbortSignal.timeout(60_000),
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    const { value } = await response.json();
    if (!response.ok) throw new Error(`${method} ${path}: ${value?.error}: ${value?.message}`);
    return value;
  }

  close() {
    return this.send("DELETE", this.session);
  }

  /** Runs a function in the page; the last argument of an async one is `done`. */
  run(script, ...args) {
    return this.send("POST", `${this.session}/execute/sync`, { script: `return (${script})(...arguments)`, args });
  }

  runAsync(script, ...args) {
    return this.send("POST", `${this.session}/execute/async`, { script: `(${script})(...arguments)`, args });
  }

  async find(selector) {
    const found = await this.send("POST", `${this.session}/element`, { using: "css selector", value: selector });
    return found[ELEMENT];
  }

  async rect(selector) {
    return this.send("GET", `${this.session}/element/${await this.find(selector)}/rect`);
  }

  async text(selector) {
    return this.send("GET", `${this.session}/element/${await this.find(selector)}/text`);
  }

  async click(selector) {
    await this.send("POST", `${this.session}/element/${await this.find(selector)}/click`, {});
  }

  async type(selector, text) {
    await this.send("POST", `${this.session}/element/${await this.find(selector)}/value`, { text });
  }

  /** Waits until `ready` (a function run in the page) gives something true, and returns it. */
  async wait(what, ready, milliseconds = 20000, ...args) {
    const end = Date.now() + milliseconds;
    let last;
    while (Date.now() < end) {
      last = await this.run(ready, ...args);
      if (last) return last;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`${what}: not within ${milliseconds / 1000} s`);
  }

  async waitFor(selector, milliseconds) {
    await this.wait(selector, "(s) => document.querySelector(s) !== null", milliseconds, selector);
  }

  /** Presses the left button at `from`, moves to `to` in steps, lets go. Points are CSS px in the page. */
  async drag(from, to, steps = 6) {
    const moves = Array.from({ length: steps }, (_, i) => ({
      type: "pointerMove",
      duration: 16,
      x: Math.round(from[0] + ((to[0] - from[0]) * (i + 1)) / steps),
      y: Math.round(from[1] + ((to[1] - from[1]) * (i + 1)) / steps),
    }));
    await this.actions([
      {
        type: "pointer",
        id: "mouse",
        parameters: { pointerType: "mouse" },
        actions: [
          { type: "pointerMove", duration: 0, x: Math.round(from[0]), y: Math.round(from[1]) },
          { type: "pointerDown", button: 0 },
          ...moves,
          { type: "pointerUp", button: 0 },
        ],
      },
    ]);
  }

  async wheel(at, deltaY) {
    await this.actions([
      {
        type: "wheel",
        id: "wheel",
        actions: [{ type: "scroll", x: Math.round(at[0]), y: Math.round(at[1]), deltaX: 0, deltaY, duration: 0 }],
      },
    ]);
  }

  async key(...keys) {
    await this.actions([
      {
        type: "key",
        id: "keys",
        actions: [
          ...keys.map((value) => ({ type: "keyDown", value })),
          ...keys.toReversed().map((value) => ({ type: "keyUp", value })),
        ],
      },
    ]);
  }

  actions(actions) {
    return this.send("POST", `${this.session}/actions`, { actions });
  }

  async screenshot(path) {
    writeFileSync(path, Buffer.from(await this.send("GET", `${this.session}/screenshot`), "base64"));
  }
}
