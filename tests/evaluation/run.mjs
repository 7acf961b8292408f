// An evaluation over made patients with three readers, from folder to report, and its figures found a second time by
// formulas of another hand (recompute.mjs). What differs by more than 1e-9 fails.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as again from "./recompute.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const binary = process.env.OVERREAD_BINARY ?? join(root, "target/debug/overread");
const work = mkdtempSync(join(tmpdir(), "overread-evaluation-"));
const env = { ...process.env, OVERREAD_HOME: join(work, "home") };
const overread = (...args) =>
  execFileSync(binary, args, { cwd: work, env, encoding: "utf8", maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "pipe"] });
const lines = (path) => readFileSync(path, "utf8").trim().split("\n").map((line) => JSON.parse(line));
const CASES = 130;

let checked = 0;
function same(ours, theirs, what) {
  checked += 1;
  if (typeof theirs === "number" && typeof ours === "number") {
    assert.ok(Math.abs(ours - theirs) <= 1e-9 * Math.max(1, Math.abs(theirs)), `${what}: ${ours} for ${theirs}`);
  } else assert.deepEqual(ours, theirs, what);
}

try {
  overread("phantom", "--out", "cases", "--n", String(CASES), "--seed", "33");
  overread("model", "list");
  const made = JSON.parse(
    overread("eval", "new", "cases", "--truth", "cases/truth.csv", "--model", join(work, "home/demo/model"), "--out", "set.toml", "--json"),
  );
  assert.ok(made !== null);

  // The same model again under another preprocessing, and answers on record: right in three cases of four, now and then a refusal.
  const truth = new Map(again.csv(readFileSync(join(work, "cases/truth.csv"), "utf8")).map((row) => [row.case, row.label]));
  const labels = [...new Set(truth.values())].sort();
  const recorded = [...truth].map(([name, label], k) => {
    const said = k % 4 === 3 ? labels[(labels.indexOf(label) + 1 + (k % 3)) % labels.length] : label;
    if (k % 29 === 17) return { case: name, reader: "recorded", label: null, invalid: "refusal", text: "I cannot interpret images." };
    const confidence = 0.5 + ((k * 37) % 50) / 100;
    const rest = (1 - confidence) / (labels.length - 1);
    const probabilities = Object.fromEntries(labels.map((l) => [l, l === said ? confidence : rest]));
    return { case: name, reader: "recorded", label: said, confidence, probabilities };
  });
  mkdirSync(join(work, "answers"));
  writeFileSync(join(work, "answers/recorded.jsonl"), recorded.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const set = readFileSync(join(work, "set.toml"), "utf8");
  const at = set.indexOf("[[cases]]");
  const model = /model = "(.*)"/.exec(set)[1];
  writeFileSync(
    join(work, "set.toml"),
    `${set.slice(0, at)}[[readers]]
id = "display"
kind = "local"
model = "${model}"
tuning = "untuned"

[readers.settings]
preprocess = "display/1"

[[readers]]
id = "recorded"
kind = "recorded"
answers = "answers/recorded.jsonl"
tuning = "unknown"

${set.slice(at)}`,
  );

  overread("eval", "check", "set.toml");
  overread("eval", "run", "set.toml");
  const report = JSON.parse(overread("eval", "report", "set.toml", "--resamples", "400", "--json"));
  const { figures } = report;
  overread("eval", "report", "set.toml", "--resamples", "0", "--out", "report.html", "--csv", "tables", "--plots", "plots");
  const page = readFileSync(join(work, "report.html"), "utf8");
  assert.ok(page.includes("default-src 'none'") && !/<script|https?:\/\/(?!www\.w3\.org\/2000\/svg)/.test(page));

  const answers = [...lines(join(work, "set.run/answers.jsonl")), ...recorded];
  assert.equal(answers.length, 3 * CASES);
  assert.deepEqual(figures.readers.map(({ n, missing }) => [n, missing]), Array(3).fill([CASES, 0]));
  same(figures.labels, labels, "labels");

  const of = (list, key) => {
    const found = list.find((figure) => figure.key === key);
    assert.ok(found !== undefined, `there is no figure ${key}`);
    return found;
  };
  const right = new Map();
  for (const reader of figures.readers) {
    const own = answers.filter((a) => a.reader === reader.id);
    const valid = (a) => !a.invalid && labels.includes(a.label);
    const pairs = own.map((a) => ({ truth: truth.get(a.case), said: valid(a) ? a.label : null }));
    const hits = pairs.filter((p) => p.truth === p.said).length;
    right.set(reader.id, new Map(own.map((a, k) => [a.case, pairs[k].truth === pairs[k].said])));
    const accuracy = of(reader.headline, "accuracy");
    same(accuracy.value, hits / CASES, `${reader.id} accuracy`);
    assert.equal(accuracy.interval, "Wilson");
    const [low, high] = again.wilson(hits, CASES);
    same(accuracy.low, low, `${reader.id} Wilson`);
    same(accuracy.high, high, `${reader.id} Wilson`);
    const exact = accuracy.beside.find(({ method }) => method === "Clopper-Pearson");
    same([exact.low, exact.high].map((v) => v.toFixed(9)), again.clopperPearson(hits, CASES).map((v) => v.toFixed(9)), "Clopper-Pearson");
    const answered = own.filter(valid).length;
    same(of(reader.headline, "invalid_rate").value, 1 - answered / CASES, `${reader.id} invalid`);
    same(of(reader.headline, "accuracy_valid_only").value, hits / answered, `${reader.id} valid only`);
    same(of(reader.headline, "macro_f1").value, again.macroF1(labels, pairs), `${reader.id} macro F1`);
    same(of(reader.headline, "kappa").value, again.kappa(labels, pairs), `${reader.id} kappa`);
    same(reader.confusion.cells, again.confusion(labels, pairs), `${reader.id} confusion`);
    const scored = own.filter((a) => valid(a) && a.probabilities).map((a) => ({ ...a, truth: truth.get(a.case) }));
    const confident = scored.map((a) => ({ confidence: a.confidence, right: a.label === a.truth }));
    same(of(reader.calibration.figures, "brier").value, again.brier(labels, scored), `${reader.id} Brier`);
    same(of(reader.calibration.figures, "ece_equal_width_10").value, again.ece(confident), `${reader.id} ECE`);
    for (const label of labels) {
      const row = reader.per_label.find((entry) => entry.label === label);
      const [yes, no] = [true, false].map((has) => scored.filter((a) => (a.truth === label) === has).map((a) => a.probabilities[label]));
      same(of(row.figures, "auc").value, again.auc(yes, no), `${reader.id} AUC of ${label}`);
    }
  }
  for (const pair of figures.comparison.pairs) {
    const [a, b] = [pair.a, pair.b].map((id) => right.get(id));
    const count = (x, y) => [...truth.keys()].filter((name) => a.get(name) === x && b.get(name) === y).length;
    same([pair.both, pair.a_only, pair.b_only, pair.neither], [count(true, true), count(true, false), count(false, true), count(false, false)], "2 x 2");
    same(of(pair.tests, "mcnemar_exact").p, again.mcnemarExact(pair.a_only, pair.b_only), `${pair.a} ${pair.b} McNemar`);
    same(of(pair.tests, "mcnemar_midp").p, again.mcnemarMid(pair.a_only, pair.b_only), `${pair.a} ${pair.b} mid-p`);
  }

  // The same answers through `eval score`, and its figures beside those of the report.
  writeFileSync(join(work, "all.jsonl"), answers.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const scored = JSON.parse(overread("eval", "score", "--answers", "all.jsonl", "--truth", "cases/truth.csv"));
  for (const reader of figures.readers) {
    for (const key of ["accuracy", "balanced_accuracy", "macro_f1", "weighted_f1", "mcc", "kappa", "invalid_rate"]) {
      same(of(reader.headline, key).value, scored.readers[reader.id][key], `${reader.id} ${key} of eval score`);
    }
  }
  console.log(`ok ${checked} figures of three readers over ${CASES} made patients, found twice`);
} finally {
  rmSync(work, { recursive: true, force: true });
}
