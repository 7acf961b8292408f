// Header scan beside pydicom over the same files in the same run.
//
//   node tests/bench/scan.mjs FOLDER [PYTHON]      PYTHON: an interpreter that has pydicom; python3 unless told
import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const [folder, python = "python3"] = process.argv.slice(2);
const binary = process.env.OVERREAD_BINARY ?? join(root, "target/release/overread");
const READ = `
import sys, time, pathlib, pydicom
files = [p for p in pathlib.Path(sys.argv[1]).rglob("*") if p.is_file()]
times = []
for _ in range(5):
    start = time.perf_counter()
    for path in files:
        try:
            pydicom.dcmread(path, stop_before_pixels=True)
        except Exception:
            pass
    times.append((time.perf_counter() - start) * 1000)
print(min(times) / len(files), len(files), pydicom.__version__)
`;
const ratios = [];
const best = [Infinity, Infinity];
for (let round = 0; round < 3; round += 1) {
  const { scan } = JSON.parse(String(execFileSync(binary, ["bench", "scan", "--path", folder, "--json"])));
  const [theirs, files, version] = String(execFileSync(python, ["-W", "ignore", "-c", READ, folder])).split(" ");
  ratios.push(theirs / scan.best_ms_a_file);
  best[0] = Math.min(best[0], scan.best_ms_a_file);
  best[1] = Math.min(best[1], +theirs);
  console.log(`${files} files: overread ${scan.best_ms_a_file.toFixed(4)} ms a file, pydicom ${version.trim()} ${(+theirs).toFixed(4)} ms a file, ratio ${ratios.at(-1).toFixed(1)}`);
}
console.log(`overread is ${Math.min(...ratios).toFixed(1)} to ${Math.max(...ratios).toFixed(1)} times as fast; best against best ${(best[1] / best[0]).toFixed(1)}`);
