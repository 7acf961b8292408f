//! A folder a class: `root/[split/]class/file`, the form of most small public sets. The path is the answer, so that it never
//! reaches a prompt and is never shown in blind mode; case ids are the paths, since names of files repeat across classes.

use std::collections::{BTreeMap, BTreeSet};

use super::cases::{Cases, counted, note, split, stem};
use super::table::plain;
use super::{Format, Imported, Key};
use crate::case_set::Task;
use crate::error::InputError;

const PICTURES: [&str; 7] = ["png", "jpg", "jpeg", "bmp", "tif", "tiff", "dcm"];

/// Brings the paths of a folder's files, relative to it, to cases.
///
/// # Errors
/// [`InputError`] when no file lies in a class.
pub fn import(root: &str, paths: &[&str]) -> Result<Imported, InputError> {
    let mut other = BTreeMap::<String, usize>::new();
    let (mut masks, mut hidden) = (0, 0);
    let mut kept: Vec<Vec<&str>> = Vec::new();
    for path in paths {
        let parts: Vec<&str> = path
            .split(['/', '\\'])
            .filter(|part| !part.is_empty() && *part != ".")
            .collect();
        let Some(name) = parts.last() else {
            continue;
        };
        let extension = name
            .rsplit_once('.')
            .map(|(_, tail)| tail.to_lowercase())
            .unwrap_or_default();
        if parts
            .iter()
            .any(|part| part.starts_with('.') || *part == "__MACOSX")
        {
            hidden += 1;
        } else if !PICTURES.contains(&extension.as_str()) {
            *other.entry(extension).or_default() += 1;
        } else if is_mask(stem(name)) {
            masks += 1;
        } else {
            kept.push(parts);
        }
    }
    kept.sort_unstable();
    let shared = shared_folders(&kept);
    let mut cases = Cases::default();
    let mut labels = BTreeSet::new();
    let (mut loose, mut deeper, mut sets) = (0, 0, BTreeSet::new());
    for parts in &kept {
        let Some(place) = place(parts.get(shared..).unwrap_or_default()) else {
            loose += 1;
            continue;
        };
        let path = parts.join("/");
        let case = cases.at(&path, || path.clone());
        case.key(Key::Path(path.clone()));
        case.label(place.class);
        place.split.clone_into(&mut case.case.split);
        case.group("set", place.set);
        sets.insert(place.set);
        labels.insert(place.class.to_owned());
        deeper += usize::from(place.is_deeper);
    }
    if cases.len() == 0 {
        return Err(InputError::new(
            root,
            1,
            "no picture lies in a folder of its class; `class/file` or `split/class/file` is what is read",
        ));
    }
    let mut notes = vec![
        "The folder's name is taken as the truth; who set it, and from what, is not known from the files.".to_owned(),
        "Nothing says which pictures are of one patient: intervals are too narrow, and splits may share patients, where there are several of \
         one."
            .to_owned(),
    ];
    note(
        &mut notes,
        loose,
        ["picture", "pictures"],
        "in no class left out.",
    );
    note(
        &mut notes,
        masks,
        ["picture", "pictures"],
        "left out: by the name, masks.",
    );
    note(&mut notes, hidden, ["hidden file", "hidden files"], "left out.");
    for (extension, n) in &other {
        let what = if extension.is_empty() {
            "without an extension".to_owned()
        } else {
            format!("of the kind .{extension}")
        };
        notes.push(format!("{} {what} left out.", counted(*n, "file", "files")));
    }
    note(
        &mut notes,
        deeper,
        ["picture lies", "pictures lie"],
        "in folders below a class; if these are patients, fill `patient` in.",
    );
    if sets.len() > 1 {
        notes.push("There are several sets in this folder: the group `set` tells them apart.".to_owned());
    }
    notes.extend(look_alikes(&labels));
    note(
        &mut notes,
        augmented(&mut cases),
        ["picture seems", "pictures seem"],
        "to be made of another one (turned, mirrored), by the name.",
    );
    Ok(Imported {
        format: Format::ClassFolders,
        task: Task::Closed,
        labels: labels.into_iter().collect(),
        cases: cases.into_list(),
        notes,
    })
}

/// How many folders all paths begin with, the folder of the class left.
fn shared_folders(kept: &[Vec<&str>]) -> usize {
    let Some(first) = kept.first() else {
        return 0;
    };
    let mut shared = 0;
    while let Some(folder) = first.get(shared) {
        let all = kept
            .iter()
            .all(|parts| parts.len() > shared + 2 && parts[shared] == *folder);
        if !all || split(folder).is_some() {
            break;
        }
        shared += 1;
    }
    shared
}

struct Place<'p> {
    class: &'p str,
    split: &'static str,
    set: &'p str,
    is_deeper: bool,
}

fn place<'p>(parts: &[&'p str]) -> Option<Place<'p>> {
    let folders = parts.get(..parts.len().checked_sub(1)?)?;
    let at = |i: usize| folders.get(i).copied();
    let (set, of_split, class, used) = match (at(0)?, at(1), at(2)) {
        (first, Some(class), _) if split(first).is_some() => ("", split(first), class, 2),
        (first, None, _) if split(first).is_some() => return None,
        (set, Some(second), Some(class)) if split(second).is_some() => (set, split(second), class, 3),
        (class, Some(second), None) if split(second).is_some() => ("", split(second), class, 2),
        (class, _, _) => ("", None, class, 1),
    };
    Some(Place {
        class: class.trim(),
        split: of_split.unwrap_or_default(),
        set,
        is_deeper: folders.len() > used,
    })
}

