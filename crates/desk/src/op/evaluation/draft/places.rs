//! Where the images of a truth table's rows lie: by path, name, folder or UID.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use overread_dicom::DisplaySet;
use overread_evaluation::case_set::ImageSpec;
use overread_evaluation::import::Key;

use crate::op::gather::Gathered;

/// Parts of a path that must agree where folders above are called otherwise: patient, study and image.
const AGREE: usize = 3;
/// Most single pictures of one case.
const MOST_PICTURES: usize = 256;

/// A file that can be an image of a case.
#[derive(Debug)]
struct File {
    path: PathBuf,
    /// Below the folder, in small letters, its own name first.
    parts: Vec<String>,
    /// SOP Instance UID; empty for plain pictures.
    instance: String,
    /// Display sets with frames of it.
    sets: Vec<usize>,
}

/// What lies in a folder, to be looked up.
#[derive(Debug)]
pub(super) struct Places {
    files: Vec<File>,
    sets: Vec<Arc<DisplaySet>>,
    /// Files of each set.
    of_set: Vec<Vec<usize>>,
    by_name: BTreeMap<String, Vec<usize>>,
    by_stem: BTreeMap<String, Vec<usize>>,
    /// By the last part of a folder's name: the first and last of its files.
    by_folder: BTreeMap<String, BTreeMap<Vec<String>, (usize, usize)>>,
    by_instance: BTreeMap<String, usize>,
    by_series: BTreeMap<String, Vec<usize>>,
    by_study: BTreeMap<String, Vec<usize>>,
}

/// Images of a row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Hit {
    pub(super) images: Vec<ImageSpec>,
    /// Files of them.
    pub(super) files: Vec<usize>,
    /// Series that lie there as well and were not taken.
    pub(super) left: usize,
}

/// Why a row has no images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Miss {
    /// Nothing is called so.
    Nothing,
    /// This many are.
    Several(usize),
}

impl Places {
    /// `root` is the folder that was looked through.
    pub(super) fn new(root: &Path, gathered: &Gathered) -> Self {
        let sets = gathered.display_sets();
        let mut found: BTreeMap<PathBuf, (String, BTreeSet<usize>)> = BTreeMap::new();
        for (at, set) in sets.iter().enumerate() {
            for frame in &set.frames {
                let entry = found
                    .entry(frame.header.path.clone())
                    .or_insert_with(|| (frame.header.sop_uid.clone(), BTreeSet::new()));
                entry.1.insert(at);
            }
        }
        for path in gathered.pictures.iter().chain(&gathered.copies) {
            found.entry(path.clone()).or_default();
        }
        let mut places = Self {
            files: Vec::with_capacity(found.len()),
            of_set: vec![Vec::new(); sets.len()],
            sets,
            by_name: BTreeMap::new(),
            by_stem: BTreeMap::new(),
            by_folder: BTreeMap::new(),
            by_instance: BTreeMap::new(),
            by_series: BTreeMap::new(),
            by_study: BTreeMap::new(),
        };
        for (path, (instance, sets)) in found {
            places.add(root, path, instance, sets);
        }
        for (at, set) in places.sets.iter().enumerate() {
            places
                .by_series
                .entry(set.series_uid.clone())
                .or_default()
                .push(at);
            places.by_series.entry(set.id.clone()).or_default().push(at);
            places.by_study.entry(set.study_uid.clone()).or_default().push(at);
        }
        places
    }

    fn add(&mut self, root: &Path, path: PathBuf, instance: String, sets: BTreeSet<usize>) {
        let at = self.files.len();
        let below = path
            .strip_prefix(root)
            .ok()
            .filter(|below| below.components().next().is_some());
        let top = root.file_name().filter(|_| below.is_some());
        let mut parts: Vec<String> = top
            .into_iter()
            .chain(
                below
                    .unwrap_or(&path)
                    .components()
                    .map(std::path::Component::as_os_str),
            )
            .map(|part| part.to_string_lossy().to_lowercase())
            .collect();
        parts.reverse();
        if let Some(name) = parts.first() {
            self.by_stem.entry(stem(name).to_owned()).or_default().push(at);
            self.by_name.entry(name.clone()).or_default().push(at);
        }
        for depth in 1..parts.len() {
            // Files come in the order of their paths: those of a folder follow each other.
            let range = self
                .by_folder
                .entry(parts[depth].clone())
                .or_default()
                .entry(parts[depth..].to_vec())
                .or_insert((at, at));
            range.1 = at;
        }
        if !instance.is_empty() {
            self.by_instance.insert(instance.clone(), at);
        }
        for set in &sets {
            self.of_set[*set].push(at);
        }
        self.files.push(File {
            path,
            parts,
            instance,
            sets: sets.into_iter().collect(),
        });
    }

