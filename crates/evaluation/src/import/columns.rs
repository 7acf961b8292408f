//! Which column of a table of one's own means what. Names decide, and for columns of yes and no their values; where two columns could
//! both be meant, that is said instead of choosing.

use std::collections::BTreeSet;

use super::cases::coded;
use super::table::{Table, plain};
use crate::case_set::State;
use crate::error::InputError;

/// What a column that names a case says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IdKind {
    /// A name of the table's own: of a folder, a file, a UID.
    Case,
    /// A file's name.
    File,
    /// A path.
    Path,
    /// SOP Instance UID.
    Instance,
    /// Series Instance UID or display set.
    Series,
    /// Study Instance UID.
    Study,
}

const IDS: [(IdKind, &[&str]); 6] = [
    (
        IdKind::Case,
        &[
            "case",
            "case_id",
            "id",
            "image_id",
            "img_id",
            "exam_id",
            "scan_id",
            "study_id",
            "accession",
            "uid",
            "name",
            "volume",
            "VolumeName",
        ],
    ),
    (
        IdKind::File,
        &[
            "file",
            "filename",
            "image",
            "image_name",
            "img",
            "img_name",
            "image_file",
            "picture",
            "image_index",
            "dicom_id",
        ],
    ),
    (
        IdKind::Path,
        &[
            "path",
            "file_path",
            "image_path",
            "img_path",
            "dicom_path",
            "relative_path",
            "folder",
        ],
    ),
    (
        IdKind::Instance,
        &[
            "sop",
            "sop_uid",
            "sop_instance_uid",
            "instance",
            "instance_uid",
            "image_uid",
        ],
    ),
    (
        IdKind::Series,
        &["series", "series_uid", "series_instance_uid", "display_set"],
    ),
    (IdKind::Study, &["study", "study_uid", "study_instance_uid"]),
];
const LABELS: [&str; 18] = [
    "label",
    "labels",
    "class",
    "classes",
    "class_name",
    "diagnosis",
    "diagnoses",
    "truth",
    "ground_truth",
    "groundtruth",
    "gt",
    "target",
    "category",
    "finding",
    "finding_label",
    "finding_labels",
    "dx",
    "y",
];
const CORNERS: [[&str; 4]; 3] = [
    ["x_min", "y_min", "x_max", "y_max"],
    ["left", "top", "right", "bottom"],
    ["x1", "y1", "x2", "y2"],
];
const EXTENTS: [[&str; 4]; 2] = [["x", "y", "width", "height"], ["x", "y", "w", "h"]];
const OPTIONS: [&str; 6] = [
    "option_a", "option_b", "option_c", "option_d", "option_e", "option_f",
];
/// (name of the subgroup, names of columns).
const GROUPS: [(&str, &[&str]); 7] = [
    ("sex", &["sex", "gender", "patient_sex", "patient_gender"]),
    ("age", &["age", "patient_age", "age_approx"]),
    ("view", &["view", "view_position", "projection"]),
    ("site", &["site", "hospital", "institution", "centre", "center"]),
    ("maker", &["manufacturer", "maker", "vendor", "scanner"]),
    ("ethnicity", &["ethnicity", "race"]),
    (
        "location",
        &[
            "location",
            "localization",
            "anatom_site",
            "anatom_site_general",
            "anatom_site_general_challenge",
            "body_part",
        ],
    ),
];

