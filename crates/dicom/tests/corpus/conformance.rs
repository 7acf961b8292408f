//! `docs/conformance.md`, written from what the corpus shows; a stale one is refused where the corpus is there.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use overread_dicom::syntax::{Codec, syntax};
use overread_dicom::{DicomError, DisplaySet};
use serde_json::Value;

use crate::measure::{File, Result, measure};
use crate::tiles::{Tile, tiles};
use crate::{corpus, index_of, lines};

/// Every transfer syntax that has a row, proved or not.
const SYNTAXES: &[&str] = &[
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2.1.98",
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.2",
    "1.2.840.113619.5.2",
    "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.53",
    "1.2.840.10008.1.2.4.55",
    "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.81",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.91",
    "1.2.840.10008.1.2.4.92",
    "1.2.840.10008.1.2.4.93",
    "1.2.840.10008.1.2.4.110",
    "1.2.840.10008.1.2.4.111",
    "1.2.840.10008.1.2.4.112",
    "1.2.840.10008.1.2.4.201",
    "1.2.840.10008.1.2.4.202",
    "1.2.840.10008.1.2.4.203",
    "1.2.840.10008.1.2.8.1",
    "1.2.840.10008.1.2.4.100",
    "1.2.840.10008.1.2.4.102",
    "1.2.840.10008.1.2.4.107",
    "1.2.840.10008.1.2.4.94",
];

/// Most file names in a cell; every file stands in the last table.
const MOST_NAMES: usize = 4;

fn decoder(codec: Codec) -> &'static str {
    match codec {
        Codec::None => "own",
        Codec::Encapsulated => "own",
        Codec::Rle => "own (`codec::rle`)",
        Codec::Jpeg => "own (`codec::jpeg`: 12-bit DCT, lossless); `jpeg-decoder` for 8-bit DCT",
        Codec::JpegLs => "own (`codec::jpegls`)",
        Codec::Jpeg2000 => "own (`codec::jpeg2000`)",
        Codec::JpegXl => "`jxl-oxide`",
        Codec::DeflatedFrame => "`flate2`",
        Codec::Unsupported => "none",
    }
}

/// Who wrote each codec, in what language, and why it was chosen or replaced.
const CODECS: &str = "\
| codec | by | memory | why |
|---|---|---|---|
| RLE | own | safe Rust | the parser's own panics on truncated planes and believes segment counts |
| JPEG 8-bit DCT | `jpeg-decoder` 0.3 | Rust; `unsafe` only in its SIMD transforms | told by us which colours the stream holds; streams of countless scans are refused before |
| JPEG 12-bit DCT, lossless | own | safe Rust | no other 12-bit decoder in Rust; the one for lossless streams errs with restart intervals and predictors |
| JPEG-LS | own | safe Rust | only bindings to C++ were to be had |
| JPEG 2000, HTJ2K | own | safe Rust | the port of OpenJPEG before it was C in all but name; it stays as a peer in tests |
| JPEG XL | `jxl-oxide` 0.12 | Rust with `unsafe` in its grids | memory tracked and limited, panics caught |
| Deflate | `flate2` over `zlib-rs` | Rust with `unsafe` in its buffers | output limited by what the header needs |

No C or C++ decoder is linked in. What each costs in speed beside C and C++ peers stands in [bench-decode.md](bench-decode.md).

";

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ").trim().to_owned()
}

fn said(result: &Result) -> String {
    match result {
        Result::Equal => "equal".to_owned(),
        Result::Within(0.0) => "equal at the reference's points".to_owned(),
        Result::Within(worst) => format!("within {worst}"),
        Result::Disputed => "shown; decoders disagree".to_owned(),
        Result::Shown => "shown; no reference values".to_owned(),
        Result::Listed(summary) => format!("listed as “{}”", cell(summary)),
        Result::Refused(sentence) => format!("refused: {}", cell(sentence)),
        Result::NotDicom(reason) => format!("left alone: {}", cell(reason)),
    }
}

