//! What is a kind of what: a table `child,parent`, and how near two terms are.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::normalise::term;
use super::synonyms::{Synonyms, two_columns, version};
use crate::error::InputError;

/// How what was said stands to what is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// The same words.
    Exact,
    /// A synonym.
    Synonym,
    /// Said more exactly than the truth: a kind of it.
    Descendant,
    /// Said less exactly: the truth is a kind of it.
    Ancestor,
    /// Another kind of the same.
    Sibling,
    /// None of these.
    Unrelated,
}

/// A row of a table, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kinship {
    /// The kind.
    pub child: String,
    /// What it is a kind of.
    pub parent: String,
    /// Line, from 1.
    pub line: u64,
}

/// A table of kinds, checked by itself. Terms of several parents are allowed.
#[derive(Clone, Debug, Default)]
pub struct Hierarchy {
    rows: Vec<Kinship>,
    name: String,
}

/// Steps up that are followed; a deeper table is refused.
const DEEPEST: usize = 64;
/// Terms above one term that are followed.
const MOST_ABOVE: usize = 512;

impl Hierarchy {
    /// Reads a table: CSV with a header that has `child` and `parent`.
    ///
    /// # Errors
    /// [`InputError`] with the line: a missing column or cell, a term above itself, more than 64 steps.
    pub fn read(file: &str, text: &str) -> Result<Self, InputError> {
        let table = two_columns(file, text, ["child", "parent"])?;
        let key = |text: &str| term(text).words.join(" ");
        let mut tree = Tree::default();
        let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
        let mut number = |name: String| {
            let next = numbers.len();
            *numbers.entry(name).or_insert(next)
        };
        let mut rows = Vec::with_capacity(table.len());
        for row in table {
            let (child, parent) = (number(key(&row.first)), number(key(&row.second)));
            let above = tree.above(parent);
            if above.len() > MOST_ABOVE {
                let reason = format!("more than {MOST_ABOVE} terms stand above `{}`", row.second);
                return Err(InputError::new(file, row.line, reason));
            }
            if child == parent || above.contains(&child) {
                let reason = format!(
                    "`{}` cannot stand below `{}`: it would stand above itself",
                    row.first, row.second
                );
                return Err(InputError::new(file, row.line, reason));
            }
            tree.add(child, parent);
            rows.push(Kinship {
                child: row.first,
                parent: row.second,
                line: row.line,
            });
        }
        if let Some(depth) = tree.depth_over(DEEPEST) {
            let reason = format!("more than {DEEPEST} steps lead up from one of its terms ({depth})");
            return Err(InputError::new(file, 1, reason));
        }
        Ok(Self {
            rows,
            name: file.to_owned(),
        })
    }

    /// The rows, in order.
    pub fn rows(&self) -> &[Kinship] {
        &self.rows
    }

    /// Name and hash of what the table says, the same for the same rows in any order. Empty without rows.
    pub fn version(&self) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let key = |text: &str| term(text).words.join(" ");
        version(
            &self.name,
            self.rows.iter().map(|r| [key(&r.child), key(&r.parent)]),
        )
    }
}

/// Parents by number. It is kept free of circles by whoever adds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    parents: Vec<Vec<usize>>,
}

impl Tree {
    pub(crate) fn add(&mut self, child: usize, parent: usize) {
        let most = child.max(parent) + 1;
        if self.parents.len() < most {
            self.parents.resize_with(most, Vec::new);
        }
        if let Some(own) = self.parents.get_mut(child)
            && !own.contains(&parent)
        {
            own.push(parent);
        }
    }

    /// The parents of a term.
    pub(crate) fn parents(&self, of: usize) -> &[usize] {
        self.parents.get(of).map_or(&[], Vec::as_slice)
    }

    /// All that stands above a term, nearest first.
    pub(crate) fn above(&self, of: usize) -> Vec<usize> {
        let mut out: Vec<usize> = self.parents(of).to_vec();
        let mut seen: std::collections::BTreeSet<usize> = out.iter().copied().collect();
        let mut at = 0;
        while let Some(&next) = out.get(at) {
            for &parent in self.parents(next) {
                if seen.insert(parent) {
                    out.push(parent);
                }
            }
            at += 1;
        }
        out
    }

