// A screen, a session bus and a WebKit driver for one run, gone when it ends.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A port nobody listens on now. */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** A display number without a lock file. */
function freeDisplay() {
  for (let number = 90; number < 200; number += 1) {
    if (!existsSync(`/tmp/.X${number}-lock`)) return number;
  }
  throw new Error("no free X display");
}

async function until(what, ready, milliseconds = 15000) {
  const end = Date.now() + milliseconds;
  while (Date.now() < end) {
    if (await ready()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${what} did not come up within ${milliseconds / 1000} s`);
}

/**
 * Starts Xvfb and WebKitWebDriver with `environment`; returns the driver's address, the display and `stop()`.
 */
export async function startDisplay(environment) {
  const number = freeDisplay();
  const runtime = mkdtempSync(join(tmpdir(), "overread-run-"));
  const screen = spawn("Xvfb", [`:${number}`, "-screen", "0", "1440x900x24", "+extension", "GLX", "-nolisten", "tcp"], {
    stdio: "ignore",
  });
  await until("Xvfb", () => existsSync(`/tmp/.X11-unix/X${number}`));
  const port = await freePort();
  const env = {
    ...process.env,
    DISPLAY: `:${number}`,
    XDG_RUNTIME_DIR: runtime,
    TAURI_WEBVIEW_AUTOMATION: "true",
    WEBKIT_DISABLE_DMABUF_RENDERER: "1",
    LIBGL_ALWAYS_SOFTWARE: "1",
    GTK_USE_PORTAL: "0",
    NO_AT_BRIDGE: "1",
    ...environment,
  };
  const driver = spawn(
    "dbus-run-session",
    ["--", "WebKitWebDriver", `--port=${port}`, "--host=127.0.0.1"],
    { env, stdio: "ignore", detached: true },
  );
  const address = `http://127.0.0.1:${port}`;
  await until("WebKitWebDriver", () => fetch(`${address}/status`).then((r) => r.ok, () => false));
  return {
    address,
    env,
    stop() {
      try {
        process.kill(-driver.pid, "SIGTERM");
      } catch {
        // It had ended on its own.
      }
      screen.kill("SIGTERM");
      // The document portal mounts a folder of its own here and lets go of it a moment later than it ends.
      spawnSync("fusermount3", ["-uz", join(runtime, "doc")], { stdio: "ignore" });
      try {
        rmSync(runtime, { recursive: true, force: true });
      } catch {
        // Left to the system's cleaning of temporary folders.
      }
    },
  };
}