/// Results counted: `12 equal, 3 within 1`.
fn counted(files: &[&File]) -> String {
    let (mut equal, mut within, mut worst, mut other) = (0, 0, 0.0_f64, BTreeMap::new());
    for file in files {
        match &file.result {
            Result::Equal => equal += 1,
            Result::Within(by) => {
                within += 1;
                worst = worst.max(*by);
            }
            Result::Disputed => *other.entry("disputed").or_insert(0) += 1,
            Result::Shown => *other.entry("shown").or_insert(0) += 1,
            Result::Refused(_) => *other.entry("refused").or_insert(0) += 1,
            Result::Listed(_) => *other.entry("listed").or_insert(0) += 1,
            Result::NotDicom(_) => *other.entry("left alone").or_insert(0) += 1,
        }
    }
    let mut parts = Vec::new();
    if equal > 0 {
        parts.push(format!("{equal} equal"));
    }
    if within > 0 && worst == 0.0 {
        parts.push(format!("{within} equal at the reference's points"));
    } else if within > 0 {
        parts.push(format!("{within} within {worst}"));
    }
    parts.extend(other.iter().map(|(what, n)| format!("{n} {what}")));
    if parts.is_empty() {
        "no file".to_owned()
    } else {
        parts.join(", ")
    }
}

fn names(files: &[&File]) -> String {
    let mut shown: Vec<String> = files
        .iter()
        .take(MOST_NAMES)
        .map(|file| format!("`{}`", file.path.strip_prefix("files/").unwrap_or(&file.path)))
        .collect();
    if files.len() > MOST_NAMES {
        shown.push(format!("and {} more", files.len() - MOST_NAMES));
    }
    shown.join(", ")
}

/// A table of files grouped by what a header says.
fn grouped(out: &mut String, title: &str, files: &[File], key: impl Fn(&File) -> Option<String>) {
    let mut groups: BTreeMap<String, Vec<&File>> = BTreeMap::new();
    for file in files {
        if let Some(key) = key(file) {
            groups.entry(key).or_default().push(file);
        }
    }
    let _ = writeln!(out, "| {title} | result | files |\n|---|---|---|");
    for (key, files) in &groups {
        let _ = writeln!(out, "| {} | {} | {} |", cell(key), counted(files), names(files));
    }
    out.push('\n');
}

fn syntaxes(out: &mut String, files: &[File]) {
    out.push_str("| transfer syntax | UID | decoded by | result | files |\n|---|---|---|---|---|\n");
    for uid in SYNTAXES {
        let named = syntax(uid);
        let proof: Vec<&File> = files
            .iter()
            .filter(|file| {
                file.header
                    .as_ref()
                    .is_some_and(|header| header.syntax.uid == *uid)
            })
            .collect();
        let _ = writeln!(
            out,
            "| {} | {uid} | {} | {} | {} |",
            named.name,
            decoder(named.codec),
            counted(&proof),
            names(&proof)
        );
    }
    out.push('\n');
}

fn display_values(out: &mut String, tiles: &[Tile]) {
    out.push_str("| case | VOI | modality transform and file | result |\n|---|---|---|---|\n");
    for tile in tiles {
        let voi = &tile.case["voi"];
        let chosen = if voi["kind"] == "lut" {
            format!("table, item {}", voi["item"])
        } else {
            format!(
                "{} {} / {}",
                voi["function"].as_str().unwrap_or("LINEAR"),
                voi["center"],
                voi["width"]
            )
        };
        let result = match &tile.result {
            Ok((0, _)) => "equal".to_owned(),
            Ok((off, worst)) => format!("{off} values on a rounding tie differ by {worst}"),
            Err(sentence) => sentence.clone(),
        };
        let inverted = if tile.case["inverted"] == true {
            ", inverted"
        } else {
            ""
        };
        let _ = writeln!(
            out,
            "| {} | {chosen}{inverted} | `{}` | {result} |",
            tile.name.trim_end_matches(".json"),
            tile.case["path"].as_str().unwrap_or_default()
        );
    }
    out.push('\n');
}

