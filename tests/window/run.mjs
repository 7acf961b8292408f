// A short read in the real window (WebKitGTK under Xvfb): the page starts, a folder opens, the device agrees, the model
// answers, a mark and a review are saved, and after a restart they are still there. Screenshots go to artefacts/window.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { startDisplay } from "./display.mjs";
import { KEYS, Window } from "./driver.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const binary = process.env.OVERREAD_BINARY ?? join(root, "target/debug/overread");
const app = process.env.OVERREAD_APP ?? join(root, "target/debug/overread-app");
const work = mkdtempSync(join(tmpdir(), "overread-window-"));
const shots = join(root, "artefacts/window");
mkdirSync(shots, { recursive: true });
// A real series and a tiny model where the reference files are at hand, else made ones: the same rules hold for both.
const shared = process.env.OVERREAD_SHARED ?? join(root, "../shared");
const [series, model] = [join(shared, "corpus/series/ct_head_64"), join(shared, "checkpoints/tiny-hub")];
const isReal = existsSync(series) && existsSync(model);
const folder = isReal ? series : join(work, "cases");
const environment = { OVERREAD_HOME: join(work, "home"), OVERREAD_PICK_FOLDER: folder, OVERREAD_PICK_MODEL: model };
if (!isReal) {
  console.log("skipped: the reference series and model are absent, made ones take their place");
  const made = spawnSync(binary, ["phantom", "--out", folder, "--n", "1", "--seed", "5", "--volumes"], { stdio: "inherit" });
  assert.equal(made.status, 0);
}

let passed = 0;
async function step(name, action) {
  await action();
  passed += 1;
  console.log(`ok ${passed} ${name}`);
}
const has = (selector) => `() => document.querySelector(${JSON.stringify(selector)}) !== null`;
const says = (words) => `() => document.body.innerText.includes(${JSON.stringify(words)})`;
/** Presses the first button whose name or words begin so. */
const press = (words) => `() => {
  const named = [...document.querySelectorAll("button, [role=tab]")].find((b) =>
    (b.getAttribute("aria-label") ?? b.innerText).trim().startsWith(${JSON.stringify(words)}) && b.offsetParent !== null);
  if (named === undefined) return false;
  named.click();
  return true;
}`;
const corners = "() => document.querySelector('.corners').innerText";
/** The canvas as drawn, thinned out, and the LINEAR formula of PS3.3 C.11.2.1.2.1 on the stored values beside it. */
const compare = `() => {
  const { session, readPixels } = window.overread;
  const view = session.activeViewport;
  const info = view.frameInfo;
  const raw = session.frames.peek(view.displaySet.id, view.frame);
  const stored = new (raw.kind === "i16" ? Int16Array : Uint16Array)(raw.samples.slice().buffer);
  const drawn = readPixels();
  const { zoom, center } = view.presentation;
  const { center: level, width } = view.voi;
  const scale = drawn.width / view.size.width;
  let [worst, compared, sum] = [0, 0, 0];
  const [edge, step] = info.rows > 200 ? [20, 7] : [2, 1];
  for (let row = edge; row < info.rows - edge; row += step) {
    for (let column = edge; column < info.columns - edge; column += step) {
      const x = Math.floor(((column + 0.5 - center[0]) * zoom + view.size.width / 2) * scale);
      const y = Math.floor(((row + 0.5 - center[1]) * zoom + view.size.height / 2) * scale);
      const value = stored[row * info.columns + column] * info.slope + info.intercept;
      const grey = ((value - (level - 0.5)) / (width - 1) + 0.5) * 255;
      const expected = Math.floor(Math.min(255, Math.max(0, grey)) + 0.5);
      const seen = drawn.rgba[(y * drawn.width + x) * 4];
      worst = Math.max(worst, Math.abs(expected - seen));
      compared += 1;
      sum += seen;
    }
  }
  return { worst, compared, mean: sum / compared, level, width };
}`;

