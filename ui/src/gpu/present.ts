// The present program of this build, or `null` in a build without the generated shader.
import type { PresentProgram } from "./program";

export const present: PresentProgram | null = null;
