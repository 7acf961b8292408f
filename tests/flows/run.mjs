// The whole read in a browser against the loopback server: open, scroll, window, ask, compare, mark, file, come back.
// What a formula says must be on the canvas. Screenshots go to artefacts/flows.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const { chromium } = createRequire(join(root, "ui/package.json"))("playwright-core");
const binary = process.env.OVERREAD_BINARY ?? join(root, "target/debug/overread");
const executablePath = ["/usr/bin/chromium", "/usr/bin/google-chrome"].find((path) => existsSync(path));
if (executablePath === undefined) throw new Error("Chromium is missing: install the package chromium.");

const axe = readFileSync(join(root, "ui/node_modules/axe-core/axe.min.js"), "utf8");
const work = mkdtempSync(join(tmpdir(), "overread-flows-"));
const shots = join(root, "artefacts/flows");
mkdirSync(shots, { recursive: true });
const folder = join(work, "cases");
const env = { ...process.env, OVERREAD_HOME: join(work, "home"), OVERREAD_PICK_FOLDER: folder, OVERREAD_PICK_MODEL: folder, OVERREAD_PICK_CASE_SET: join(work, "set.toml") };

function run(args) {
  return new Promise((resolve, reject) => {
    const child = spawn(binary, args, { env, stdio: ["ignore", "ignore", "inherit"] });
    child.on("exit", (code) => (code === 0 ? resolve() : reject(new Error(`overread ${args[0]} ended with ${code}`))));
  });
}

function serve() {
  const server = spawn(binary, ["serve", "--page", join(root, "ui/dist")], { env, stdio: ["ignore", "pipe", "inherit"] });
  return new Promise((resolve, reject) => {
    server.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
    server.stdout.once("data", (bytes) => resolve({ server, address: String(bytes).trim() }));
  });
}

let passed = 0;
async function step(name, action) {
  await action();
  passed += 1;
  console.log(`ok ${passed} ${name}`);
}

/** Runs in the page: the canvas against LINEAR of PS3.3 C.11.2.1.2.1 with the soft tissue preset, 400 / 40. */
async function comparePixels() {
  const { session, readPixels } = window.overread;
  const view = session.activeViewport;
  const info = view.frameInfo;
  const raw = session.frames.peek(view.displaySet.id, view.frame);
  const bytes = raw.samples.slice().buffer;
  const stored = raw.kind === "i16" ? new Int16Array(bytes) : new Uint16Array(bytes);
  const drawn = readPixels();
  const { zoom, center } = view.presentation;
  const scale = drawn.width / view.size.width;
  let [worst, compared] = [0, 0];
  for (let row = 20; row < info.rows - 20; row += 7) {
    for (let column = 20; column < info.columns - 20; column += 7) {
      const x = Math.floor(((column + 0.5 - center[0]) * zoom + view.size.width / 2) * scale);
      const y = Math.floor(((row + 0.5 - center[1]) * zoom + view.size.height / 2) * scale);
      const value = stored[row * info.columns + column] * info.slope + info.intercept;
      const expected = Math.floor(Math.min(255, Math.max(0, ((value - 39.5) / 399 + 0.5) * 255)) + 0.5);
      worst = Math.max(worst, Math.abs(expected - drawn.rgba[(y * drawn.width + x) * 4]));
      compared += 1;
    }
  }
  return { worst, compared };
}

