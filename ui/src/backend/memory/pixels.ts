// Pictures made of ellipses and even noise: a belly, a head, a chest radiograph, an ultrasound fan. Made up, but with
// the values that such pictures have, so that windows, marks and numbers can be tried.

interface Blob {
  readonly x: number;
  readonly y: number;
  readonly rx: number;
  readonly ry: number;
  readonly value: number;
  /** Added instead of replacing. */
  readonly texture?: number;
}

/** Even noise in -1..1, the same for the same place. */
function noise(x: number, y: number, z: number): number {
  let h = (Math.imul(x, 374761393) + Math.imul(y, 668265263) + Math.imul(z, 2147483647 % 1274126177)) | 0;
  h = Math.imul(h ^ (h >>> 13), 1274126177);
  const first = ((h ^ (h >>> 16)) >>> 0) / 4294967295;
  h = Math.imul(h ^ (h >>> 11), 2246822519);
  return first + ((h ^ (h >>> 15)) >>> 0) / 4294967295 - 1;
}

/** Noise on a coarse grid, blended: liver and brain are not flat. */
function coarse(x: number, y: number, z: number, grain: number): number {
  const [gx, gy] = [x / grain, y / grain];
  const [x0, y0] = [Math.floor(gx), Math.floor(gy)];
  const [fx, fy] = [gx - x0, gy - y0];
  const top = noise(x0, y0, z) * (1 - fx) + noise(x0 + 1, y0, z) * fx;
  const bottom = noise(x0, y0 + 1, z) * (1 - fx) + noise(x0 + 1, y0 + 1, z) * fx;
  return top * (1 - fy) + bottom * fy;
}

/** Draws blobs one over the other with soft edges of about a pixel. */
function paint(size: number, blobs: readonly Blob[], background: number): Float32Array {
  const out = new Float32Array(size * size).fill(background);
  for (const { x, y, rx, ry, value, texture } of blobs) {
    const [x0, x1] = [
      Math.max(0, Math.floor((x - rx) * size - 1)),
      Math.min(size - 1, Math.ceil((x + rx) * size + 1)),
    ];
    const [y0, y1] = [
      Math.max(0, Math.floor((y - ry) * size - 1)),
      Math.min(size - 1, Math.ceil((y + ry) * size + 1)),
    ];
    const edge = 1.2 / (Math.min(rx, ry) * size);
    for (let row = y0; row <= y1; row += 1) {
      for (let column = x0; column <= x1; column += 1) {
        const dx = ((column + 0.5) / size - x) / rx;
        const dy = ((row + 0.5) / size - y) / ry;
        const inside = Math.min(1, Math.max(0, (1 - Math.hypot(dx, dy)) / edge + 0.5));
        if (inside === 0) continue;
        const at = row * size + column;
        const paint = value + (texture === undefined ? 0 : texture * coarse(column, row, 7, 9));
        out[at] = (out[at] ?? 0) * (1 - inside) + paint * inside;
      }
    }
  }
  return out;
}

/** Where the lesion of the belly lies: as share of the picture, and its slice. */
export const LESION = { x: 0.335, y: 0.43, radius: 0.036, slice: 22 };

