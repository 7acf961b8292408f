// Start of the page: finds out who answers (the window, the loopback server, or data made in the page) and shows the
// desk.
import { isTauri } from "@tauri-apps/api/core";
import { mount } from "svelte";
import type { Backend } from "./backend/backend";
import { httpBackend } from "./backend/http";
import { tauriBackend } from "./backend/tauri";
import { Session } from "./model/session.svelte";
import App from "./view/app/App.svelte";
import { drawsOf, nextDraw, readPixels } from "./view/viewport/testing";

async function backend(address: URLSearchParams): Promise<Backend> {
  if (isTauri()) return tauriBackend();
  const token = address.get("token");
  if (token !== null) return httpBackend(`${location.origin}/`, token);
  const { memoryBackend } = await import("./backend/memory/memory");
  return memoryBackend({
    empty: address.has("empty"),
    ownModels: !address.has("new"),
    failing: address.getAll("failing"),
  });
}

const address = new URLSearchParams(location.search);
// Driven by a test: its pixels can be read back. Nothing else changes.
const testing = address.has("testing") || navigator.webdriver;
const session = new Session(await backend(address));
const target = document.getElementById("app");
if (target === null) throw new Error("the page has no place for the desk");
mount(App, { target, props: { session, testing } });
if (testing) Object.assign(window, { overread: { session, readPixels, drawsOf, nextDraw } });
