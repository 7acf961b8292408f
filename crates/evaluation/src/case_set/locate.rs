//! Which line of a case-set file a fault is on. Only looked for once there is one.

use super::rules::Step;

/// The line (from 1) of the deepest part of `path` that the text has; 1 when it has none.
pub(super) fn line_of(text: &str, path: &[Step]) -> u64 {
    use toml::de::{DeTable, DeValue};
    let Ok(root) = DeTable::parse(text) else {
        return 1;
    };
    let mut at = 0;
    let mut value: Option<&DeValue<'_>> = None;
    for step in path {
        let next = match (step, value) {
            (Step::Key(key), None) => root.get_ref().get(*key),
            (Step::Key(key), Some(inside)) => inside.get(*key),
            (Step::Index(index), Some(inside)) => inside.get(*index),
            (Step::Index(_), None) => None,
        };
        let Some(next) = next else {
            break;
        };
        at = next.span().start;
        value = Some(next.get_ref());
    }
    line_at(text, at)
}

/// The line (from 1) that byte `at` is on.
pub(super) fn line_at(text: &str, at: usize) -> u64 {
    let head = text.as_bytes().get(..at).unwrap_or(text.as_bytes());
    head.iter().filter(|byte| **byte == b'\n').count() as u64 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deepest_part_that_is_there_counts() {
        let text = "format = \"x\"\n\n[[cases]]\nid = \"a\"\n\n[[cases]]\nid = \"b\"\ntruth.labels = [\n \"x\",\n \"y\"]\n";
        let cases = |index| vec![Step::Key("cases"), Step::Index(index)];
        assert_eq!(line_of(text, &cases(1)), 6);
        assert_eq!(line_of(text, &[cases(1), vec![Step::Key("id")]].concat()), 7);
        let label = [
            cases(1),
            vec![Step::Key("truth"), Step::Key("labels"), Step::Index(1)],
        ]
        .concat();
        assert_eq!(line_of(text, &label), 10);
        assert_eq!(line_of(text, &[cases(1), vec![Step::Key("patient")]].concat()), 6);
        assert_eq!(line_of(text, &[Step::Key("nothing")]), 1);
    }
}
