//! What a reader of a display set should know: of its geometry, of copies, of its files.

use std::collections::BTreeSet;

use overread_imaging::stack::Arrangement;

use super::{FrameRef, Series};

/// Different warnings of the files of one set that are passed on.
const MOST_WARNINGS: usize = 8;
/// Gaps, changes of spacing and doubled slices that are named one by one.
const MOST_NAMED: usize = 5;
/// Slices that overlap by less than this, mm, only round their thickness.
const OVERLAP: f64 = 0.02;

/// Everything about a set that should be said, each once.
pub(super) fn warnings(frames: &[FrameRef], arrangement: Option<&Arrangement>, all: &Series) -> Vec<String> {
    let mut warnings = arrangement.map_or_else(Vec::new, |a| geometry(a, frames));
    if all.copies > 0 {
        warnings.push(format!(
            "{} further copies of the same instances were left out",
            all.copies
        ));
    }
    if all.several_patients() {
        warnings.push(
            "the series identifier is shared by images of several patients: they are kept apart".to_owned(),
        );
    }
    if all.disputed > 0 {
        warnings.push(format!(
            "{} images of the series carry the identifier of another image",
            all.disputed
        ));
    }
    warnings.extend(mosaic(frames));
    let mut said: BTreeSet<&str> = BTreeSet::new();
    for f in frames {
        let attributes = f.header.attributes(f.frame).map_or(&[][..], |a| &a.warnings);
        for warning in f.header.warnings.iter().chain(attributes) {
            if said.len() < MOST_WARNINGS && said.insert(warning) {
                warnings.push(warning.clone());
            }
        }
    }
    warnings
}

fn mosaic(frames: &[FrameRef]) -> Option<String> {
    let first = frames.first()?;
    let said = first.header.image_type.split('/').any(|part| part == "MOSAIC");
    if !said || first.header.layout.frames != 1 {
        return None;
    }
    Some(
        match (first.header.mosaic, first.header.is_whole_mosaic(first.frame)) {
            (Some(_), false) => "slices cut from mosaics",
            (Some(_), true) => {
                "mosaics: several slices side by side in one picture; their slices are beside this"
            }
            (None, _) => "a mosaic that does not say how many slices it holds: shown as stored",
        }
        .to_owned(),
    )
}

/// Words about positions; slices are counted from 1 in the order shown, places are along the normal.
fn geometry(a: &Arrangement, frames: &[FrameRef]) -> Vec<String> {
    let mut warnings = Vec::new();
    if a.spacing.is_none() && frames.len() > 1 {
        let one_file = frames
            .windows(2)
            .all(|w| w[0].header.sop_uid == w[1].header.sop_uid);
        return vec![if one_file {
            format!(
                "the file gives one position for all {} frames: they are shown in its order",
                frames.len()
            )
        } else {
            format!(
                "all {} images lie at one place: shown in the order of time",
                frames.len()
            )
        }];
    }
    for gap in a.gaps.iter().take(MOST_NAMED) {
        warnings.push(format!(
            "gap after slice {}: {} missing (at {:.1} mm)",
            gap.after + 1,
            gap.missing,
            a.positions[gap.after]
        ));
    }
    if let Some(more) = a.gaps.len().checked_sub(MOST_NAMED).filter(|more| *more > 0) {
        warnings.push(format!("{more} more gaps"));
    }
    if !a.even
        && let Some([low, high]) = a.spacing_range
    {
        warnings.push(format!(
            "uneven spacing, {low:.2} to {high:.2} mm: read as a stack, not as a volume"
        ));
        warnings.extend(changes(a));
    }
    if a.duplicates > 0 {
        let named: Vec<String> = a
            .doubled()
            .take(MOST_NAMED)
            .map(|k| format!("{} and {} at {:.1} mm", k + 1, k + 2, a.positions[k]))
            .collect();
        warnings.push(format!(
            "{} slices share their place with another: {}{}",
            a.duplicates,
            named.join(", "),
            if a.duplicates > MOST_NAMED { ", …" } else { "" }
        ));
    }
    if let (Some(spacing), Some(thickness)) = (a.spacing, frames[0].thickness())
        && thickness - spacing > OVERLAP
    {
        warnings.push(format!(
            "overlapping slices: {thickness:.2} mm thick, {spacing:.2} mm apart"
        ));
    }
    if a.tilt > 0.0 {
        warnings.push(format!(
            "gantry tilt of {:.1} degrees, carried in the volume's transform",
            a.tilt
        ));
    }
    let measured = frames.iter().all(|f| {
        f.header
            .attributes(f.frame)
            .is_some_and(|a| a.spacing.mm.is_some())
    });
    if !measured {
        warnings.push("no pixel spacing: read as a stack, not as a volume".to_owned());
    } else if a.even && a.duplicates == 0 && !a.volume && frames.len() > 1 {
        warnings
            .push("the slices' origins do not lie on one line: read as a stack, not as a volume".to_owned());
    }
    warnings
}

/// Where the spacing changes for good, as head scans do at the skull base; single odd steps are gaps or noise.
fn changes(a: &Arrangement) -> Vec<String> {
    let steps: Vec<f64> = a.positions.windows(2).map(|w| w[1] - w[0]).collect();
    let same = |x: f64, y: f64| (x - y).abs() <= (0.01 * x.max(y)).max(0.01);
    (1..steps.len().saturating_sub(1))
        .filter(|k| *k >= 2 && same(steps[k - 2], steps[k - 1]) && same(steps[*k], steps[k + 1]))
        .filter(|k| !same(steps[k - 1], steps[*k]))
        .take(MOST_NAMED)
        .map(|k| {
            format!(
                "from slice {} on (at {:.1} mm) the spacing is {:.2} mm instead of {:.2} mm",
                k + 1,
                a.positions[k],
                steps[k],
                steps[k - 1]
            )
        })
        .collect()
}
