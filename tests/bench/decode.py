"""Decoding beside other decoders: the same frames in the same run, one thread each, the best of several times.

    python tests/bench/decode.py FOLDER [--write docs/bench-decode.md] [--syntax TEXT]

Peers are used where this interpreter has them: imagecodecs (CharLS, libjpeg-turbo, libjxl, OpenJPEG, OpenJPH),
python-gdcm, pylibjpeg with its plugins; dcmdjpeg and its like of DCMTK where they are installed. Ours is
`overread bench decode`: from the opened file to stored values. Theirs is their decoding call on the frame's bytes, which
were taken out of the file before; for GDCM the whole read, and for DCMTK the whole program, less a run that decodes nothing.
"""

import argparse
import collections
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

for name in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPJ_NUM_THREADS"]:
    os.environ[name] = "1"

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("OVERREAD_BINARY", str(ROOT / "target/release/overread"))
JPEG = "1.2.840.10008.1.2.4."
RUNS, LONG_ENOUGH = 5, 0.2


def best(work):
    """The shortest of several runs, ms; nothing where it fails."""
    least, spent, runs = float("inf"), 0.0, 0
    while runs < RUNS or spent < LONG_ENOUGH:
        start = time.perf_counter()
        work()
        took = time.perf_counter() - start
        least, spent, runs = min(least, took), spent + took, runs + 1
    return least * 1000


def imagecodecs_of(syntax):
    """Decoding calls of imagecodecs for a transfer syntax, by the library behind them."""
    try:
        import imagecodecs
    except ImportError:
        return {}
    lossless = {"57", "70"}
    kind = syntax.removeprefix(JPEG)
    if kind in {"50", "51", "53", "55"}:
        calls = {"libjpeg-turbo": lambda b: imagecodecs.jpeg8_decode(b)}
    elif kind in lossless:
        calls = {
            "libjpeg-turbo": lambda b: imagecodecs.jpeg8_decode(b),
            "liblj92": lambda b: imagecodecs.ljpeg_decode(b),
            "jpegsof3": lambda b: imagecodecs.jpegsof3_decode(b),
        }
    elif kind in {"80", "81"}:
        calls = {"CharLS": lambda b: imagecodecs.jpegls_decode(b)}
    elif kind in {"90", "91"}:
        calls = {"OpenJPEG": lambda b: imagecodecs.jpeg2k_decode(b, numthreads=1)}
    elif kind in {"201", "202", "203"}:
        calls = {"OpenJPH": lambda b: imagecodecs.htj2k_decode(b)}
    elif kind in {"110", "111", "112"}:
        calls = {"libjxl": lambda b: imagecodecs.jpegxl_decode(b, numthreads=1)}
    else:
        calls = {}
    return calls


def plugins(syntax, file):
    """Frame decoders of pylibjpeg's plugins."""
    calls = {}
    kind = syntax.removeprefix(JPEG)
    try:
        if kind in {"50", "51", "57", "70", "80", "81"}:
            import libjpeg

            calls["libjpeg (T. Richter)"] = lambda b: libjpeg.decode(b)
        if kind in {"90", "91", "201", "202", "203"}:
            import openjpeg

            calls["pylibjpeg-openjpeg"] = lambda b: openjpeg.decode(b)
        if syntax == "1.2.840.10008.1.2.5":
            import rle

            pixels, bits = file.Rows * file.Columns, file.BitsAllocated
            calls["pylibjpeg-rle"] = lambda b: rle.decode_frame(b, pixels, bits, "<")
    except ImportError:
        pass
    return calls


def gdcm_of(path, frames):
    """A whole read by GDCM, a frame's share."""
    try:
        import gdcm
    except ImportError:
        return None

    def work():
        reader = gdcm.ImageReader()
        reader.SetFileName(str(path))
        if not reader.Read():
            raise ValueError("not read")
        reader.GetImage().GetBuffer()

    return best(work) / frames


DCMTK = {
    "dcmdjpeg": {"50", "51", "53", "55", "57", "70"},
    "dcmdjpls": {"80", "81"},
    "dcmdrle": {"1.2.840.10008.1.2.5"},
}