    /// How what was said stands to what is true, both as numbers; the same number is [`Level::Synonym`].
    pub(crate) fn level(&self, said: usize, truth: usize) -> Level {
        if said == truth {
            Level::Synonym
        } else if self.above(said).contains(&truth) {
            Level::Descendant
        } else if self.above(truth).contains(&said) {
            Level::Ancestor
        } else if self.parents(said).iter().any(|p| self.parents(truth).contains(p)) {
            Level::Sibling
        } else {
            Level::Unrelated
        }
    }

    /// The number of steps above some term, when there are more than `most`.
    fn depth_over(&self, most: usize) -> Option<usize> {
        let mut depth = vec![0_usize; self.parents.len()];
        // Circles are excluded, so a pass that changes nothing comes after at most the depth.
        for pass in 0..=most {
            let mut changed = false;
            for (child, parents) in self.parents.iter().enumerate() {
                let own = parents
                    .iter()
                    .filter_map(|p| depth.get(*p))
                    .max()
                    .map_or(0, |d| d + 1);
                if let Some(old) = depth.get_mut(child).filter(|old| **old < own) {
                    *old = own;
                    changed = true;
                }
            }
            if !changed {
                return None;
            }
            if pass == most {
                break;
            }
        }
        depth.into_iter().max().filter(|d| *d > most)
    }
}

/// Both tables together form no circle: a term must not stand below its own synonym.
///
/// # Errors
/// [`InputError`] with the line of the hierarchy.
pub fn agree(file: &str, hierarchy: &Hierarchy, synonyms: &Synonyms) -> Result<(), InputError> {
    let key = |text: &str| term(text).words.join(" ");
    let owner: BTreeMap<String, String> = synonyms
        .rows()
        .iter()
        .map(|r| (key(&r.synonym), key(&r.term)))
        .collect();
    let root = |text: &str| {
        let mut at = key(text);
        while let Some(up) = owner.get(&at) {
            at.clone_from(up);
        }
        at
    };
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    let mut tree = Tree::default();
    for row in &hierarchy.rows {
        let next = numbers.len();
        let child = *numbers.entry(root(&row.child)).or_insert(next);
        let next = numbers.len();
        let parent = *numbers.entry(root(&row.parent)).or_insert(next);
        if child == parent || tree.above(parent).contains(&child) {
            let reason = format!(
                "`{}` stands below `{}`, and the synonyms make it stand above itself",
                row.child, row.parent
            );
            return Err(InputError::new(file, row.line, reason));
        }
        tree.add(child, parent);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinship_is_told() {
        let mut tree = Tree::default();
        // 0 opacity: 1 consolidation, 2 nodule; 1: 3 lobar.
        for (child, parent) in [(1, 0), (2, 0), (3, 1)] {
            tree.add(child, parent);
        }
        for (said, truth, level) in [
            (1, 1, Level::Synonym),
            (3, 0, Level::Descendant),
            (0, 3, Level::Ancestor),
            (1, 2, Level::Sibling),
            (3, 2, Level::Unrelated),
            (9, 0, Level::Unrelated),
        ] {
            assert_eq!(tree.level(said, truth), level, "{said} {truth}");
        }
    }

    #[test]
    fn circles_are_refused() {
        let error = Hierarchy::read(
            "h",
            "child,parent\nlobar,pneumonia\npneumonia,opacity\nopacity,lobar\n",
        )
        .unwrap_err();
        assert!(
            error.line == 4 && error.reason.contains("above itself"),
            "{error}"
        );
        assert!(Hierarchy::read("h", "child,parent\nmass,masses\n").is_err());
        let two = Hierarchy::read("h", "child,parent\nlobar,pneumonia\nlobar,consolidation\n").unwrap();
        assert_eq!(two.rows().len(), 2);
        assert!(two.version().starts_with("h:"));
        let synonyms = Synonyms::read("s", "term,synonym\nlobar,pneumonia\n").unwrap();
        assert!(agree("h", &two, &synonyms).is_err());
    }

    #[test]
    fn a_table_that_is_too_deep_is_refused() {
        let mut text = String::from("child,parent\n");
        for i in 0..80 {
            text.push_str(&format!("x{i},x{}\n", i + 1));
        }
        assert!(
            Hierarchy::read("h", &text)
                .unwrap_err()
                .reason
                .contains("64 steps")
        );
    }
}
