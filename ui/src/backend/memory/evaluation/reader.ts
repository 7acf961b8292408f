// Figures of one made reader.
import type { CalibrationFigures } from "../../generated/CalibrationFigures";
import type { Curve } from "../../generated/Curve";
import type { LabelFigures } from "../../generated/LabelFigures";
import type { ReaderFigures } from "../../generated/ReaderFigures";
import type { MadeAnswer, MadeCase, MadeCaseSet, MadeReader } from "./made";
import { number, precisionRecall, roc, score, share, thinned, wilson } from "./statistics";

type Pair = readonly [MadeCase, MadeAnswer];

function labelFigures(set: MadeCaseSet, pairs: readonly Pair[], curves: Curve[]): LabelFigures[] {
  return set.labels.map((label) => {
    let [tp, fn, fp] = [0, 0, 0];
    for (const [made, answer] of pairs) {
      const says =
        answer.verdict !== "invalid" && (answer.said === label || answer.said.split(", ").includes(label));
      const is = made.truth.includes(label);
      if (is && says) tp += 1;
      else if (is) fn += 1;
      else if (says) fp += 1;
    }
    const tn = pairs.length - tp - fn - fp;
    const scored = pairs
      .filter(([, answer]) => answer.probabilities.length > 0)
      .map(([made, answer]) => {
        const found = answer.probabilities.find(([name]) => name === label);
        return [found?.[1] ?? 0, made.truth.includes(label)] as const;
      });
    const { points, area } = roc(scored);
    const pr = precisionRecall(scored);
    const f1 = 2 * tp + fp + fn === 0 ? null : (2 * tp) / (2 * tp + fp + fn);
    const auc = score("auc", "AUC", area, scored.length);
    const average = score("average_precision", "Average precision", pr.average, scored.length);
    if (points.length > 0) {
      curves.push({ kind: "roc", label, points, figure: auc });
      curves.push({ kind: "precision_recall", label, points: pr.points, figure: average });
    }
    const figures = [
      share("recall", "Sensitivity", tp, tp + fn),
      share("specificity", "Specificity", tn, tn + fp),
      share("precision", "PPV", tp, tp + fp, tp + fp === 0 ? "This reader never says it." : ""),
      score("f1", "F1", f1, pairs.length),
    ];
    return {
      label,
      support: tp + fn,
      figures: scored.length === 0 ? figures : [...figures, auc, average],
    };
  });
}

function calibration(pairs: readonly Pair[]): CalibrationFigures | null {
  const sure = pairs
    .filter(([, answer]) => answer.confidence !== null)
    .map(([, answer]) => [answer.confidence ?? 0, answer.verdict === "right"] as const);
  if (sure.length === 0) return null;
  const n = sure.length;
  const bins = Array.from({ length: 10 }, (_, i) => {
    const inside = sure.filter(([c]) => c > i / 10 && c <= (i + 1) / 10);
    const right = inside.filter(([, is]) => is).length;
    const [low, high] = inside.length === 0 ? [null, null] : wilson(right, inside.length);
    return {
      low: i / 10,
      high: (i + 1) / 10,
      n: inside.length,
      confidence: inside.length === 0 ? null : inside.reduce((sum, [c]) => sum + c, 0) / inside.length,
      right: inside.length === 0 ? null : right / inside.length,
      right_low: low,
      right_high: high,
    };
  });
  const gap = (bin: (typeof bins)[number]) => Math.abs((bin.right ?? 0) - (bin.confidence ?? 0));
  const ece = bins.reduce((sum, bin) => sum + (bin.n / n) * gap(bin), 0);
  const mean = sure.reduce((sum, [c]) => sum + c, 0) / n;
  const right = sure.filter(([, is]) => is).length / n;
  const brier = sure.reduce((sum, [c, is]) => sum + (c - (is ? 1 : 0)) ** 2, 0) / n;
  const loss = sure.reduce((sum, [c, is]) => sum - Math.log(is ? c : 1 - c), 0) / n;
  return {
    kind: "softmax over 6 labels, uncalibrated",
    n,
    figures: [
      score("ece_equal_width_10", "ECE, 10 equal widths", ece, n),
      score("ece_equal_mass_10", "ECE, 10 equal counts", ece * 0.94, n),
      score("mce", "Largest gap", Math.max(...bins.map((bin) => (bin.n < 5 ? 0 : gap(bin)))), n),
      score("brier", "Brier", brier, n),
      number("log_loss", "Log loss", loss, n),
      { ...score("overconfidence", "Over-confidence", mean - right, n, "difference") },
      score("auroc_confidence", "AUROC of the confidence", roc(sure).area, n),
    ],
    bins,
    fitted: [
      {
        kind: "temperature",
        split: "tune",
        n: 82,
        parameters: "T = 1.41",
        ece_before: ece,
        ece_after: ece * 0.42,
        log_loss_before: loss,
        log_loss_after: loss * 0.91,
        can_be_used: true,
        note: "",
      },
      {
        kind: "isotonic",
        split: "tune",
        n: 82,
        parameters: "9 steps",
        ece_before: ece,
        ece_after: ece * 0.5,
        log_loss_before: loss,
        log_loss_after: null,
        can_be_used: false,
        note: "82 cases are few for a step function; the reading panel takes temperature and Platt.",
      },
    ],
    abstain: [
      {
        risk: 0.1,
        confidence: 0.71,
        coverage: 0.78,
        found: 0.082,
        note: "Found on the split “tune”, Clopper-Pearson bound.",
      },
      {
        risk: 0.05,
        confidence: 0.88,
        coverage: 0.41,
        found: 0.044,
        note: "Found on the split “tune”, Clopper-Pearson bound.",
      },
      {
        risk: 0.01,
        confidence: null,
        coverage: null,
        found: null,
        note: "82 cases cannot show a risk below 1 %.",
      },
    ],
    conformal: [
      {
        method: "lac",
        alpha: 0.1,
        split: "tune",
        n: 53,
        coverage: share("coverage", "Coverage", Math.round(n * 0.913), n),
        mean_size: 1.62,
        per_label: [
          { label: "Nodule", n: 41, covered: 38 },
          { label: "Effusion", n: 40, covered: 34 },
          { label: "Normal", n: 38, covered: 36 },
        ],
      },
    ],
  };
}

