// For window tests only (`?testing`): the picture of the active viewport as it is on the canvas.

/** RGBA of the canvas of the active viewport, top row first, with its size. */
export function readPixels(): { width: number; height: number; rgba: number[] } | null {
  const canvas = document.querySelector<HTMLCanvasElement>(".viewport.active canvas");
  const gl = canvas?.getContext("webgl2") ?? null;
  if (canvas === null || gl === null) return null;
  const { width, height } = canvas;
  const bottomFirst = new Uint8Array(width * height * 4);
  gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, bottomFirst);
  const rgba: number[] = [];
  for (let y = height - 1; y >= 0; y -= 1) {
    for (const value of bottomFirst.subarray(y * width * 4, (y + 1) * width * 4)) rgba.push(value);
  }
  return { width, height, rgba };
}