/// What the columns mean.
#[derive(Debug, Default)]
pub(super) struct Roles {
    /// Columns that name the case, the best first.
    pub(super) ids: Vec<(IdKind, usize)>,
    /// The one label, or a list.
    pub(super) label: Option<usize>,
    /// One column a label.
    pub(super) one_hot: Vec<(usize, String)>,
    pub(super) question: Option<usize>,
    pub(super) answer: Option<usize>,
    pub(super) options: Vec<usize>,
    pub(super) split: Option<usize>,
    pub(super) patient: Option<usize>,
    pub(super) modality: Option<usize>,
    pub(super) side: Option<usize>,
    pub(super) source: Option<usize>,
    pub(super) reader: Option<usize>,
    pub(super) context: Option<usize>,
    pub(super) findings: Option<usize>,
    pub(super) slices: Option<usize>,
    /// Four columns, and whether the last two are width and height.
    pub(super) corners: Option<([usize; 4], bool)>,
    pub(super) groups: Vec<(&'static str, usize)>,
    /// Columns that nothing is made of.
    pub(super) unread: Vec<String>,
}

/// Whether a cell says yes, no, uncertain or nothing; `None` for anything else.
pub(super) fn yes_no(cell: &str) -> Option<State> {
    match cell.to_lowercase().as_str() {
        "true" | "yes" | "y" | "t" | "positive" | "present" => Some(State::Present),
        "false" | "no" | "n" | "f" | "negative" | "absent" => Some(State::Absent),
        "uncertain" | "equivocal" => Some(State::Uncertain),
        _ => coded(cell),
    }
}

/// Finds out.
///
/// # Errors
/// [`InputError`] when no column names a case, none is a label, or two could be the same.
pub(super) fn roles(table: &Table<'_>) -> Result<Roles, InputError> {
    let mut roles = Roles::default();
    for (i, name) in table.header.iter().enumerate() {
        let twice = !name.is_empty() && table.header.iter().take(i).any(|other| other == name);
        if twice {
            return Err(table.error(1, format!("two columns are called `{name}`")));
        }
    }
    let mut used = BTreeSet::new();
    let mut take = |names: &[&str]| {
        let column = table.column(names).filter(|column| !used.contains(column));
        used.extend(column);
        column
    };
    for (kind, names) in IDS {
        while let Some(column) = take_one(table, names, &roles.ids) {
            roles.ids.push((kind, column));
        }
    }
    for kind in [IdKind::File, IdKind::Path] {
        let same: Vec<&str> = roles
            .ids
            .iter()
            .filter(|(k, _)| *k == kind)
            .map(|(_, c)| table.header[*c].as_str())
            .collect();
        if let [first, second, ..] = same.as_slice() {
            return Err(table.error(
                1,
                format!("both `{first}` and `{second}` could name the image; leave one, or rename one"),
            ));
        }
    }
    roles.question = take(&["question"]);
    roles.answer = take(&["answer", "answers"]);
    roles.options = take(&["options", "choices"]).into_iter().collect();
    if roles.options.is_empty() {
        roles.options = OPTIONS.iter().map_while(|name| take(&[name])).collect();
    }
    roles.split = take(&["split", "subset", "partition", "dataset_split", "set", "fold"]);
    roles.patient = take(&[
        "patient",
        "patient_id",
        "subject",
        "subject_id",
        "pid",
        "person_id",
        "lesion_id",
    ]);
    roles.modality = take(&["modality"]);
    roles.side = take(&["side", "laterality"]);
    roles.source = take(&["source", "truth_source", "dx_type"]);
    roles.reader = take(&[
        "reader",
        "reader_id",
        "rad_id",
        "rater",
        "annotator",
        "radiologist",
    ]);
    roles.context = take(&[
        "context",
        "history",
        "clinical_history",
        "clinical_information",
        "indication",
    ]);
    roles.slices = take(&["slice", "slices"]);
    roles.corners = CORNERS
        .iter()
        .map(|names| (names, false))
        .chain(EXTENTS.iter().map(|names| (names, true)))
        .find_map(|(names, extent)| Some((columns(table, names)?, extent)));
    if let Some((corners, _)) = roles.corners {
        used.extend(corners);
    }
    for (group, names) in GROUPS {
        if let Some(column) = table.column(names).filter(|column| used.insert(*column)) {
            roles.groups.push((group, column));
        }
    }
    used.extend(roles.ids.iter().map(|(_, column)| *column));
    labels(table, &mut roles, &mut used)?;
    if roles.ids.is_empty() {
        let reason = format!(
            "no column names the case or its image; call one of them case, file, path, study, series or sop (the columns are {})",
            table.header.join(", ")
        );
        return Err(table.error(1, reason));
    }
    let unread = (0..)
        .zip(&table.header)
        .filter(|(i, name)| !used.contains(i) && !name.is_empty());
    roles.unread = unread.map(|(_, name)| name.clone()).collect();
    Ok(roles)
}

/// The first column of these names that is no id yet.
fn take_one(table: &Table<'_>, names: &[&str], taken: &[(IdKind, usize)]) -> Option<usize> {
    names.iter().find_map(|name| {
        let name = plain(name);
        (0..)
            .zip(&table.header)
            .find(|(i, h)| plain(h) == name && !taken.iter().any(|(_, c)| c == i))
            .map(|(i, _)| i)
    })
}

fn columns(table: &Table<'_>, names: &[&str; 4]) -> Option<[usize; 4]> {
    let mut out = [0; 4];
    for (column, name) in out.iter_mut().zip(names) {
        *column = table.column(&[name])?;
    }
    Some(out)
}

fn labels(table: &Table<'_>, roles: &mut Roles, used: &mut BTreeSet<usize>) -> Result<(), InputError> {
    let mut named: Vec<usize> = LABELS
        .iter()
        .filter_map(|name| table.column(&[name]))
        .filter(|c| !used.contains(c))
        .collect();
    named.sort_unstable();
    named.dedup();
    let one_hot: Vec<usize> = (0..table.header.len())
        .filter(|column| !used.contains(column) && !named.contains(column) && is_one_hot(table, *column))
        .collect();
    if let [first, second, ..] = named.as_slice() {
        let reason = format!(
            "both `{}` and `{}` could be the label; leave one, or rename one",
            table.header[*first], table.header[*second]
        );
        return Err(table.error(1, reason));
    }
    // A long text beside the label is what was found in words; alone, it is the label.
    let words = table
        .column(&["findings"])
        .filter(|column| !used.contains(column));
    roles.label = named.first().copied();
    let has_other = roles.label.is_some() || !one_hot.is_empty() || roles.answer.is_some();
    if has_other {
        roles.findings = words;
    } else {
        roles.label = words;
    }
    if roles.findings.is_none() {
        roles.findings = table
            .column(&["report", "report_text"])
            .filter(|column| !used.contains(column));
    }
    if roles.label.is_none() && roles.answer.is_none() {
        roles.one_hot = one_hot
            .iter()
            .map(|column| (*column, table.header[*column].clone()))
            .collect();
        used.extend(one_hot);
    }
    used.extend(roles.label);
    used.extend(roles.findings);
    if roles.label.is_none() && roles.one_hot.is_empty() && roles.answer.is_none() {
        let reason = format!(
            "no column is a label; call one of them label, or give columns of 1, 0, -1 and blank (the columns are {})",
            table.header.join(", ")
        );
        return Err(table.error(1, reason));
    }
    Ok(())
}

/// Every value is yes, no, uncertain or blank, and some are not blank; an index has no name or `Unnamed: 0`.
fn is_one_hot(table: &Table<'_>, column: usize) -> bool {
    let name = plain(&table.header[column]);
    if name.is_empty()
        || name.starts_with("unnamed")
        || ["index", "row", "no", "nr", "number"].contains(&name.as_str())
    {
        return false;
    }
    let mut some = false;
    for row in &table.rows {
        match yes_no(row.get(column)) {
            Some(State::Blank) => {}
            Some(_) => some = true,
            None => return false,
        }
    }
    some
}
