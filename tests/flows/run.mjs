// The whole read in a browser against the loopback server: open, scroll, window, ask, compare, mark, file, come back.
// What a formula says must be on the canvas. Screenshots go to artefacts/flows.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const { chromium } = createRequire(join(root, "ui/package.json"))("playwright-core");
const binary = process.env.OVERREAD_BINARY ?? join(root, "target/debug/overread");
const executablePath = ["/usr/bin/chromium", "/usr/bin/google-chrome"].find((path) => existsSync(path));
if (executablePath === undefined) throw new Error("Chromium is missing: install the package chromium.");

const work = mkdtempSync(join(tmpdir(), "overread-flows-"));
const shots = join(root, "artefacts/flows");
mkdirSync(shots, { recursive: true });
const folder = join(work, "cases");
const env = { ...process.env, OVERREAD_HOME: join(work, "home"), OVERREAD_PICK_FOLDER: folder };

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
const shot = (name) => page.screenshot({ path: join(shots, `${name}.png`) });
const text = (id) => page.getByTestId(id).first().innerText();
const tab = (name) => page.getByRole("tab", { name }).click();
try {
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  await page.goto(`${address}&testing`);

  await step("the empty desk says what to do", async () => {
    await page.getByText("Nothing is open.").waitFor();
    await shot("empty");
  });
  await step("a folder opens and its series stand in the list", async () => {
    await page.getByRole("button", { name: "Open folder" }).click();
    await page.getByTestId("slice").waitFor();
    assert.ok((await page.locator(".tile").count()) >= 2);
    await shot("open");
  });
  await step("the device agrees with the reference renderer", async () => {
    await page.getByText("WebGL2 agrees with the reference").waitFor();
  });
  await step("keys and the wheel scroll", async () => {
    await page.keyboard.press("Home");
    assert.match(await text("slice"), /Im 1 /);
    await page.keyboard.press("ArrowDown");
    assert.match(await text("slice"), /Im 2 /);
    await page.locator(".viewport").hover();
    await page.mouse.wheel(0, 120);
    await page.waitForFunction(() => document.querySelector('[data-testid="slice"]').textContent.includes("Im 3 "));
    await page.keyboard.press("End");
    assert.match(await text("slice"), /Im (\d+) \/ \1/);
  });
  await step("the canvas shows what the window formula says", async () => {
    await page.keyboard.press("Home");
    for (let i = 0; i < 9; i += 1) await page.keyboard.press("ArrowDown");
    await page.keyboard.press("1");
    await page.evaluate(() => window.overread.session.updateSettings({ interpolate: false }));
    await page.waitForTimeout(800);
    const { worst, compared } = await page.evaluate(comparePixels);
    console.log(`   ${compared} pixels, at most ${worst} grey levels off`);
    assert.ok(compared > 500 && worst <= 1);
  });
  await step("dragging changes the window and sends nothing", async () => {
    const before = await text("window");
    const requests = [];
    page.on("request", (request) => requests.push(request.url()));
    const box = await page.locator(".viewport").boundingBox();
    await page.mouse.move(box.x + 300, box.y + 300);
    await page.waitForTimeout(700);
    await page.mouse.down();
    requests.length = 0;
    await page.mouse.move(box.x + 360, box.y + 280, { steps: 8 });
    const during = requests.filter((url) => !url.includes("plan_question")).length;
    await page.mouse.up();
    assert.notEqual(await text("window"), before);
    assert.equal(during, 0);
  });
  await step("the probe tells value and unit", async () => {
    const box = await page.locator(".viewport").boundingBox();
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.getByTestId("probe").waitFor();
    assert.match(await text("probe"), /HU/);
  });
  await step("the picture that the model gets can be seen", async () => {
    await page.getByText("See what the model sees").click();
    await page.getByTestId("model-input").locator("img").waitFor();
    await page.waitForTimeout(300);
    await shot("model-input");
    await page.getByRole("button", { name: "Close" }).click();
  });
  await step("truth is typed in", async () => {
    await tab("Truth");
    await page.getByTestId("truth").fill("nodule");
    await page.getByTestId("keep-truth").click();
    await page.getByText("● nodule").waitFor();
  });
  await step("the model answers beside the truth", async () => {
    await tab("Model");
    await page.getByTestId("ask").click();
    await page.getByTestId("answer").waitFor({ timeout: 120_000 });
    assert.equal(await text("truth-label"), "nodule");
    assert.match(await text("agreement"), /agree|differ/);
    assert.match(await text("answer"), /uncalibrated/);
    await page.getByTestId("answer").scrollIntoViewIfNeeded();
    await shot("answer");
  });
  let filedSlice = "";
  await step("a mark is drawn, measured and saved", async () => {
    const box = await page.locator(".viewport").boundingBox();
    await page.locator('[data-tool-button="length"]').click();
    await page.mouse.move(box.x + 250, box.y + 300);
    await page.mouse.down();
    await page.mouse.move(box.x + 350, box.y + 340, { steps: 5 });
    await page.mouse.up();
    await page.locator("g.kept").waitFor();
    assert.match(await page.locator("g.kept").innerHTML(), /mm/);
    filedSlice = await text("slice");
  });
  await step("the disagreement is filed", async () => {
    await tab("Review");
    await page.locator('[data-score="2b"]').click();
    await page.getByTestId("file").click();
    await page.getByText("needs a comment").waitFor();
    await page.getByTestId("comment").fill("The planted nodule was not named.");
    await page.getByTestId("file").click();
    await page.locator("[data-review]").waitFor();
    await shot("filed");
  });
  await step("after a reload the review leads back to slice and mark", async () => {
    await page.reload();
    await page.getByText("Nothing is open.").waitFor();
    await tab("Review");
    await page.locator("[data-review]").click();
    await page.locator("g.kept").waitFor();
    assert.equal(await text("slice"), filedSlice);
    await shot("reopened");
  });
  await step("blind mode hides model and truth until the own answer is committed", async () => {
    await tab("Settings");
    await page.locator('[data-setting="blind"]').check();
    await page.locator(".tile").last().click();
    await tab("Model");
    await page.waitForTimeout(800);
    await page.getByTestId("ask").click();
    await page.getByText("hidden until you commit your own").first().waitFor({ timeout: 120_000 });
    assert.equal(await page.getByTestId("answer").count(), 0);
    await shot("blind");
    await page.getByTestId("own").fill("normal");
    await page.getByTestId("commit").click();
    await page.getByTestId("answer").waitFor();
    assert.match(await text("answer"), /own answer .*model .*truth/);
  });
  await step("a narrow window keeps everything in reach", async () => {
    await page.setViewportSize({ width: 900, height: 600 });
    await page.getByTestId("ask").scrollIntoViewIfNeeded();
    await shot("narrow");
    assert.ok(await page.getByTestId("ask").isVisible());
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
