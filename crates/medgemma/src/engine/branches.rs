//! Likelihoods of what may follow a prompt, all branches together.

use super::{Engine, State};
use crate::adapted::Adapter;
use crate::cancel::Cancel;
use crate::decoder::{Span, Wanted};
use crate::error::{EngineError, Result};
use crate::linear::Pass;
use crate::model::Tokens;
use crate::score::{Bodies, Branch, log_probs_at};

/// Most tokens of branches computed at once, unless a single one is longer.
const PASS: usize = 512;

impl Engine {
    /// Log-probability (natural log, over all rows of the embedding) of the tokens wanted of every branch, in as few
    /// passes as [`PASS`] allows. Branches see what `state` has read and themselves; what they share is computed once.
    ///
    /// # Errors
    /// [`EngineError::BadQuestion`] for a branch that wants nothing, [`EngineError::Cancelled`], arithmetic.
    pub(crate) fn branch_scores(
        &self,
        state: &State,
        branches: &[Branch],
        adapter: Option<&Adapter>,
        cancel: &Cancel,
    ) -> Result<Vec<Vec<f64>>> {
        if branches.iter().any(|branch| branch.from >= branch.ids.len()) {
            return Err(EngineError::BadQuestion(
                "a label has no tokens of its own".to_owned(),
            ));
        }
        let mut scores: Vec<Vec<f64>> = branches
            .iter()
            .map(|branch| vec![f64::NEG_INFINITY; branch.ids.len() - branch.from])
            .collect();
        for (score, branch) in scores.iter_mut().zip(branches) {
            if branch.from == 0 {
                score[0] = log_probs_at(&state.last, &branch.ids[..1])[0];
            }
        }
        let pass = Pass::new(cancel, adapter);
        let width = self.config.text.hidden_size;
        let plan = Bodies::of(branches);
        let wanted = plan.wanted(branches);
        let mut begin = 0;
        while begin < plan.bodies.len() {
            cancel.check()?;
            let mut ids: Vec<u32> = Vec::new();
            let mut end = begin;
            while end < plan.bodies.len() && (end == begin || ids.len() + plan.bodies[end].len() <= PASS) {
                ids.extend(&plan.bodies[end]);
                end += 1;
            }
            let bodies = &plan.bodies[begin..end];
            let lengths: Vec<usize> = bodies.iter().map(Vec::len).collect();
            let span = Span::branches(state.cache.length(), &lengths);
            let tokens = Tokens {
                ids: &ids,
                blocks: &vec![-1; ids.len()],
                features: &[],
            };
            let mut cache = state.cache.clone();
            let hidden = self
                .model
                .forward(pass, tokens, &span, &mut cache, Wanted::Branches, None)?;
            // Only rows that predict something wanted go through the head.
            let owners = bodies
                .iter()
                .enumerate()
                .flat_map(|(b, body)| (0..body.len()).map(move |row| (begin + b, row)));
            let mut rows = Vec::new();
            let mut targets = Vec::new();
            for (owner, row) in owners.zip(hidden.chunks_exact(width)) {
                if let Some(found) = wanted.get(&owner) {
                    rows.extend_from_slice(row);
                    targets.push(found);
                }
            }
            self.model.logits(pass, &rows, &mut |row, logits| {
                let ids: Vec<u32> = targets[row]
                    .iter()
                    .map(|(b, depth)| branches[*b].ids[*depth])
                    .collect();
                for ((b, depth), found) in targets[row].iter().zip(log_probs_at(logits, &ids)) {
                    scores[*b][depth - branches[*b].from] = found;
                }
            })?;
            begin = end;
        }
        Ok(scores)
    }
}
