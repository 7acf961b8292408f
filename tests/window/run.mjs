// A short read in the real window (WebKitGTK under Xvfb): the page starts, a folder opens, the device agrees, the model
// answers, a mark and a review are saved, and after a restart they are still there. Screenshots go to artefacts/window.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { startDisplay } from "./display.mjs";
import { Window } from "./driver.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const binary = process.env.OVERREAD_BINARY ?? join(root, "target/debug/overread");
const app = process.env.OVERREAD_APP ?? join(root, "target/debug/overread-app");
const work = mkdtempSync(join(tmpdir(), "overread-window-"));
const shots = join(root, "artefacts/window");
mkdirSync(shots, { recursive: true });
const folder = join(work, "cases");
const environment = { OVERREAD_HOME: join(work, "home"), OVERREAD_PICK_FOLDER: folder };
const made = spawnSync(binary, ["phantom", "--out", folder, "--n", "1", "--seed", "5", "--volumes"], { stdio: "inherit" });
assert.equal(made.status, 0);

let passed = 0;
async function step(name, action) {
  await action();
  passed += 1;
  console.log(`ok ${passed} ${name}`);
}
const has = (selector) => `() => document.querySelector(${JSON.stringify(selector)}) !== null`;
const says = (words) => `() => document.body.innerText.includes(${JSON.stringify(words)})`;
const press = (selector) => `() => { document.querySelector(${JSON.stringify(selector)}).click(); return true; }`;

const display = await startDisplay(environment);
let window = null;
try {
  window = await Window.open(display.address, app);
  await step("the window shows the desk", async () => {
    await window.wait("the empty desk", says("Nothing is open."));
  });
  await step("a folder opens", async () => {
    await window.run(press(".tools .button"));
    await window.wait("a slice", has('[data-testid="slice"]'));
  });
  await step("WebGL2 of the window agrees with the reference", async () => {
    await window.wait("the comparison", says("WebGL2 agrees with the reference"));
  });
  await step("the wheel scrolls and a drag changes the window", async () => {
    const before = await window.text('[data-testid="slice"]');
    const { x, y, width, height } = await window.rect(".viewport");
    await window.wheel([x + width / 2, y + height / 2], 120);
    await window.wait("another slice", `() => document.querySelector('[data-testid="slice"]').textContent !== ${JSON.stringify(before)}`);
    const old = await window.text('[data-testid="window"]');
    await window.drag([x + 200, y + 200], [x + 260, y + 240]);
    await window.wait("another window", `() => document.querySelector('[data-testid="window"]').textContent.trim() !== ${JSON.stringify(old.trim())}`);
    await window.screenshot(join(shots, "open.png"));
  });
  await step("the model answers", async () => {
    await window.wait("a plan", `() => document.querySelector('[data-testid="ask"]')?.disabled === false`);
    await window.run(press('[data-testid="ask"]'));
    await window.wait("an answer", has('[data-testid="answer"]'), 120_000);
    await window.screenshot(join(shots, "answer.png"));
  });
  await step("a mark is saved and the disagreement filed", async () => {
    const { x, y } = await window.rect(".viewport");
    await window.run(press('[data-tool-button="length"]'));
    await window.drag([x + 220, y + 260], [x + 320, y + 300]);
    await window.wait("a kept mark", has("g.kept"));
    await window.run(press("#tab-Review"));
    await window.wait("scores", has('[data-score="2a"]'));
    await window.run(press('[data-score="2a"]'));
    await window.run(press('[data-testid="file"]'));
    await window.wait("a filed review", has("[data-review]"));
    await window.screenshot(join(shots, "filed.png"));
  });
  await window.close();
  window = await Window.open(display.address, app);
  await step("after a restart the review leads back to its mark", async () => {
    await window.wait("the empty desk", says("Nothing is open."));
    await window.run(press("#tab-Review"));
    await window.wait("the review", has("[data-review]"));
    await window.run(press("[data-review]"));
    await window.wait("the mark", has("g.kept"));
    await window.screenshot(join(shots, "reopened.png"));
  });
  console.log(`${passed} passed, 0 failed`);
} catch (error) {
  await window?.screenshot(join(shots, "failed.png")).catch(() => undefined);
  throw error;
} finally {
  await window?.close().catch(() => undefined);
  display.stop();
  rmSync(work, { recursive: true, force: true });
}