await run(["phantom", "--out", folder, "--n", "2", "--seed", "11", "--volumes"]);
const { server, address } = await serve();
const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--enable-unsafe-swiftshader", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
// As the window does (`freezePrototype`): code that writes to inherited properties fails here as it would there.
await page.addInitScript(() => Object.freeze(Object.prototype));
const shot = (name) => page.screenshot({ path: join(shots, `${name}.png`) });
const tab = (name) => page.getByRole("tab", { name, exact: true }).click();
const viewport = page.getByTestId("viewport-0");
/** Words in the corners, one text. */
const corners = () => page.locator(".corners").first().innerText();
const model = (script) => page.evaluate(script);
const slice = () => model(() => window.overread.session.activeViewport.frame + 1);
const ask = () => page.getByRole("button", { name: /^Ask (the model|again)/ });
const answer = page.locator("article");
try {
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  await page.goto(`${address}&testing`);

  await step("the empty desk says what to do", async () => {
    await page.getByText("Open a folder of DICOM").waitFor();
    await shot("empty");
  });
  await step("a folder opens, its series stand in the list, the first shows its middle slice", async () => {
    await page.getByRole("button", { name: "Open folder" }).first().click();
    await page.locator(".corners").waitFor();
    assert.ok((await page.locator("[data-tile]").count()) >= 2);
    assert.match(await corners(), /Im 11 \/ 20/);
    await shot("open");
  });
  await step("files that are no images are named with their reason", async () => {
    await page.getByText("files not shown").click();
    await page.getByText("truth.csv").first().waitFor();
    await page.getByText("files not shown").click();
  });
  await step("the device agrees with the reference renderer", async () => {
    await page.getByText("WebGL2 agrees with the reference").waitFor();
  });
  await step("keys and the wheel scroll", async () => {
    await viewport.click({ position: { x: 5, y: 5 } });
    await page.keyboard.press("Home");
    assert.equal(await slice(), 1);
    await page.keyboard.press("ArrowDown");
    assert.equal(await slice(), 2);
    await viewport.hover();
    await page.mouse.wheel(0, 120);
    await page.waitForFunction(() => window.overread.session.activeViewport.frame === 2);
    await page.keyboard.press("End");
    assert.equal(await slice(), 20);
  });
  await step("the canvas shows what the window formula says", async () => {
    await page.keyboard.press("Home");
    for (let i = 0; i < 9; i += 1) await page.keyboard.press("ArrowDown");
    await page.keyboard.press("1");
    await model(() => window.overread.session.updateSettings({ interpolate: false }));
    await page.waitForTimeout(800);
    const { worst, compared } = await model(comparePixels);
    console.log(`   ${compared} pixels, at most ${worst} grey levels off`);
    assert.ok(compared > 500 && worst <= 1);
  });
  await step("dragging changes the window, sends nothing and uploads nothing", async () => {
    const before = await corners();
    const requests = [];
    page.on("request", (request) => requests.push(request.url()));
    const box = await viewport.boundingBox();
    await page.mouse.move(box.x + 300, box.y + 300);
    await page.waitForTimeout(700);
    const { uploads } = await model(() => window.overread.readPixels());
    await page.mouse.down();
    requests.length = 0;
    await page.mouse.move(box.x + 360, box.y + 280, { steps: 8 });
    const during = requests.length;
    await page.mouse.up();
    assert.notEqual(await corners(), before);
    assert.equal(during, 0);
    assert.equal((await model(() => window.overread.readPixels())).uploads, uploads);
  });
  await step("the probe tells value and unit", async () => {
    const box = await viewport.boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.waitForFunction(() => /HU/.test(document.querySelector(".corners").innerText));
    await shot("probe");
  });
  await step("the picture that the model gets can be seen", async () => {
    await page.getByRole("button", { name: "See what the model gets" }).last().click();
    const picture = page.locator("section.input img");
    await picture.waitFor();
    await page.waitForFunction(() => document.querySelector("section.input img").naturalWidth > 0);
    await page.waitForTimeout(300);
    await shot("model-input");
    await page.locator("section.input").getByRole("button", { name: "Close" }).click();
  });
  await step("truth is typed in with its source", async () => {
    await tab("Truth");
    await page.getByRole("button", { name: "nodule", exact: true }).click();
    await page.getByRole("button", { name: "Panel of readers" }).click();
    await page.getByRole("button", { name: "Keep the truth" }).click();
    await page.getByText("Panel of readers, since").waitFor();
    await shot("truth");
  });
  await step("the model answers beside the truth", async () => {
    await tab("Model");
    await shot("question");
    await ask().first().click();
    await answer.waitFor({ timeout: 120_000 });
    assert.match(await page.locator("dl").first().innerText(), /nodule/);
    assert.match(await page.locator(".verdict").innerText(), /Model and truth (agree|differ)/);
    // Nobody typed a question: it is the bundled model's own, so its calibration holds.
    assert.match(await answer.innerText(), /Which finding is present\?[\s\S]*, calibrated on 500 cases/);
    assert.match(await answer.innerText(), /knows made phantoms only; these images are of one/);
    assert.equal(await page.getByText(/On this study its answer means nothing/).count(), 0);
    assert.match(await answer.innerText(), /weights [0-9a-f]{12} · ct-windows\/1/);
    await shot("answer");
  });
  await step("the answer is checked: is it looking, does the recipe decide; a single slice leaves nothing out", async () => {
    const check = async (name) => {
      await page.getByRole("button", { name: `${name} Check`, exact: true }).click();
      const table = page.getByRole("table", { name, exact: true });
      await table.waitFor({ timeout: 120_000 });
      return table.innerText();
    };
    assert.match(await check("Is it looking?"), /blank[\s\S]*noise[\s\S]*shift/);
    assert.match(await check("Recipe check"), /ct-windows\/1[\s\S]*as asked/);
    await page.getByText("One slice was read; there is nothing to leave out.").waitFor();
    await shot("checks");
  });
  await step("models: precision is chosen and given back, a folder that is none says why", async () => {
    await tab("Models");
    const precision = page.getByRole("group", { name: "Precision" }).first();
    const choose = async (name) => {
      await precision.getByText(name, { exact: true }).click();
      await precision.locator("label:has(:checked)", { hasText: name }).waitFor();
    };
    await choose("q8_0");
    await page.getByText("as chosen for this model").waitFor();
    await choose("By memory");
    await page.getByText("Nothing is downloaded by itself.").last().waitFor();
    await shot("models");
    await page.getByRole("button", { name: "Choose a folder…" }).first().click();
    await page.getByText("This cannot be used as a model").waitFor();
    await page.getByText(/config\.json/).first().waitFor();
    await shot("no-model");
    await page.getByRole("tabpanel", { name: "Models" }).getByLabel(/^Model: /).click();
    await page.getByRole("option", { name: /demo/i }).first().click();
    await page.getByRole("group", { name: "Precision" }).first().waitFor();
    await tab("Model");
  });
  let filedSlice = 0;
  let marksDrawn = 0;
  await step("marks are drawn, measured, undone and saved", async () => {
    const box = await viewport.boundingBox();
    const draw = async (tool, at) => {
      await page.getByRole("button", { name: new RegExp(`^${tool}`, "i") }).first().click();
      await page.mouse.move(box.x + at, box.y + 300);
      await page.mouse.down();
      await page.mouse.move(box.x + at + 90, box.y + 340, { steps: 5 });
      await page.mouse.up();
      marksDrawn += 1;
      await page.waitForFunction((count) => document.querySelectorAll("[data-mark]").length >= count, marksDrawn);
    };
    for (const [i, tool] of ["Length", "Ellipse", "Rectangle", "Arrow"].entries()) await draw(tool, 180 + i * 100);
    assert.match(await page.locator(".marks").innerHTML(), /mm/);
    await shot("marks");
    await page.keyboard.press("Control+z");
    await page.waitForFunction(() => document.querySelectorAll("g[data-mark]").length === 3);
    filedSlice = await slice();
  });
  await step("the disagreement is filed, and not without a reason", async () => {
    await tab("Review");
    await page.getByText("2b", { exact: true }).click();
    await page.getByRole("button", { name: /File for review/ }).click();
    await page.getByText("needs a comment").waitFor();
    await page.getByLabel("Comment").fill("The planted nodule was not named.");
    await page.getByRole("button", { name: "Wrong place" }).click();
    await page.getByRole("button", { name: /File for review/ }).click();
    await page.getByText(/^Saved /).waitFor();
    await shot("filed");
  });
  await step("every panel keeps WCAG 2.2 AA as far as a program can tell", async () => {
    await page.evaluate(axe);
    const found = [];
    for (const name of ["Model", "Models", "Truth", "Settings", "Review"]) {
      await page.getByRole("tab", { name, exact: true }).click();
      await page.waitForTimeout(300);
      const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"] }));
      for (const { id, nodes } of violations) found.push(`${name}: ${id}: ${nodes.map(({ target }) => target.join(" ")).slice(0, 3).join(" | ")}`);
    }
    assert.deepEqual(found, []);
  });
  await step("the list is written as CSV and JSON", async () => {
    await page.getByRole("button", { name: "Export to the home folder" }).click();
    await page.getByText(/1 row written to .*csv/).waitFor();
    await page.getByText("JSON", { exact: true }).click();
    await page.getByRole("button", { name: "Export to the home folder" }).click();
    await page.getByText(/1 row written to .*json/).waitFor();
  });
  await step("the series' tile tells of truth and reading", async () => {
    await page.locator('[data-tile][aria-current="true"]').getByText("truth").waitFor();
    await page.locator('[data-tile][aria-current="true"]').getByText("1 reading").waitFor();
  });
  await step("after a reload the review leads back to slice, window and marks", async () => {
    const before = (await corners()).match(/W .*/)[0];
    await page.reload();
    await page.getByText("Open a folder of DICOM").waitFor();
    await page.getByText("Opened before").waitFor();
    await page.keyboard.press("Alt+3");
    await page.getByRole("button", { name: /^Go back to/ }).click();
    await page.locator("g[data-mark]").first().waitFor();
    assert.equal(await slice(), filedSlice);
    assert.equal(await page.locator("g[data-mark]").count(), 3);
    assert.equal((await corners()).match(/W .*/)[0], before);
    await shot("reopened");
  });
  await step("blind mode hides model and truth until the own answer is committed", async () => {
    await page.getByRole("tab", { name: "Settings" }).click();
    await page.getByRole("switch", { name: "Blind mode" }).click();
    await page.locator("[data-tile]").last().click();
    await tab("Model");
    await page.getByText("Blind mode: model and truth stay hidden").waitFor();
    await ask().first().click();
    await page.getByText(/1 answer/).first().waitFor({ timeout: 120_000 });
    assert.equal(await answer.count(), 0);
    assert.equal(await page.getByText("Checks of this answer").count(), 0);
    await shot("blind");
    await page.getByRole("group", { name: "From the list" }).getByText("normal").click();
    await page.getByRole("button", { name: "Commit and reveal" }).click();
    await answer.waitFor();
    assert.match(await page.getByText(/^Order:/).innerText(), /own answer .*model/);
    await shot("revealed");
  });
  await step("slices that speak for an answer stand beside the scroll bar, by keyboard too, and key A puts them away", async () => {
    if (!(await page.getByLabel("Wording").isVisible())) await page.locator("summary", { hasText: "Question" }).first().click();
    await page.getByText("Range", { exact: true }).click();
    await page.getByLabel("Slices, from 1").fill("8-12");
    await ask().first().click();
    await page.getByText("Slices 8–12").first().waitFor({ timeout: 120_000 });
    await page.getByRole("button", { name: "Which slices? Check", exact: true }).click();
    const strip = page.getByTestId("strip-0");
    await strip.waitFor({ timeout: 120_000 });
    await strip.focus();
    await page.keyboard.press("Home");
    assert.equal(await slice(), 8);
    await page.keyboard.press("ArrowDown");
    assert.equal(await slice(), 9);
    assert.match(await strip.getAttribute("aria-valuetext"), /Without slice 9: .* log-odds of/);
    await shot("which-slices");
    await page.keyboard.press("a");
    assert.equal(await strip.count(), 0);
    await page.keyboard.press("a");
    await strip.waitFor();
  });
  await step("pictures are encoded ahead when allowed, and the line says so", async () => {
    await page.getByRole("tab", { name: "Settings" }).click();
    await page.getByRole("switch", { name: "Encode pictures when a series is opened" }).click();
    // A small model is done within a frame or two: what the line said is remembered, however short.
    await page.evaluate(() => {
      window.saidAhead = false;
      new MutationObserver(() => { window.saidAhead ||= document.body.innerText.includes("Encoding ahead"); }).observe(document.body, { subtree: true, childList: true, characterData: true });
    });
    await page.locator("[data-tile]").first().click();
    await page.waitForFunction(() => window.saidAhead, undefined, { timeout: 20_000 });
    await page.getByRole("button", { name: "Stop encoding ahead" }).click({ timeout: 5000 }).catch(() => undefined);
    await page.getByText(/^Encoding ahead/).waitFor({ state: "hidden", timeout: 20_000 });
    await page.getByRole("switch", { name: "Encode pictures when a series is opened" }).click();
    await tab("Model");
  });
  await step("two by two shows four places", async () => {
    await page.getByRole("button", { name: "One or four viewports" }).click();
    assert.equal(await page.locator("[data-viewport]").count(), 4);
    await page.waitForTimeout(500);
    await shot("two-by-two");
    await page.getByRole("button", { name: "One or four viewports" }).click();
  });
  await step("a narrow window keeps everything in reach", async () => {
    await page.setViewportSize({ width: 900, height: 600 });
    await page.waitForTimeout(300);
    await shot("narrow");
    assert.ok(await ask().first().isVisible());
  });
  await step("a case set opens over the desk, its matrix leads to cases, a case to its images and back", async () => {
    await page.setViewportSize({ width: 1440, height: 900 });
    writeFileSync(join(work, "labels.csv"), "case,path,label\ncase-0001,case-0001,nodule\ncase-0002,case-0002,normal\n");
    const said = (label, confidence, i) => ({ case: `case-000${i}`, reader: "recorded", label, confidence, text: `Final Answer: ${label}` });
    writeFileSync(join(work, "answers.jsonl"), [said("nodule", 0.9, 1), said("nodule", 0.8, 2)].map((line) => JSON.stringify(line)).join("\n"));
    await run(["eval", "new", folder, "--truth", join(work, "labels.csv"), "--answers", join(work, "answers.jsonl"), "--out", join(work, "set.toml")]);
    const before = await model(() => window.overread.session.displaySet.id);
    await page.keyboard.press("Control+e");
    await page.getByRole("button", { name: "Open a case set" }).click();
    await page.getByText("2 cases · 2 patients").waitFor();
    await shot("evaluation");
    await page.evaluate(axe);
    const violations = await page.evaluate(async () => (await window.axe.run(".evaluation", { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"] })).violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`));
    assert.deepEqual(violations, []);
    await page.keyboard.press("Escape");
    assert.equal(await model(() => window.overread.session.page), "desk");
    assert.equal(await model(() => window.overread.session.displaySet.id), before);
    await page.keyboard.press("Control+e");
    await page.getByRole("button", { name: /^truth normal, answer nodule: 1 case/ }).press("Enter");
    await page.getByText("case-0002").first().click();
    await page.getByText("Final Answer:").waitFor();
    await shot("evaluation-case");
    await page.keyboard.press("o");
    await page.getByRole("button", { name: "Evaluation · case 1 of 1" }).click();
    await page.getByText("Final Answer:").waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    assert.equal(await model(() => window.overread.session.page), "desk");
  });
  await step("the bundled model is tuned on a finding that it never saw, is stopped, goes on, and its figures stand beside the base's", async () => {
    await page.setViewportSize({ width: 1440, height: 900 });
    const teach = join(work, "teach");
    await run(["phantom", "--out", teach, "--n", "40", "--seed", "5", "--findings", "normal,bulla"]);
    await run(["eval", "new", teach, "--truth", join(teach, "truth.csv"), "--labels", "normal,bulla", "--split-by-patient", "train=60,validation=20,test=20", "--model", join(root, "models/overread-phantom"), "--name", "Teach", "--out", join(work, "set.toml"), "--force"]);
    await page.keyboard.press("Control+e");
    await page.locator("button.set").click();
    await page.getByRole("button", { name: "Open a case set" }).click();
    await page.getByText("40 cases · 40 patients").waitFor();
    await page.keyboard.press("7");
    await page.getByRole("form", { name: "What is learned, and from what" }).waitFor();
    await page.getByLabel("Name of the adapter").fill("bulla");
    // The form's fields, by what a person reads beside them; settings lie folded beneath.
    if (!(await page.getByLabel("Passes", { exact: true }).first().isVisible().catch(() => false))) await page.getByText("Settings", { exact: true }).first().click();
    await page.getByRole("textbox", { name: "Passes", exact: true }).fill("20");
    await page.getByRole("textbox", { name: "Learning rate", exact: true }).fill("0.004");
    await shot("tune-form");
    await page.getByRole("button", { name: "Check", exact: true }).click();
    await page.getByText("What it will take").waitFor();
    await shot("tune-checked");
    await page.getByRole("button", { name: "Tune", exact: true }).last().click();
    await page.getByText(/Step [0-9]+ of 30/).first().waitFor();
    await shot("tune-running");
    await page.getByRole("button", { name: "Stop", exact: true }).first().click();
    await page.getByRole("button", { name: "Go on", exact: true }).first().click();
    await page.getByText("Use in the reading panel").first().waitFor();
    await shot("tune-done");
    await page.evaluate(axe);
    const violations = await page.evaluate(async () => (await window.axe.run(".evaluation", { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"] })).violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`));
    assert.deepEqual(violations, []);
    assert.ok(existsSync(join(work, "set.adapters/bulla/adapter_model.safetensors")));
    await page.keyboard.press("Escape");
    assert.equal(await model(() => window.overread.session.page), "desk");
  });
  await step("names are hidden everywhere when asked", async () => {
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.keyboard.press("Control+h");
    await page.waitForFunction(() => window.overread.session.settings.hide_identity);
    await page.waitForFunction(() => !/PHANTOM|PH[0-9]{4}/.test(document.body.innerText));
    await shot("names-hidden");
  });
  await step("on images of another maker the same model answers under a plain warning, uncalibrated", async () => {
    // The same files, but for their Manufacturer.
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.name.endsWith(".dcm")) continue;
      const path = join(entry.parentPath, entry.name);
      const bytes = readFileSync(path);
      const at = bytes.indexOf("Overread phantom");
      assert.ok(at > 0, path);
      bytes.write("Another maker   ", at, "latin1");
      writeFileSync(path, bytes);
    }
    await page.getByRole("tab", { name: "Settings" }).click();
    await page.getByRole("switch", { name: "Blind mode" }).click();
    await page.getByRole("button", { name: "Open folder" }).first().click();
    await page.locator("[data-tile]").first().click();
    await tab("Model");
    const before = await page.locator("article").innerText().catch(() => "");
    await ask().first().click();
    await page.waitForFunction((old) => ![old, undefined].includes(document.querySelector("article")?.innerText), before, { timeout: 120_000 });
    await page.getByText("This model knows made phantoms only. On this study its answer means nothing.").first().waitFor();
    assert.match(await answer.innerText(), /, uncalibrated/);
    await page.evaluate(axe);
    const violations = await page.evaluate(async () => (await window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"] })).violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`));
    assert.deepEqual(violations, []);
    await shot("foreign");
  });
  await step("an empty folder and a lost one are told in words", async () => {
    await page.setViewportSize({ width: 1440, height: 900 });
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    await page.getByRole("button", { name: "Open folder" }).first().click();
    await page.getByText(/There is no DICOM in/).first().waitFor();
    await shot("no-dicom");
  });
  await step("without WebGL2 the reference renderer shows the same picture, and the line says so", async () => {
    await run(["phantom", "--out", folder, "--n", "1", "--seed", "11"]);
    const plain = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-3d-apis", "--disable-quic", "--no-first-run"] });
    try {
      const other = await plain.newPage({ viewport: { width: 1440, height: 900 } });
      await other.goto(`${address}&testing`);
      await other.getByRole("button", { name: "Open folder" }).first().click();
      await other.getByText("the reference renderer draws").waitFor();
      const drawn = other.locator("img.drawn");
      await drawn.waitFor();
      await other.waitForFunction(() => document.querySelector("img.drawn").naturalWidth > 0);
      const before = await drawn.getAttribute("src");
      await other.keyboard.press("1");
      await other.waitForFunction((src) => document.querySelector("img.drawn").getAttribute("src") !== src, before);
      await other.screenshot({ path: join(shots, "no-webgl.png") });
    } finally {
      await plain.close();
    }
  });
  await step("nothing broke on the way", async () => assert.deepEqual(problems, []));
  console.log(`${passed} passed, 0 failed`);
} catch (error) {
  await shot("failed");
  throw error;
} finally {
  await browser.close();
  server.removeAllListeners("exit");
  server.kill();
  rmSync(work, { recursive: true, force: true });
}