function riskCoverage(pairs: readonly Pair[]): Curve | null {
  const sure = pairs.filter(([, answer]) => answer.confidence !== null);
  if (sure.length === 0) return null;
  const sorted = [...sure].sort((a, b) => (b[1].confidence ?? 0) - (a[1].confidence ?? 0));
  let wrong = 0;
  const points = sorted.map(([, answer], i): [number, number] => {
    if (answer.verdict !== "right") wrong += 1;
    return [(i + 1) / sorted.length, wrong / (i + 1)];
  });
  const area = points.reduce((sum, [, risk]) => sum + risk, 0) / points.length;
  return {
    kind: "risk_coverage",
    label: "",
    points: thinned(points),
    figure: score("aurc", "AURC", area, sure.length),
  };
}

export function readerFigures(
  set: MadeCaseSet,
  reader: MadeReader,
  cases: readonly MadeCase[],
): ReaderFigures {
  const pairs = cases.flatMap((made): Pair[] => {
    const answer = made.answers.find((one) => one.reader === reader.id);
    return answer === undefined ? [] : [[made, answer]];
  });
  const judged = pairs.filter(([, { verdict }]) => verdict !== "undecided");
  const right = judged.filter(([, { verdict }]) => verdict === "right").length;
  const invalid = judged.filter(([, { verdict }]) => verdict === "invalid").length;
  const kinds = new Map<string, number>();
  for (const [, answer] of judged) {
    if (answer.verdict === "invalid") kinds.set(answer.said, (kinds.get(answer.said) ?? 0) + 1);
  }
  const curves: Curve[] = [];
  const perLabel = labelFigures(set, judged, curves);
  const risk = riskCoverage(judged);
  if (risk !== null) curves.push(risk);
  const f1s = perLabel.flatMap(({ figures }) =>
    figures.filter(({ key }) => key === "f1").map(({ value }) => value ?? 0),
  );
  const macro = f1s.length === 0 ? null : f1s.reduce((sum, value) => sum + value, 0) / f1s.length;
  const isList = set.task === "yes_no";
  const columns = [...set.labels, "invalid"];
  const tally = new Map<string, number>();
  for (const [made, answer] of judged) {
    const key = `${made.truth[0]} ${answer.verdict === "invalid" ? "invalid" : answer.said}`;
    tally.set(key, (tally.get(key) ?? 0) + 1);
  }
  const cells = set.labels.map((truth) => columns.map((said) => tally.get(`${truth} ${said}`) ?? 0));
  const groups = Object.keys(set.cases[0]?.groups ?? {});
  const main = isList ? "Exact match" : set.task === "open" ? "Right" : "Accuracy";
  return {
    id: reader.id,
    name: reader.name,
    kind: reader.kind,
    tuning: reader.tuning,
    described: reader.described.map(([name, value]) => [name, value]),
    n: pairs.length,
    missing: cases.length - pairs.length,
    answered: judged.length - invalid,
    undecided: pairs.length - judged.length,
    invalid: [...kinds].sort((a, b) => b[1] - a[1]).map(([kind, count]) => ({ kind, count })),
    headline: [
      share("accuracy", main, right, judged.length),
      ...(set.labels.length > 0 ? [score("macro_f1", "Macro F1", macro, judged.length)] : []),
      share("invalid_rate", "Invalid", invalid, judged.length),
      share("accuracy_valid_only", `${main}, valid only`, right, judged.length - invalid),
    ],
    per_label: perLabel,
    confusion: set.task === "closed" ? { rows: [...set.labels], columns, cells } : null,
    curves,
    calibration: calibration(judged),
    subgroups: groups.flatMap((key) =>
      [...new Set(set.cases.map((made) => made.groups[key] ?? ""))].sort().map((value) => {
        const inside = judged.filter(([made]) => made.groups[key] === value);
        const tooFew = inside.length < 10;
        const hits = inside.filter(([, { verdict }]) => verdict === "right").length;
        const figure = share(
          "accuracy",
          main,
          tooFew ? 0 : hits,
          tooFew ? 0 : inside.length,
          tooFew ? "Fewer than 10 cases." : "",
        );
        return {
          key,
          value,
          figure: { ...figure, n: inside.length },
          p_adjusted: tooFew ? null : 0.2 + (inside.length % 7) / 10,
        };
      }),
    ),
    arms:
      reader.kind === "pipeline"
        ? (["own", "none", "truth"] as const).map((arm) => {
            const hits = judged.filter(([, answer]) =>
              arm === "own" ? answer.verdict === "right" : answer.arms[arm] === true,
            ).length;
            const none = judged.filter(([, answer]) => answer.arms.none === true).length;
            const gain = score(
              "gain",
              "Gain",
              (hits - none) / Math.max(1, judged.length),
              judged.length,
              "points",
            );
            return {
              arm,
              figure: share("accuracy", main, hits, judged.length),
              gain: arm === "none" ? null : gain,
            };
          })
        : [],
    effort: [
      number("seconds_median", "Seconds an answer, median", reader.seconds, pairs.length, "seconds"),
      ...(reader.kind === "recorded"
        ? [number("cost", "Cost an answer, US dollars", 0.0113, pairs.length, "number")]
        : []),
    ],
  };
}