let display = null;
let window = null;
const open = async () => {
  display = await startDisplay(environment);
  window = await Window.open(display.address, app);
  await window.wait("the empty desk", says("Open a folder of DICOM"));
};
try {
  await step("the window shows the desk", open);
  await step("a folder opens at its middle slice", async () => {
    await window.run(press("Open folder"));
    await window.wait("a slice", "() => /Im \\d+ \\/ \\d+/.test(document.body.innerText)");
    const [, at, of] = (await window.run(corners)).match(/Im (\d+) \/ (\d+)/).map(Number);
    assert.ok(of >= 20 && at === Math.floor(of / 2) + 1, `slice ${at} of ${of}`);
  });
  await step("WebGL2 of the window agrees with the reference", async () => {
    await window.wait("the comparison", says("WebGL2 agrees with the reference"));
    await window.screenshot(join(shots, "open.png"));
  });
  await step("keys and the wheel scroll", async () => {
    const { x, y, width, height } = await window.rect('[data-testid="viewport-0"]');
    await window.click('[data-testid="viewport-0"]');
    await window.key(KEYS.home);
    await window.wait("the first slice", says("Im 1 / "));
    await window.key(KEYS.down);
    await window.wait("the second slice", says("Im 2 / "));
    await window.wheel([x + width / 2, y + height / 2], 120);
    await window.wait("the third slice", says("Im 3 / "));
  });
  await step("dragging the window changes the pixels as the formula says", async () => {
    await window.key("1");
    await window.run("() => { window.overread.session.updateSettings({ interpolate: false }); }");
    await new Promise((resolve) => setTimeout(resolve, 800));
    const before = await window.run(compare);
    const { x, y } = await window.rect('[data-testid="viewport-0"]');
    await window.drag([x + 200, y + 200], [x + 260, y + 150]);
    await new Promise((resolve) => setTimeout(resolve, 400));
    const after = await window.run(compare);
    console.log(`   ${before.compared} pixels: W ${before.width} L ${before.level} at most ${before.worst} off, W ${after.width} L ${after.level} at most ${after.worst} off`);
    assert.ok(before.worst <= 1 && after.worst <= 1 && before.compared > 500);
    assert.ok(after.width !== before.width && after.level !== before.level && after.mean !== before.mean);
  });
  await step("truth is written", async () => {
    await window.run(press("Truth"));
    await window.wait("the truth panel", says("No truth is attached"));
    await window.run(press("nodule"));
    await window.run(press("Biopsy"));
    await window.run(press("Keep the truth"));
    await window.wait("the truth", says("Biopsy, since"));
  });
  const compared = "() => /Model and truth (agree|differ)/.test(document.body.innerText)";
  await step("the bundled model answers beside the truth and says what it knows of these images", async () => {
    await window.wait("the panel to ask", press("Model"));
    await window.wait("the button to ask", press("Ask"));
    await window.wait("the answer", has("article"), 120_000);
    const words = isReal ? "On this study its answer means nothing." : "these images are of one";
    await window.wait("what it knows", says(words));
    await window.wait("the comparison with the truth", compared);
    await window.screenshot(join(shots, "answer.png"));
  });
  if (isReal) {
    await step("a model that is chosen by its folder answers too", async () => {
      await window.wait("the models", press("Models"));
      await window.wait("the button for a folder", press("Choose a folder"));
      await window.wait("the tiny model", says("tiny-hub"));
      await new Promise((resolve) => setTimeout(resolve, 800));
      await window.wait("the panel to ask", press("Model"));
      await window.wait("the button to ask", press("Ask"));
      await window.wait("the answer", "() => /tiny-hub/.test(document.querySelector('article')?.innerText ?? '')", 120_000);
      await window.wait("the comparison with the truth", compared);
      await window.screenshot(join(shots, "chosen-model.png"));
    });
  }
  await step("a mark is drawn and the disagreement filed", async () => {
    await window.run(press("Length"));
    const { x, y } = await window.rect('[data-testid="viewport-0"]');
    await window.drag([x + 200, y + 250], [x + 300, y + 300]);
    await window.wait("the mark", has("g[data-mark]"));
    await window.run(press("Review"));
    await window.wait("the form", has("textarea"));
    await window.run("() => { [...document.querySelectorAll('input[type=radio]')].find((r) => r.value === '2a').click(); }");
    await window.click("textarea");
    await window.type("textarea", "The planted nodule was not named.");
    await window.run(press("File for review"));
    await window.wait("the filed review", says("Saved "));
    await window.screenshot(join(shots, "filed.png"));
  });
  const left = await window.run(corners);
  await step("after closing, the review leads back to slice, window and mark", async () => {
    await window.close();
    // The driver serves one automated window in its life.
    display.stop();
    await open();
    await window.key(KEYS.alt, "3");
    await window.wait("the list", says("Filed, 1"));
    await window.wait("its line", press("Go back to"));
    await window.wait("the mark", has("g[data-mark]"));
    const lines = (text) => text.split("\n").filter((line) => /^(Im|W) /.test(line));
    assert.deepEqual(lines(await window.run(corners)), lines(left));
    await window.screenshot(join(shots, "reopened.png"));
  });
  console.log(`${passed} passed, 0 failed`);
} catch (error) {
  await window?.screenshot(join(shots, "failed.png")).catch(() => undefined);
  throw error;
} finally {
  await window?.close().catch(() => undefined);
  display?.stop();
  rmSync(work, { recursive: true, force: true });
}
