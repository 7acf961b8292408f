// Cold start of the window: from starting the program until the desk can be used, p50 of ten starts.
//
//   node tests/bench/start.mjs      OVERREAD_APP names the program; target/release/overread-app unless told
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { startDisplay } from "../window/display.mjs";
import { Window } from "../window/driver.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const app = process.env.OVERREAD_APP ?? join(root, "target/release/overread-app");
const home = mkdtempSync(join(tmpdir(), "overread-start-"));
const times = [];
for (let run = 0; run < 10; run += 1) {
  const display = await startDisplay({ OVERREAD_HOME: join(home, "home") });
  try {
    const start = performance.now();
    const window = await Window.open(display.address, app);
    // A button that can be pressed is a desk that can be used.
    for (;;) {
      if (await window.run("() => [...document.querySelectorAll('button')].some((b) => b.innerText.startsWith('Open folder'))")) break;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    times.push(performance.now() - start);
    await window.close();
  } finally {
    display.stop();
  }
}
rmSync(home, { recursive: true, force: true });
times.sort((a, b) => a - b);
console.log(`start to usable window, ${times.length} starts: p50 ${times[5].toFixed(0)} ms, p95 ${times[9].toFixed(0)} ms (driver included)`);
