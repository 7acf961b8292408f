import { describe, expect, it } from "vitest";
import { memoryBackend } from "../backend/memory/memory";
import { byKey, findCommands, makeCommands, type PageActions } from "./commands";
import { type KeyPress, keyName, printedKey } from "./keys";
import { Session } from "./session.svelte";

function press(key: string, code = "", with_: Partial<KeyPress> = {}): KeyPress {
  return { key, code, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...with_ };
}

const shift = { shiftKey: true };

describe("names of keys", () => {
  it("are what the sheet prints", () => {
    expect(keyName(press("f", "KeyF"))).toBe("F");
    expect(keyName(press("F", "KeyF", shift))).toBe("Shift+F");
    expect(keyName(press("z", "KeyZ", { ctrlKey: true }))).toBe("Ctrl+Z");
    expect(keyName(press("z", "KeyZ", { metaKey: true }))).toBe("Ctrl+Z");
    expect(keyName(press(" ", "Space"))).toBe("Space");
    expect(keyName(press("~", "Backquote", shift))).toBe("~");
    expect(keyName(press("?", "Slash", shift))).toBe("?");
    expect(keyName(press("PageDown", "PageDown", { ctrlKey: true }))).toBe("Ctrl+PageDown");
  });

  it("know digits on boards that need Shift for them, and Shift on those that do not", () => {
    expect(keyName(press("3", "Digit3"))).toBe("3");
    expect(keyName(press("#", "Digit3", shift))).toBe("Shift+3");
    expect(keyName(press("3", "Digit3", shift))).toBe("3");
    expect(keyName(press("3", "Numpad3"))).toBe("3");
  });

  it("are printed for people", () => {
    expect(printedKey("Ctrl+PageUp")).toBe("Ctrl Page ↑");
    expect(printedKey("+")).toBe("+");
  });
});

const page: PageActions = {
  focusFind: () => undefined,
  showKeys: () => undefined,
  showPalette: () => undefined,
  toggleStudies: () => undefined,
  togglePanel: () => undefined,
  showPanel: () => undefined,
  devicePixelRatio: () => 1,
};

async function desk() {
  const session = new Session(memoryBackend({ pace: 0, plain: true }));
  for (const viewport of session.viewports) viewport.resize({ width: 512, height: 512 });
  await session.start();
  const commands = makeCommands(session, page);
  const run = (key: string) => {
    const command = byKey(commands).get(key);
    if (command === undefined) throw new Error(`no command has the key ${key}`);
    if (command.enabled()) command.run();
  };
  return { session, commands, run };
}

describe("commands", () => {
  it("have one name and no key twice", async () => {
    const { commands } = await desk();
    const ids = commands.map(({ id }) => id);
    const keys = commands.flatMap(({ keys }) => keys);
    expect(new Set(ids).size).toBe(ids.length);
    expect(keys.filter((key, i) => keys.indexOf(key) !== i)).toEqual([]);
    expect(commands.every(({ title }) => title !== "")).toBe(true);
  });

  it("scroll", async () => {
    const { session, run } = await desk();
    const frames: number[] = [];
    for (const key of ["Home", "ArrowDown", "PageDown", "ArrowUp", "PageUp", "PageUp", "End", "ArrowDown"]) {
      run(key);
      frames.push(session.activeViewport.frame);
    }
    expect(frames).toEqual([0, 1, 11, 10, 0, 0, 39, 39]);
  });

  it("choose windows: the file's, the automatic one, presets of CT", async () => {
    const { session, run } = await desk();
    const voi = () => session.activeViewport.voi;
    run("2");
    expect(voi()).toMatchObject({ center: -600, width: 1500, explanation: "lung" });
    run("~");
    expect(voi()).toMatchObject({ explanation: "Abdomen" });
    run("~");
    expect(voi()).toMatchObject({ explanation: "Liver" });
    run("`");
    expect(voi()).toMatchObject({ explanation: "Abdomen" });
    run("0");
    expect(voi()).toMatchObject({ explanation: "Automatic" });
    run("Shift+3");
    expect(voi()).toMatchObject({ explanation: "temporal bone" });
  });

  it("leave Hounsfield presets and windows alone where they mean nothing", async () => {
    const { session, run } = await desk();
    await session.openDisplaySet("dx-chest");
    const before = session.activeViewport.voi;
    run("2");
    expect(session.activeViewport.voi).toBe(before);
    await session.openDisplaySet("us-duplex");
    run("0");
    expect(session.activeViewport.voi).toBeNull();
  });

  it("arm a tool, and put it away again", async () => {
    const { session, run } = await desk();
    run("D");
    expect(session.activeViewport.tool).toBe("length");
    run("D");
    expect(session.activeViewport.tool).toBe("window");
    run("E");
    run("Escape");
    expect(session.activeViewport.tool).toBe("window");
  });

  it("turn, mirror, invert and come back by reset", async () => {
    const { session, run } = await desk();
    const before = session.activeViewport.presentation;
    for (const key of ["R", "H", "I", "+", "2"]) run(key);
    expect(session.activeViewport.presentation).toMatchObject({
      rotation: 270,
      flipped: true,
      inverted: true,
    });
    run("Ctrl+Shift+R");
    expect(session.activeViewport.presentation).toEqual(before);
    expect(session.activeViewport.voi).toMatchObject({ explanation: "Abdomen" });
  });

  it("are found by words, best first", async () => {
    const { commands } = await desk();
    expect(findCommands(commands, "rot").map(({ id }) => id)).toEqual(["view.right", "view.left"]);
    expect(findCommands(commands, "window brain")[0]?.id).toBe("window.preset.brain");
    expect(findCommands(commands, "nothing like it")).toEqual([]);
  });
});