    /// The number of files.
    pub(super) fn len(&self) -> usize {
        self.files.len()
    }

    /// A file's path.
    pub(super) fn path(&self, file: usize) -> &Path {
        &self.files[file].path
    }

    /// The display set of an image that was found.
    pub(super) fn set_of(&self, file: usize) -> Option<&Arc<DisplaySet>> {
        self.files[file].sets.first().and_then(|set| self.sets.get(*set))
    }

    /// The images that a row names: the first of its keys that names some.
    ///
    /// # Errors
    /// [`Miss`]: of several keys the one that came nearest.
    pub(super) fn find(&self, keys: &[Key]) -> Result<Hit, Miss> {
        let mut miss = Miss::Nothing;
        for key in keys {
            match self.find_one(key) {
                Ok(hit) => return Ok(hit),
                Err(Miss::Several(n)) => miss = Miss::Several(n),
                Err(Miss::Nothing) => {}
            }
        }
        Err(miss)
    }

    fn find_one(&self, key: &Key) -> Result<Hit, Miss> {
        match key {
            Key::Path(path) => self.by_path(path),
            Key::Stem(text) => {
                let text = text.trim().to_lowercase();
                let named = self.by_name.get(&text).or_else(|| self.by_stem.get(&text));
                self.one_file(named.map_or(&[], Vec::as_slice))
            }
            Key::Folder(name) => {
                let folders = self.by_folder.get(&name.trim().to_lowercase());
                self.one_folder(folders.into_iter().flatten().map(|(_, range)| *range).collect())
            }
            Key::Instance(uid) => match self.by_instance.get(uid.trim()) {
                Some(file) => self.one_file(&[*file]),
                None => Err(Miss::Nothing),
            },
            Key::Series(uid) => self.of_sets(self.by_series.get(uid.trim())),
            Key::Study(uid) => self.of_sets(self.by_study.get(uid.trim())),
        }
    }

    /// A path, or the end of one, of a file or else a folder.
    fn by_path(&self, path: &str) -> Result<Hit, Miss> {
        let mut parts: Vec<String> = path
            .trim()
            .replace('\\', "/")
            .split('/')
            .filter(|part| !part.is_empty() && *part != ".")
            .map(str::to_lowercase)
            .collect();
        parts.reverse();
        let Some(name) = parts.first() else {
            return Err(Miss::Nothing);
        };
        let named = self.by_name.get(name).map_or(&[] as &[usize], Vec::as_slice);
        let agreed: Vec<(usize, usize)> = named
            .iter()
            .filter_map(|file| agree(&parts, &self.files[*file].parts).map(|n| (n, *file)))
            .collect();
        if let Some(most) = agreed.iter().map(|(n, _)| *n).max() {
            let best: Vec<usize> = agreed
                .iter()
                .filter(|(n, _)| *n == most)
                .map(|(_, f)| *f)
                .collect();
            return self.one_file(&best);
        }
        let folders = self.by_folder.get(name).into_iter().flatten();
        self.one_folder(
            folders
                .filter(|(folder, _)| agree(&parts, folder).is_some())
                .map(|(_, range)| *range)
                .collect(),
        )
    }

    fn one_file(&self, files: &[usize]) -> Result<Hit, Miss> {
        match files {
            [] => Err(Miss::Nothing),
            [file] => Ok(Hit {
                images: vec![self.image(*file)],
                files: vec![*file],
                left: 0,
            }),
            // Files of one name that make one series are that series: `IM/0001`, `IM/0002` have several, a zip has none.
            several => Err(Miss::Several(several.len())),
        }
    }