fn set_in_words(set: &DisplaySet) -> String {
    let n = set.frames.len();
    let Some(a) = &set.arrangement else {
        return format!("{n} without geometry");
    };
    let mut words = format!("{n} {}", if a.volume { "as a volume" } else { "as a stack" });
    if a.tilt >= 0.05 {
        let _ = write!(words, ", tilt {:.1}°", a.tilt);
    }
    if !a.gaps.is_empty() {
        let _ = write!(words, ", {} gaps", a.gaps.len());
    }
    if a.duplicates > 0 {
        let _ = write!(words, ", {} doubled", a.duplicates);
    }
    words
}

fn geometry(out: &mut String, corpus: &Path) {
    out.push_str("| series | what it is | display sets | what the reader is told |\n|---|---|---|---|\n");
    for case in lines(&corpus.join("series.jsonl")) {
        let folder = case["folder"].as_str().expect("a folder");
        let sets = index_of(&corpus.join(folder)).display_sets(None);
        let mut words: Vec<String> = sets.iter().map(set_in_words).collect();
        words.dedup();
        let mut warnings: Vec<&str> = sets
            .iter()
            .flat_map(|s| s.warnings.iter().map(String::as_str))
            .collect();
        warnings.dedup();
        let _ = writeln!(
            out,
            "| `{folder}` | {} | {} | {} |",
            cell(case["about"].as_str().unwrap_or_default()),
            cell(&words.join("; ")),
            cell(&warnings.join("; "))
        );
    }
    out.push('\n');
}

/// Sentences for what is not supported, as the program says them.
fn unsupported(out: &mut String) {
    let sentences = [
        (
            "MPEG, H.264 and HEVC video, JPIP, other or private transfer syntaxes; the header is listed all the same",
            DicomError::UnsupportedSyntax("1.2.840.10008.1.2.4.102 (MPEG or H.264 video)".to_owned()),
        ),
        (
            "2 or 4 samples a pixel; colours that contradict the number of samples",
            DicomError::UnsupportedPixels("4 samples a pixel".to_owned()),
        ),
        (
            "64-bit integers, and 24 bits allocated where they are not compressed",
            DicomError::UnsupportedPixels("64 bits allocated".to_owned()),
        ),
        (
            "frames of more than 2^28 samples",
            DicomError::UnsupportedPixels("65535 x 65535 pixels in one frame".to_owned()),
        ),
        (
            "objects without pixels asked for as pictures: reports, structure sets and presentation states are shown in their own way; plans, waveforms, documents and the rest with one line",
            DicomError::NoImage("structured report".to_owned()),
        ),
    ];
    out.push_str("| what | what the user sees |\n|---|---|\n");
    for (what, error) in sentences {
        let _ = writeln!(out, "| {what} | “{error}” |");
    }
    out.push_str(
        "| pseudo-colour, blending and other presentation states; mask subtraction; text objects outside of the page | named, not applied |\n\
         | ICC profiles that are damaged or not of RGB | the colours as stored, with a warning that says so |\n\
         | parametric maps | their frames as images of their own, not laid over the source |\n\n",
    );
}

/// The rules that `tests/rules` proves over files which the tests write themselves: the tests' names, as sentences.
fn rules(out: &mut String) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .expect("tests/rules can be read")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    for path in paths {
        let source = std::fs::read_to_string(&path).expect("readable");
        let names: Vec<String> = source
            .split("#[test]")
            .skip(1)
            .filter_map(|rest| rest.split_once("fn ")?.1.split_once('('))
            .map(|(name, _)| name.replace('_', " "))
            .collect();
        if names.is_empty() {
            continue;
        }
        let about: Vec<&str> = source
            .lines()
            .map_while(|line| line.strip_prefix("//! "))
            .collect();
        let _ = writeln!(out, "**{}**\n", about.join(" "));
        for name in names {
            let _ = writeln!(out, "- {name}");
        }
        out.push('\n');
    }
}

