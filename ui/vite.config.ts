import { svelte } from "@sveltejs/vite-plugin-svelte";
import { svelteTesting } from "@testing-library/svelte/vite";
import { defineConfig } from "vitest/config";

// Two pages: the desk, and the gallery of every component in every state.
// Nothing is inlined and no polyfill injected: the window's content security policy allows files of the page alone.
export default defineConfig({
  root: import.meta.dirname,
  base: "./",
  plugins: [svelte(), svelteTesting()],
  server: { port: 5173, strictPort: true },
  build: {
    target: "safari16.4",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 900,
    rollupOptions: { input: { index: "index.html", gallery: "gallery.html" } },
  },
  test: {
    environment: "jsdom",
    include: ["src/**/*.test.ts", "test/unit/**/*.test.ts"],
    setupFiles: ["test/setup.ts"],
  },
});