def dcmtk_of(path, syntax, frames):
    kind = syntax.removeprefix(JPEG)
    tool = next((t for t, kinds in DCMTK.items() if kind in kinds and shutil.which(t)), None)
    if tool is None:
        return None
    with tempfile.TemporaryDirectory() as place:
        out = str(pathlib.Path(place) / "out")

        def run(*arguments):
            subprocess.run([tool, *arguments], check=True, capture_output=True)

        whole = best(lambda: run(str(path), out))
        nothing = best(lambda: run("--version"))
    return max(whole - nothing, 0.001) / frames


def measure(row):
    """Times of the peers on one file, ms a frame."""
    import warnings

    import pydicom
    from pydicom.encaps import generate_frames

    warnings.simplefilter("ignore")
    path, syntax = row["path"], row["syntax"]
    file = pydicom.dcmread(path)
    count = int(file.get("NumberOfFrames", 1) or 1)
    times = {}
    frames = []
    calls = {**imagecodecs_of(syntax), **plugins(syntax, file)}
    if calls:
        for n, frame in enumerate(generate_frames(file.PixelData, number_of_frames=count)):
            if n == row["frames"]:
                break
            frames.append(frame)
    for name, call in calls.items():
        try:
            times[name] = sum(best(lambda frame=frame: call(frame)) for frame in frames) / len(frames)
        except Exception:
            pass
    for name, call in {"GDCM": lambda: gdcm_of(path, count), "DCMTK": lambda: dcmtk_of(path, syntax, count)}.items():
        try:
            if (took := call()) is not None:
                times[name] = took
        except Exception:
            pass
    return times


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--write", type=pathlib.Path)
    parser.add_argument("--syntax", default="")
    chosen = parser.parse_args()
    try:
        import pydicom  # noqa: F401
    except ImportError:
        print("skipped: this interpreter has no pydicom, which takes the frames out of the files")
        return
    said = subprocess.run([BINARY, "bench", "decode", "--json", chosen.folder], check=True, capture_output=True)
    rows = [row for row in json.loads(said.stdout)["decode"]["files"] if "ms_a_frame" in row]
    rows = [row for row in rows if row["rows"] * row["columns"] >= 128 * 128 and chosen.syntax in row["name"]]
    table = collections.defaultdict(list)
    for row in rows:
        times = measure(row)
        if not times:
            continue
        peer = min(times, key=times.get)
        row |= {"peer": peer, "peer_ms": times[peer]}
        table[row["name"]].append(row)
        name = pathlib.Path(row["path"]).name
        every = ", ".join(f"{n} {t:.2f}" for n, t in sorted(times.items(), key=lambda x: x[1]))
        print(f"{name}: ours {row['ms_a_frame']:.2f} ms, {every}", file=sys.stderr)
    if not table:
        print("skipped: no peer is installed that decodes any of these files")
        return
    lines = [
        "| transfer syntax | files | ours, MPx/s | best peer, MPx/s | ours / peer (speed) | peer |",
        "|---|---|---|---|---|---|",
    ]
    for name, group in sorted(table.items()):
        pixels = sum(r["rows"] * r["columns"] for r in group) / 1e3
        ours, theirs = sum(r["ms_a_frame"] for r in group), sum(r["peer_ms"] for r in group)
        peers = ", ".join(sorted({r["peer"] for r in group}))
        lines.append(
            f"| {name} | {len(group)} | {pixels / ours:.1f} | {pixels / theirs:.1f} | {theirs / ours:.2f} | {peers} |"
        )
    print("\n".join(lines))
    if chosen.write:
        text = [
            "# Decoding beside other decoders",
            "",
            "Made by `python tests/bench/decode.py FOLDER --write docs/bench-decode.md`: the same frames in the same run, one",
            "thread each, the best of several times. A number above 1 in the fifth column means that ours is faster. Files",
            "of fewer than 128 x 128 pixels are left out: their time is that of the call.",
            "",
            *lines,
            "",
        ]
        chosen.write.write_text("\n".join(text))


main()