/** HU of a belly, slice `k` of `count` from the feet to the head. */
export function belly(size: number, k: number, count: number): Float32Array {
  const t = k / (count - 1);
  const wide = 0.43 + 0.02 * Math.sin(t * 3);
  const deep = 0.31 + 0.015 * Math.cos(t * 4);
  const liver = Math.sin(Math.min(1, Math.max(0, (t - 0.15) / 0.85)) * Math.PI) ** 0.6;
  const lung = Math.max(0, (t - 0.68) / 0.32);
  const kidney = Math.max(0, 1 - Math.abs(t - 0.36) / 0.26);
  const blobs: Blob[] = [
    { x: 0.5, y: 0.86, rx: 0.46, ry: 0.05, value: -650 },
    { x: 0.5, y: 0.845, rx: 0.44, ry: 0.035, value: -1000 },
    { x: 0.5, y: 0.5, rx: wide, ry: deep, value: -60 },
    { x: 0.5, y: 0.5, rx: wide - 0.004, ry: deep - 0.004, value: -105, texture: 8 },
    { x: 0.5, y: 0.505, rx: wide - 0.045, ry: deep - 0.04, value: 52, texture: 8 },
    { x: 0.5, y: 0.49, rx: wide - 0.07, ry: deep - 0.062, value: -92, texture: 14 },
    { x: 0.41, y: 0.73, rx: 0.085, ry: 0.06, value: 55, texture: 8 },
    { x: 0.59, y: 0.73, rx: 0.085, ry: 0.06, value: 55, texture: 8 },
  ];
  for (let i = 0; i < 22; i += 1) {
    const angle = (i / 22) * 2 * Math.PI + t * 1.3;
    blobs.push({
      x: 0.5 + (wide - 0.057) * Math.cos(angle),
      y: 0.5 + (deep - 0.05) * Math.sin(angle),
      rx: 0.017,
      ry: 0.009,
      value: i % 2 === 0 ? 340 : 60,
    });
  }
  for (let i = 0; i < 11; i += 1) {
    const angle = i * 2.4 + t * 5;
    const away = 0.05 + (0.16 * ((i * 7) % 11)) / 11;
    blobs.push({
      x: 0.54 + away * Math.cos(angle) * 1.15,
      y: 0.45 + away * Math.sin(angle) * 0.8,
      rx: 0.034,
      ry: 0.026,
      value: 32 + (i % 3) * 9,
      texture: 10,
    });
    if (i % 3 === 0) {
      blobs.push({
        x: 0.54 + away * Math.cos(angle) * 1.15,
        y: 0.44 + away * Math.sin(angle) * 0.8,
        rx: 0.02,
        ry: 0.011,
        value: -720,
      });
    }
  }
  if (liver > 0.05) {
    blobs.push(
      { x: 0.315, y: 0.45, rx: 0.2 * liver, ry: 0.205 * liver, value: 104, texture: 9 },
      { x: 0.45, y: 0.365, rx: 0.16 * liver, ry: 0.09 * liver, value: 104, texture: 9 },
    );
    for (let i = 0; i < 6; i += 1) {
      blobs.push({
        x: 0.315 + 0.11 * liver * Math.cos(i * 1.1 + t * 4),
        y: 0.44 + 0.11 * liver * Math.sin(i * 1.3 + t * 3),
        rx: 0.011 + 0.003 * (i % 2),
        ry: 0.008 + 0.003 * (i % 3),
        value: 158,
      });
    }
    const depth = (k - LESION.slice) / 4;
    if (Math.abs(depth) < 1) {
      const r = LESION.radius * Math.sqrt(1 - depth * depth);
      blobs.push(
        { x: LESION.x, y: LESION.y, rx: r, ry: r * 0.86, value: 62, texture: 12 },
        { x: LESION.x - r * 0.62, y: LESION.y - r * 0.3, rx: r * 0.26, ry: r * 0.22, value: 168 },
        { x: LESION.x + r * 0.5, y: LESION.y + r * 0.45, rx: r * 0.24, ry: r * 0.2, value: 160 },
      );
    }
  }
  blobs.push(
    {
      x: 0.71,
      y: 0.47,
      rx: 0.078 * Math.max(0.3, Math.sin(t * Math.PI)),
      ry: 0.105 * Math.max(0.3, Math.sin(t * Math.PI)),
      value: 118,
      texture: 7,
    },
    { x: 0.6, y: 0.36, rx: 0.1, ry: 0.055, value: 24, texture: 9 },
    { x: 0.6, y: 0.335, rx: 0.07, ry: 0.02, value: -850 },
  );
  if (kidney > 0.1) {
    for (const side of [-1, 1]) {
      const x = 0.5 + side * 0.17;
      blobs.push(
        { x, y: 0.62, rx: 0.062 * kidney, ry: 0.075 * kidney, value: 172, texture: 6 },
        { x: x - side * 0.016, y: 0.615, rx: 0.028 * kidney, ry: 0.04 * kidney, value: 28 },
      );
    }
  }
  if (lung > 0) {
    for (const side of [-1, 1]) {
      blobs.push({
        x: 0.5 + side * 0.235,
        y: 0.53,
        rx: 0.14 * lung ** 0.5,
        ry: 0.18 * lung ** 0.5,
        value: -860,
        texture: 60,
      });
    }
  }
  blobs.push(
    { x: 0.5, y: 0.655, rx: 0.062, ry: 0.052, value: 120 },
    { x: 0.5, y: 0.655, rx: 0.055, ry: 0.045, value: 210, texture: 60 },
    { x: 0.5, y: 0.722, rx: 0.022, ry: 0.018, value: 26 },
    { x: 0.5, y: 0.765, rx: 0.016, ry: 0.035, value: 330 },
    { x: 0.448, y: 0.72, rx: 0.028, ry: 0.012, value: 300 },
    { x: 0.552, y: 0.72, rx: 0.028, ry: 0.012, value: 300 },
    { x: 0.522, y: 0.573, rx: 0.027, ry: 0.026, value: 186 },
    { x: 0.455, y: 0.575, rx: 0.026, ry: 0.02, value: 138 },
  );
  const out = paint(size, blobs, -1000);
  for (let i = 0; i < out.length; i += 1)
    out[i] = (out[i] ?? 0) + 11 * noise(i % size, Math.floor(i / size), k);
  return out;
}