    /// A file by itself.
    fn image(&self, at: usize) -> ImageSpec {
        let file = &self.files[at];
        let path = file.path.to_string_lossy().into_owned();
        match file.sets.as_slice() {
            // All of its set: found again by the set's id.
            [set] if self.of_set[*set].len() == 1 && self.alone(*set) => ImageSpec {
                path,
                series: self.sets[*set].id.clone(),
                ..ImageSpec::default()
            },
            [_] => ImageSpec {
                path,
                instance: file.instance.clone(),
                ..ImageSpec::default()
            },
            // A picture; or a file whose frames make several sets, of which the largest is meant.
            _ => ImageSpec {
                path,
                ..ImageSpec::default()
            },
        }
    }

    /// The only set of its series.
    fn alone(&self, set: usize) -> bool {
        self.by_series
            .get(&self.sets[set].series_uid)
            .is_some_and(|sets| sets.len() == 1)
    }

    /// A file of a series becomes the series.
    pub(super) fn widen(&self, hit: &mut Hit) {
        let [file] = hit.files.as_slice() else { return };
        if let [set] = self.files[*file].sets.as_slice()
            && self.of_set[*set].len() > 1
        {
            hit.images = vec![self.series(*set)];
            hit.files.clone_from(&self.of_set[*set]);
        }
    }

    fn one_folder(&self, ranges: Vec<(usize, usize)>) -> Result<Hit, Miss> {
        // A folder within another of the same name is part of it.
        let outer: Vec<(usize, usize)> = ranges
            .iter()
            .filter(|a| !ranges.iter().any(|b| b != *a && b.0 <= a.0 && a.1 <= b.1))
            .copied()
            .collect();
        match outer.as_slice() {
            [] => Err(Miss::Nothing),
            [(first, last)] => {
                let files: Vec<usize> = (*first..=*last).collect();
                let sets: BTreeSet<usize> = files
                    .iter()
                    .flat_map(|f| self.files[*f].sets.iter().copied())
                    .collect();
                if sets.is_empty() {
                    return self.pictures(&files);
                }
                self.of_sets(Some(&sets.into_iter().collect()))
            }
            several => Err(Miss::Several(several.len())),
        }
    }

    fn pictures(&self, files: &[usize]) -> Result<Hit, Miss> {
        if files.len() > MOST_PICTURES {
            return Err(Miss::Several(files.len()));
        }
        Ok(Hit {
            images: files.iter().map(|file| self.image(*file)).collect(),
            files: files.to_vec(),
            left: 0,
        })
    }

    /// The series with most images; all of them where each is a single image (the views of a radiograph).
    fn of_sets(&self, sets: Option<&Vec<usize>>) -> Result<Hit, Miss> {
        let sets = sets.map_or(&[] as &[usize], Vec::as_slice);
        let frames = |set: &usize| self.sets[*set].frames.len();
        let Some(largest) = sets.iter().rev().max_by_key(|set| frames(set)) else {
            return Err(Miss::Nothing);
        };
        let taken: Vec<usize> = if frames(largest) > 1 {
            vec![*largest]
        } else {
            sets.to_vec()
        };
        if taken.len() > MOST_PICTURES {
            return Err(Miss::Several(taken.len()));
        }
        let files: BTreeSet<usize> = sets
            .iter()
            .flat_map(|set| self.of_set[*set].iter().copied())
            .collect();
        Ok(Hit {
            images: taken.iter().map(|set| self.series(*set)).collect(),
            files: files.into_iter().collect(),
            left: sets.len() - taken.len(),
        })
    }

    /// A display set by the smallest folder that holds its series.
    fn series(&self, set: usize) -> ImageSpec {
        let of_series = self.by_series.get(&self.sets[set].series_uid);
        let mut files = of_series
            .into_iter()
            .flatten()
            .flat_map(|set| &self.of_set[*set])
            .map(|f| self.path(*f));
        let mut path = files.next().map(Path::to_path_buf).unwrap_or_default();
        for file in files {
            while !file.starts_with(&path) {
                if !path.pop() {
                    break;
                }
            }
        }
        ImageSpec {
            path: path.to_string_lossy().into_owned(),
            series: self.sets[set].id.clone(),
            ..ImageSpec::default()
        }
    }
}

