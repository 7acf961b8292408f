// The figures of an evaluation from its answers and its truth table, by formulas written a second time, in another
// language and without looking at the first: sums and whole numbers, nothing shared with crates/evaluation.

/** Rows of a CSV whose cells may be quoted (RFC 4180), as objects by header. */
export function csv(text) {
  const rows = [];
  let row = [];
  let cell = "";
  let quoted = false;
  const source = text.replace(/^\uFEFF/, "");
  for (let i = 0; i < source.length; i++) {
    const c = source[i];
    if (quoted) {
      if (c === '"' && source[i + 1] === '"') cell += source[++i];
      else if (c === '"') quoted = false;
      else cell += c;
    } else if (c === '"') quoted = true;
    else if (c === ",") row.push(cell), (cell = "");
    else if (c === "\n") rows.push([...row, cell.replace(/\r$/, "")]), (row = []), (cell = "");
    else cell += c;
  }
  if (cell !== "" || row.length > 0) rows.push([...row, cell]);
  const [header, ...body] = rows;
  return body.map((cells) => Object.fromEntries(header.map((name, k) => [name.trim(), (cells[k] ?? "").trim()])));
}

const binomial = (n, k) => {
  let out = 1n;
  for (let i = 1n; i <= BigInt(k); i++) out = (out * (BigInt(n) - BigInt(k) + i)) / i;
  return out;
};

/** a / b of two whole numbers as a double, digit by digit. */
const ratio = (a, b) => Number((a * 10n ** 30n) / b) / 1e30;

/** McNemar, exact: of d discordant cases under a fair coin, in whole numbers. */
export function mcnemarExact(onlyA, onlyB) {
  const [m, d] = [Math.min(onlyA, onlyB), onlyA + onlyB];
  let tail = 0n;
  for (let k = 0; k <= m; k++) tail += binomial(d, k);
  return Math.min(1, 2 * ratio(tail, 2n ** BigInt(d)));
}

/** Mid-p: the exact one less the chance of the very split seen. */
export function mcnemarMid(onlyA, onlyB) {
  if (onlyA === onlyB) return 1;
  const [m, d] = [Math.min(onlyA, onlyB), onlyA + onlyB];
  let tail = 0n;
  for (let k = 0; k <= m; k++) tail += binomial(d, k);
  return ratio(2n * tail - binomial(d, m), 2n ** BigInt(d));
}

const Z = 1.959963984540054;

/** Wilson: the p at which the score statistic reaches z, found by halving instead of by the closed form. */
export function wilson(x, n) {
  const statistic = (p) => (x / n - p) / Math.sqrt((p * (1 - p)) / n);
  const solve = (from, to, sign) => {
    let [a, b] = [from, to];
    for (let i = 0; i < 200; i++) {
      const p = (a + b) / 2;
      if (sign * statistic(p) > Z === (sign > 0)) a = p;
      else b = p;
    }
    return (a + b) / 2;
  };
  const low = x === 0 ? 0 : solve(0, x / n, 1);
  const high = x === n ? 1 : solve(x / n, 1, -1);
  return [low, high];
}

/** Clopper-Pearson by the binomial's own sums. */
export function clopperPearson(x, n) {
  const tail = (p, from, to) => {
    let sum = 0;
    for (let k = from; k <= to; k++) {
      sum += Math.exp(
        logBinomial(n, k) + (k === 0 ? 0 : k * Math.log(p)) + (n - k === 0 ? 0 : (n - k) * Math.log1p(-p)),
      );
    }
    return sum;
  };
  const solve = (isBelow) => {
    let [a, b] = [0, 1];
    for (let i = 0; i < 200; i++) {
      const p = (a + b) / 2;
      if (isBelow(p)) a = p;
      else b = p;
    }
    return (a + b) / 2;
  };
  return [
    x === 0 ? 0 : solve((p) => tail(p, x, n) < 0.025),
    x === n ? 1 : solve((p) => tail(p, 0, x) > 0.025),
  ];
}

function logBinomial(n, k) {
  let out = 0;
  for (let i = 1; i <= k; i++) out += Math.log((n - k + i) / i);
  return out;
}

const mean = (list) => list.reduce((a, b) => a + b, 0) / list.length;

/** Rows (truth) by columns (answers, then invalid). */
export function confusion(labels, pairs) {
  return labels.map((truth) =>
    [...labels, null].map((said) => pairs.filter((p) => p.truth === truth && p.said === said).length),
  );
}

/** Mean over labels of the harmonic mean of precision and recall. */
export function macroF1(labels, pairs) {
  return mean(
    labels.map((label) => {
      const hit = pairs.filter((p) => p.truth === label && p.said === label).length;
      const missed = pairs.filter((p) => p.truth === label && p.said !== label).length;
      const wrong = pairs.filter((p) => p.truth !== label && p.said === label).length;
      const [precision, recall] = [hit / (hit + wrong), hit / (hit + missed)];
      return hit === 0 ? 0 : 2 / (1 / precision + 1 / recall);
    }),
  );
}

/** Agreement beyond that of shuffled answers. */
export function kappa(labels, pairs) {
  const n = pairs.length;
  const seen = pairs.filter((p) => p.truth === p.said).length / n;
  let chance = 0;
  for (const a of pairs) for (const b of pairs) if (a.truth === b.said) chance += 1 / (n * n);
  return (seen - chance) / (1 - chance);
}

/** Sum of squared distances to the truth, over labels. */
export function brier(labels, answers) {
  return mean(
    answers.map((a) =>
      labels.reduce((sum, label) => sum + ((a.probabilities[label] ?? 0) - (label === a.truth ? 1 : 0)) ** 2, 0),
    ),
  );
}

/** Ten bins of equal width, closed above. */
export function ece(answers) {
  let sum = 0;
  for (let k = 1; k <= 10; k++) {
    const bin = answers.filter((a) => a.confidence <= k / 10 && (a.confidence > (k - 1) / 10 || (k === 1 && a.confidence === 0)));
    if (bin.length === 0) continue;
    const gap = mean(bin.map((a) => (a.right ? 1 : 0))) - mean(bin.map((a) => a.confidence));
    sum += (bin.length / answers.length) * Math.abs(gap);
  }
  return sum;
}

/** Pairs of a case with the label and one without in which the first has the higher score; ties half. */
export function auc(positives, negatives) {
  let wins = 0;
  for (const p of positives) for (const n of negatives) wins += p > n ? 1 : p === n ? 0.5 : 0;
  return positives.length === 0 || negatives.length === 0 ? null : wins / (positives.length * negatives.length);
}