/** HU of a head, slice `k` of `count`. */
export function head(size: number, k: number, count: number): Float32Array {
  const t = (k + 1) / (count + 1);
  const r = 0.24 + 0.12 * Math.sin(t * Math.PI);
  const blobs: Blob[] = [
    { x: 0.5, y: 0.5, rx: r + 0.02, ry: r * 1.24 + 0.02, value: 28 },
    { x: 0.5, y: 0.5, rx: r, ry: r * 1.24, value: 1150, texture: 120 },
    { x: 0.5, y: 0.5, rx: r - 0.022, ry: r * 1.24 - 0.022, value: 9 },
    { x: 0.5, y: 0.5, rx: r - 0.028, ry: r * 1.24 - 0.028, value: 39, texture: 4 },
    { x: 0.4, y: 0.48, rx: r * 0.3, ry: r * 0.62, value: 29, texture: 3 },
    { x: 0.6, y: 0.48, rx: r * 0.3, ry: r * 0.62, value: 29, texture: 3 },
  ];
  if (t > 0.3 && t < 0.8) {
    for (const side of [-1, 1]) {
      blobs.push(
        { x: 0.5 + side * 0.045, y: 0.44, rx: 0.024, ry: 0.085, value: 7 },
        { x: 0.5 + side * 0.1, y: 0.49, rx: 0.034, ry: 0.055, value: 38 },
        { x: 0.5 + side * 0.075, y: 0.62, rx: 0.018, ry: 0.05, value: 7 },
      );
    }
    blobs.push({ x: 0.63, y: 0.5, rx: 0.04, ry: 0.03, value: 68, texture: 4 });
  }
  blobs.push({ x: 0.5, y: 0.5, rx: 0.003, ry: r * 1.15, value: 44 });
  const out = paint(size, blobs, -1000);
  for (let i = 0; i < out.length; i += 1)
    out[i] = (out[i] ?? 0) + 3.5 * noise(i % size, Math.floor(i / size), k);
  return out;
}

/** 12-bit attenuation of a chest radiograph: high where much was absorbed. */
export function chest(size: number): Float32Array {
  const blobs: Blob[] = [
    { x: 0.5, y: 0.66, rx: 0.46, ry: 0.62, value: 2500 },
    { x: 0.5, y: 0.13, rx: 0.12, ry: 0.2, value: 2500 },
    { x: 0.31, y: 0.49, rx: 0.155, ry: 0.29, value: 1150, texture: 190 },
    { x: 0.69, y: 0.49, rx: 0.145, ry: 0.29, value: 1150, texture: 190 },
    { x: 0.5, y: 0.45, rx: 0.085, ry: 0.42, value: 2900 },
    { x: 0.55, y: 0.62, rx: 0.15, ry: 0.15, value: 3000 },
    { x: 0.29, y: 0.83, rx: 0.2, ry: 0.14, value: 3100 },
    { x: 0.7, y: 0.86, rx: 0.2, ry: 0.13, value: 2850 },
    { x: 0.4, y: 0.5, rx: 0.03, ry: 0.07, value: 1900, texture: 200 },
    { x: 0.62, y: 0.47, rx: 0.03, ry: 0.06, value: 1900, texture: 200 },
    { x: 0.27, y: 0.36, rx: 0.018, ry: 0.016, value: 1750 },
  ];
  const out = paint(size, blobs, 120);
  // Ribs add to what lies before them.
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column < size; column += 1) {
      const [x, y] = [(column + 0.5) / size - 0.5, (row + 0.5) / size];
      const arc = y - 0.1 + 0.55 * x * x - 0.13 * Math.abs(x);
      const rib = Math.max(0, Math.cos(((arc % 0.075) / 0.075 - 0.5) * 2 * Math.PI) - 0.35);
      const spine = Math.abs(x) < 0.032 ? 210 + 70 * Math.cos(y * 110) : 0;
      const inside =
        y > 0.17 && y < 0.86 && Math.abs(x) < 0.37 - 0.05 * Math.cos(y * 5) && Math.abs(x) > 0.04;
      const at = row * size + column;
      out[at] = Math.min(
        4095,
        Math.max(0, (out[at] ?? 0) + (inside ? rib * 330 : 0) + spine + 34 * noise(column, row, 1)),
      );
    }
  }
  return out;
}

/** RGBA of an ultrasound fan with a colour box, frame `k`. */
export function fan(width: number, height: number, k: number): Uint8Array {
  const out = new Uint8Array(width * height * 4);
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      const at = (row * width + column) * 4;
      const [x, y] = [(column - width / 2) / height, (row + 30) / height];
      const away = Math.hypot(x, y);
      const angle = Math.atan2(x, y);
      let value = 0;
      if (Math.abs(angle) < 0.62 && away > 0.12 && away < 0.98) {
        const speckle = 0.6 + 0.4 * noise(Math.floor(angle * 260), Math.floor(away * 340), k);
        const vessel = Math.hypot((x - 0.03) / 0.09, (y - 0.52) / 0.055) < 1 ? 0.12 : 1;
        value = Math.max(0, 150 * (1.05 - away) * speckle * vessel + 14 * coarse(column, row, 3, 14));
      }
      out.set([value, value, value, 255], at);
      if (Math.hypot((x - 0.03) / 0.075, (y - 0.52) / 0.042) < 1) {
        const beat = 0.6 + 0.4 * Math.sin(k * 0.9 + x * 20);
        out.set([190 * beat, 40 + 60 * beat, 20, 255], at);
      }
    }
  }
  return out;
}

/** Values that rise by one a column and a row, from the frame's number. */
export function ramp(columns: number, rows: number, k: number): Float32Array {
  const out = new Float32Array(columns * rows);
  for (let row = 0, i = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1, i += 1) out[i] = column + row + k;
  }
  return out;
}