/// `mask.png`, `benign (1)_mask.png`, `benign (1)_mask_1.png`.
fn is_mask(stem: &str) -> bool {
    let lower = stem.to_lowercase();
    let lower = lower
        .trim_end_matches(|c: char| c.is_ascii_digit())
        .trim_end_matches('_');
    lower == "mask" || lower.ends_with("_mask") || lower.ends_with("-mask")
}

fn look_alikes(labels: &BTreeSet<String>) -> Option<String> {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for label in labels {
        if let Some(other) = seen.insert(plain(label), label) {
            return Some(format!(
                "The classes `{other}` and `{label}` differ in capitals or signs alone; they are kept apart."
            ));
        }
    }
    None
}

fn augmented(cases: &mut Cases) -> usize {
    let is = |case: &super::ImportedCase| {
        let name = stem(&case.case.id).to_lowercase();
        name.split(|c: char| !c.is_ascii_alphabetic())
            .any(|word| ["aug", "augmented", "flip", "flipped", "rotated", "rot"].contains(&word))
    };
    cases.all().iter().filter(|case| is(case)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(paths: &[&str]) -> Imported {
        import("root", paths).expect("reads")
    }

    #[test]
    fn stems_repeat_across_classes() {
        let set = read(&["NORMAL/1.png", "PNEUMONIA/2.dcm", "PNEUMONIA /1.png"]);
        let ids: Vec<&str> = set.cases.iter().map(|case| case.case.id.as_str()).collect();
        assert_eq!(ids, ["NORMAL/1.png", "PNEUMONIA/2.dcm", "PNEUMONIA /1.png"]);
        assert_eq!(set.labels, ["NORMAL", "PNEUMONIA"], "trimmed, capitals kept");
        assert_eq!(set.cases[2].keys, [Key::Path("PNEUMONIA /1.png".into())]);
    }

    #[test]
    fn every_name_of_a_split_is_known() {
        for (folder, split) in [
            ("train", "train"),
            ("val", "validation"),
            ("VALID", "validation"),
            ("Validation", "validation"),
            ("Test", "test"),
        ] {
            let set = read(&[
                &format!("chest_xray/{folder}/NORMAL/a.jpeg"),
                &format!("chest_xray/{folder}/sick/b.jpeg"),
            ]);
            assert_eq!(
                (set.cases[0].case.split.as_str(), set.labels.len()),
                (split, 2),
                "{folder}"
            );
        }
        let turned = read(&["NORMAL/train/a.png", "sick/test/a.png"]);
        assert_eq!(
            (
                turned.cases[1].case.split.as_str(),
                turned.cases[1].case.truth.labels[0].as_str()
            ),
            ("test", "sick")
        );
        assert_eq!(read(&["train/a/1.png"]).labels, ["a"]);
    }

    /// As the public sets of the six diseases of arXiv 2512.23304 may come; which ones the paper used is not known.
    #[test]
    fn sets_of_six_diseases_lie_side_by_side() {
        let set = read(&[
            "skin/train/Melanoma/a.jpg",
            "skin/test/Nevus/a.jpg",
            "dementia/train/Mild Demented/b.jpg",
            "dementia/test/Non Demented/b.jpg",
            "breast/train/benign/benign (1).png",
            "breast/train/benign/benign (1)_mask.png",
            "breast/test/malignant/malignant (1)_mask_1.png",
            "heart/test/Normal/c.png",
            "pneumonia/val/PNEUMONIA/d.jpeg",
            "kidney/test/Stone/Stone- (1).jpg",
            "kidney/test/README.txt",
        ]);
        assert_eq!(
            set.labels,
            [
                "Melanoma",
                "Mild Demented",
                "Nevus",
                "Non Demented",
                "Normal",
                "PNEUMONIA",
                "Stone",
                "benign"
            ]
        );
        let kidney = set
            .cases
            .iter()
            .find(|case| case.case.id.starts_with("kidney"))
            .expect("there");
        assert_eq!(
            (kidney.case.groups["set"].as_str(), kidney.case.split.as_str()),
            ("kidney", "test")
        );
        assert!(
            set.notes
                .iter()
                .any(|note| note == "2 pictures left out: by the name, masks."),
            "{:?}",
            set.notes
        );
        assert!(
            set.notes
                .iter()
                .any(|note| note == "1 file of the kind .txt left out.")
        );
        assert!(set.notes[0].contains("not known"));
    }

    #[test]
    fn what_is_no_class_is_left_out_and_said() {
        let set = read(&[
            "a/1.png",
            "b/x/2.png",
            "b/rot_3.png",
            "A/4.png",
            "loose.png",
            ".DS_Store",
            "a/.DS_Store",
        ]);
        let said = |text: &str| {
            assert!(
                set.notes.iter().any(|note| note.starts_with(text)),
                "{text}: {:?}",
                set.notes
            )
        };
        said("1 picture in no class");
        said("2 hidden files");
        said("1 picture lies in folders below a class");
        said("The classes `A` and `a` differ");
        said("1 picture seems to be made of another one");
        assert!(import("root", &["a.png"]).is_err());
        assert!(import("root", &[]).is_err());
    }
}
