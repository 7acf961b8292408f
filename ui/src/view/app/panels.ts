// The panels of the right side, each a part of its own folder.
import type { Component } from "svelte";

const found = import.meta.glob<{ default: Component }>(
  [
    "../models/ModelsPanel.svelte",
    "../reading/ReadingPanel.svelte",
    "../reading/ModelInput.svelte",
    "../truth/TruthPanel.svelte",
    "../review/ReviewPanel.svelte",
    "../settings/SettingsPanel.svelte",
  ],
  { eager: true },
);

function panel(path: string): Component | null {
  return found[path]?.default ?? null;
}

export const ModelsPanel = panel("../models/ModelsPanel.svelte");
export const ReadingPanel = panel("../reading/ReadingPanel.svelte");
export const ModelInput = panel("../reading/ModelInput.svelte");
export const TruthPanel = panel("../truth/TruthPanel.svelte");
export const ReviewPanel = panel("../review/ReviewPanel.svelte");
export const SettingsPanel = panel("../settings/SettingsPanel.svelte");
