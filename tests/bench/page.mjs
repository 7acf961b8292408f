// Figures of the page in headless Chromium, beside a peer on the same series in the same run.
//
//   node tests/bench/page.mjs [--series DIR] [--peer DIR] [--json]
//
// --series  a folder with one series of 16-bit slices; without it a made study is used
// --peer    a folder with a built bench of another web viewer that takes `node run.mjs --series x=DIR --parts …` and
//           prints report.x.{open,scroll,window} as JSON
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { prepare } from "./acts.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const { chromium } = createRequire(join(root, "ui/package.json"))("playwright-core");
const { values: options } = parseArgs({
  options: { series: { type: "string" }, peer: { type: "string" }, json: { type: "boolean", default: false } },
});
const binary = process.env.OVERREAD_BINARY ?? join(root, "target/release/overread");
const executablePath = ["/usr/bin/chromium", "/usr/bin/google-chrome"].find((path) => existsSync(path));
const work = mkdtempSync(join(tmpdir(), "overread-bench-"));
const env = { ...process.env, OVERREAD_HOME: join(work, "home") };
let series = options.series;
if (series === undefined) {
  series = join(work, "cases");
  spawnSync(binary, ["phantom", "--out", series, "--n", "1", "--seed", "5", "--volumes"], { env, stdio: "ignore" });
}
env.OVERREAD_PICK_FOLDER = series;
const SIZES = [
  { width: 512, height: 512 },
  { width: 1024, height: 1024 },
  { width: 1920, height: 1080 },
];

/** Runs `act` in a fresh browser on a fresh page with the series open. */
async function inPage(address, act, argument) {
  const browser = await chromium.launch({
    executablePath,
    args: ["--headless=new", "--no-sandbox", "--enable-unsafe-swiftshader", "--use-angle=swiftshader", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  try {
    const page = await browser.newPage({ viewport: { width: 1940, height: 1100 } });
    page.setDefaultTimeout(120_000);
    await page.goto(`${address}&testing=light`);
    await page.getByRole("button", { name: "Open folder" }).first().click();
    await page.waitForFunction(() => window.overread.session.scan.seconds !== null && window.overread.session.displaySet !== null);
    await page.waitForTimeout(1500);
    await page.evaluate(prepare);
    return await page.evaluate(([name, value]) => window.bench[name](value), [act, argument]);
  } finally {
    await browser.close();
  }
}

const server = spawn(binary, ["serve", "--page", join(root, "ui/dist")], { env, stdio: ["ignore", "pipe", "inherit"] });
const address = await new Promise((resolve) => server.stdout.once("data", (bytes) => resolve(String(bytes).trim())));
const ours = {};
try {
  ours.idle_read = await inPage(address, "idle");
  ours.open = await inPage(address, "open", { runs: 10 });
  ours.scroll = await inPage(address, "scroll", { steps: 60 });
  ours.window = {};
  for (const size of SIZES) {
    ours.window[`${size.width}x${size.height}`] = await inPage(address, "window", { size, changes: 100 });
  }
} finally {
  server.kill();
}

let peer = null;
if (options.peer !== undefined) {
  const run = spawnSync(
    "node",
    ["run.mjs", "--series", `x=${series}`, "--parts", "open,scroll,window"],
    { cwd: options.peer, stdio: ["ignore", "pipe", "inherit"], maxBuffer: 1 << 28 },
  );
  peer = JSON.parse(String(run.stdout)).report.x;
}
rmSync(work, { recursive: true, force: true });

const rows = [
  ["open to first picture", ours.open, peer?.open?.pixels],
  ["scroll step, not in memory", ours.scroll.uncached, peer?.scroll?.uncached?.pixels],
  ["scroll step, in memory", ours.scroll.cached, peer?.scroll?.cached?.pixels],
  ...Object.entries(ours.window).map(([size, spread]) => [`window change, ${size}`, spread, peer?.window?.[size]?.pixels]),
];
if (options.json) {
  console.log(JSON.stringify({ series: options.series ?? "made", ours, peer }, null, 1));
} else {
  console.log("ms, p50 / p95, from the act until a pixel of the canvas can be read");
  for (const [name, mine, theirs] of rows) {
    const beside = theirs === undefined ? "" : `   peer ${theirs.p50} / ${theirs.p95}   ratio ${(mine.p50 / theirs.p50).toFixed(2)} / ${(mine.p95 / theirs.p95).toFixed(2)}`;
    console.log(`${name.padEnd(30)} ${mine.p50} / ${mine.p95}${beside}`);
  }
}