fn text(corpus: &Path) -> String {
    let files: Vec<File> = lines(&corpus.join("reference.jsonl"))
        .into_iter()
        .filter(|reference: &Value| {
            reference["path"]
                .as_str()
                .is_some_and(|p| p.starts_with("files/"))
        })
        .map(|reference| measure(corpus, reference))
        .collect();
    let mut out = String::from(
        "# Conformance\n\n\
         What Overread reads, proved file by file against values from independent decoders. `cargo xtask conformance`\n\
         writes this page from a run over the test corpus; a test refuses a stale one where the corpus is there. *Equal*:\n\
         every stored value (or 8-bit colour) has the reference's hash. *Within N*: a codec that loses information, or\n\
         colours through a YBR formula; N is the largest difference at the reference's points. Chroma at half the width is\n\
         where decoders differ most.\n\n",
    );
    let _ = writeln!(
        out,
        "{} files: {}.\n",
        files.len(),
        counted(&files.iter().collect::<Vec<_>>())
    );
    out.push_str("## Transfer syntaxes\n\n");
    syntaxes(&mut out, &files);
    out.push_str("### Codecs\n\n");
    out.push_str(CODECS);
    out.push_str("## Photometric interpretations\n\n");
    grouped(&mut out, "photometric interpretation, samples", &files, |file| {
        let l = &file.header.as_ref()?.layout;
        let planes = if l.samples == 3 && l.planar {
            ", planes"
        } else {
            ""
        };
        Some(format!("{}, {}{planes}", l.photometric, l.samples))
    });
    out.push_str("## Bits\n\n");
    grouped(&mut out, "allocated, stored, high bit, sign", &files, |file| {
        let l = &file.header.as_ref()?.layout;
        let sign = if l.signed { "signed" } else { "unsigned" };
        let kind = match l.location.kind {
            overread_dicom::walk::PixelKind::Integer => sign,
            _ => "floating point",
        };
        Some(format!(
            "{:02}, {:02}, {:02}, {kind}",
            l.bits_allocated, l.bits_stored, l.high_bit
        ))
    });
    out.push_str("## Modality and VOI transforms\n\nDisplay values of whole tiles, 0 to 255.\n\n");
    display_values(&mut out, &tiles(corpus));
    out.push_str(
        "## Geometry\n\nPositions, tilt, gaps and evenness equal the references of every series; reslices equal the reference\n\
         arrays (`mpr/`: nearest exactly, linear within 0.05).\n\n",
    );
    geometry(&mut out, corpus);
    out.push_str("## Objects\n\n");
    grouped(&mut out, "object", &files, |file| match &file.result {
        Result::Listed(summary) => Some(summary.clone()),
        _ => None,
    });
    out.push_str(
        "## Rules\n\nEach is a test over files that the tests write themselves (`cargo nextest run -p overread-dicom --test rules`).\n\n",
    );
    rules(&mut out);
    out.push_str("## Not supported\n\n");
    unsupported(&mut out);
    out.push_str(
        "## Damaged files\n\n`cargo xtask mutate` changes bits, bytes, lengths, tags, syntaxes and sizes of the corpus's files, cuts and\n\
         splices them, and opens, indexes, lists, decodes and shows each mutant. No crash, no hang, no panic that is not an\n\
         error of its file, less than 2 GiB alive at once. The last recorded run:\n\n```text\n",
    );
    out.push_str(include_str!("../mutation.txt").trim());
    out.push_str("\n```\n\n## Every file\n\n| file | what it is there for | result |\n|---|---|---|\n");
    for file in &files {
        let _ = writeln!(
            out,
            "| `{}` | {} | {} |",
            file.path,
            cell(file.reference["for"].as_str().unwrap_or_default()),
            said(&file.result)
        );
    }
    out
}

#[test]
fn the_page_says_what_the_corpus_shows() {
    let Some(corpus) = corpus() else { return };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/conformance.md");
    let text = text(&corpus);
    if std::env::var_os("OVERREAD_CODEGEN").is_some() {
        std::fs::write(&path, text).expect("docs/ can be written");
        return;
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    // The mutation figures and the rest alike: what is printed was measured.
    assert!(
        there.replace("\r\n", "\n") == text,
        "docs/conformance.md is stale: run `cargo xtask conformance`"
    );
}
