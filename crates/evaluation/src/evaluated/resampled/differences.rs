//! Differences and agreement of two readers, resampled.

use super::statistics::{Places, head, named};
use super::{Columns, Target};
use crate::case_set::Task;
use crate::evaluated::bench::Row;
use crate::evaluated::comparison::common;
use crate::evaluated::evaluation::Evaluation;
use crate::evaluated::figures::Figures;
use crate::metrics::weighted::{Ratio, TwoReaders};

/// Differences of pairs, on the cases that both answered.
pub(super) fn pairs(
    out: &mut Columns,
    of: &Evaluation,
    readers: &[Vec<Row<'_>>],
    at: &Places<'_>,
    figures: &Figures,
) {
    let mut pair = 0;
    for (i, a) in readers.iter().enumerate() {
        for (j, b) in readers.iter().enumerate().skip(i + 1) {
            let both = common(a, b);
            let right = |row: &Row<'_>| f64::from(u8::from(row.right() == Some(true)));
            let rows = both.iter().map(|(x, y)| (at.of(x), right(x) - right(y)));
            out.add(Ratio::mean(rows), vec![Target::Pair(pair, "accuracy".to_owned())]);
            // The readers' own columns are over the same cases only when both answered the same.
            if both.len() == a.len() && both.len() == b.len() {
                for key in ["macro_f1", "auc", "token_f1_plain", "rsna_score"] {
                    out.difference(&head(i, key), &head(j, key), Target::Pair(pair, key.to_owned()));
                }
            }
            between(out, of, &both, at, figures, [i, j]);
            pair += 1;
        }
    }
}

/// The agreement of two readers.
fn between(
    out: &mut Columns,
    of: &Evaluation,
    both: &[(Row<'_>, Row<'_>)],
    at: &Places<'_>,
    figures: &Figures,
    [i, j]: [usize; 2],
) {
    let ids = [i, j].map(|k| figures.readers.get(k).map(|r| r.id.as_str()).unwrap_or_default());
    let Some(place) = figures.agreement.iter().position(|a| a.between == ids) else {
        return;
    };
    if of.set.question.task == Task::YesNo {
        return;
    }
    let rows = both
        .iter()
        .filter_map(|(x, y)| Some((at.of(x), x.said.label? as usize, y.said.label? as usize)));
    let keys = ["observed", "kappa", "kappa_linear", "kappa_quadratic", "gwet_ac1"];
    let columns = keys.map(|key| Target::Agreement(place, key.to_owned()));
    named(
        out,
        TwoReaders::new(rows, of.labels.len()),
        columns.into_iter().enumerate(),
    );
}