/// Parts that agree, both from their ends: all of one of them, or enough to tell a patient's image.
fn agree(asked: &[String], there: &[String]) -> Option<usize> {
    let same = asked.iter().zip(there).take_while(|(a, b)| a == b).count();
    let below = there.len().saturating_sub(1).max(1);
    (same >= asked.len() || same >= below || same >= AGREE).then_some(same)
}

fn stem(name: &str) -> &str {
    name.rsplit_once('.')
        .map_or(name, |(stem, _)| if stem.is_empty() { name } else { stem })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(files: &[&str]) -> Places {
        let gathered = Gathered {
            pictures: files.iter().map(|f| Path::new("/data/set").join(f)).collect(),
            ..Gathered::default()
        };
        Places::new(Path::new("/data/set"), &gathered)
    }

    fn found(places: &Places, key: Key) -> Result<Vec<String>, Miss> {
        let hit = places.find(&[key])?;
        Ok(hit
            .images
            .iter()
            .map(|i| i.path.replacen("/data/set/", "", 1))
            .collect())
    }

    #[test]
    fn a_path_matches_as_far_as_both_go() {
        let places = places(&[
            "train/patient1/study1/view1.jpg",
            "train/patient1/study2/view1.jpg",
            "train/patient2/study1/view1.jpg",
        ]);
        let path = |text: &str| found(&places, Key::Path(text.to_owned()));
        let first = Ok(vec!["train/patient1/study1/view1.jpg".to_owned()]);
        assert_eq!(path("CheXpert-v1.0-small/train/patient1/study1/view1.jpg"), first);
        assert_eq!(path("patient1\\study1\\VIEW1.jpg"), first);
        assert_eq!(path("/set/train/patient1/study1/view1.jpg"), first);
        assert_eq!(
            path("valid/patient1/study1/view1.jpg"),
            first,
            "three parts tell a patient's image"
        );
        assert_eq!(
            path("patient3/study1/view1.jpg"),
            Err(Miss::Nothing),
            "another patient's"
        );
        assert_eq!(path("view1.jpg"), Err(Miss::Several(3)));
        assert_eq!(
            path("patient1/study2"),
            Ok(vec!["train/patient1/study2/view1.jpg".to_owned()])
        );
        assert_eq!(path(""), Err(Miss::Nothing));
    }

    #[test]
    fn names_and_folders_match_once_or_not_at_all() {
        let places = places(&[
            "a/0012.png",
            "b/0012.png",
            "b/x.y.png",
            "p10/p1001/s5/a.png",
            "p10/p1001/s5/b.png",
        ]);
        let stem = |text: &str| found(&places, Key::Stem(text.to_owned()));
        assert_eq!(stem("x.y"), Ok(vec!["b/x.y.png".to_owned()]));
        assert_eq!(stem("X.Y.PNG"), Ok(vec!["b/x.y.png".to_owned()]));
        assert_eq!(stem("0012"), Err(Miss::Several(2)));
        assert_eq!(stem("12"), Err(Miss::Nothing), "leading zeros count");
        let folder = |text: &str| found(&places, Key::Folder(text.to_owned()));
        assert_eq!(folder("s5").map(|f| f.len()), Ok(2));
        assert_eq!(folder("p1001").map(|f| f.len()), Ok(2));
        assert_eq!(folder("set").map(|f| f.len()), Ok(5), "the folder itself");
        assert_eq!(folder("s50"), Err(Miss::Nothing));
    }

    #[test]
    fn the_first_key_that_names_one_counts() {
        let places = places(&["a/1.png", "b/1.png", "b/2.png"]);
        let keys = [Key::Stem("1".into()), Key::Path("b/1.png".into())];
        assert_eq!(places.find(&keys).map(|hit| hit.files), Ok(vec![1]));
        assert_eq!(places.find(&keys[..1]), Err(Miss::Several(2)));
        assert_eq!(places.len(), 3);
    }
}
