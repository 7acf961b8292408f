//! What a head says of itself in `README.md`.

use super::{About, Answer, Figure, Head, Part};

/// The card. It names no patient and no case.
pub(super) fn card(head: &Head, about: &About) -> String {
    let (t, model) = (&about.training, &about.model);
    let part = |part: &Part| {
        format!(
            "`{}`, {} cases of {} patients",
            part.split, part.cases, part.patients
        )
    };
    let chosen_by = match (&t.validation, t.chosen.folds) {
        (Some(validation), _) => format!("the split {}", part(validation)),
        (None, folds) => format!(
            "cross-validation over the patients of what was learned, {} folds",
            folds.unwrap_or(0)
        ),
    };
    let chosen = match (t.chosen.l2, t.chosen.epochs) {
        (Some(l2), _) => format!("penalty (L2) {l2}"),
        (None, Some(epochs)) => format!("{epochs} epochs"),
        (None, None) => "nothing".to_owned(),
    };
    let each = match head.answer {
        Answer::One => "one of",
        Answer::Each => "yes or no for each of",
    };
    let hidden = head
        .hidden()
        .map_or_else(String::new, |h| format!(", {h} hidden numbers with GELU"));
    let truth = if t.truth.is_empty() { "not said" } else { &t.truth };
    let rows: String = about.figures.iter().map(row).collect();
    format!(
        "# {} on {}\n\n\
         **For research only. It is no medical device, and its figures hold for its own case set.**\n\n\
         It answers {each}: {}. It stands on the image embedding of {} (weights `{}`, held as {}), a vector of {} numbers{hidden}; \
         several pictures of a case: the mean of their embeddings. Pictures by {}, slices `{}`.\n\n\
         - Learned from the case set “{}”: {}. Chosen by {chosen_by}: {chosen}. Seed {}.\n\
         - Truth: {truth}. Hash of the data: `{}`.\n\
         - Made by {}. The same data, seed and machine give the same files.\n\n\
         ## Figures\n\n\
         Of what it was chosen by, so that they flatter it a little: judge it on a split that it has not seen \
         (`overread eval run`). Intervals at 95 %.\n\n\
         | figure | value | interval | cases |\n|---|---|---|---|\n{rows}\n\
         Its probabilities are those of the fit and not calibrated further.\n\n\
         ## Licence\n\n\
         This folder holds weights that were learned on embeddings of {}; it holds none of that model's own. Where those embeddings \
         come from a model under terms (MedSigLIP: Health AI Developer Foundations terms of use, \
         https://developers.google.com/health-ai-developer-foundations/terms), whoever uses or passes on this head is bound by \
         them, and by the terms of the images and labels that it was learned from.\n",
        head.kind.title(),
        model.name,
        head.labels.join(", "),
        model.name,
        model.weights_sha256,
        model.precision,
        head.width(),
        about.input.preprocessing.join(" or "),
        about.input.slices,
        t.case_set,
        part(&t.learned),
        t.settings.seed,
        t.data_sha256,
        t.program,
        model.name,
    )
}

fn row(figure: &Figure) -> String {
    let number = |v: f64| format!("{v:.3}");
    let name = if figure.label.is_empty() {
        figure.name.clone()
    } else {
        format!("{} of {}", figure.name, figure.label)
    };
    format!(
        "| {name} | {} | {} | {} |\n",
        figure.estimate.map_or_else(|| "undefined".to_owned(), number),
        figure.interval.map_or_else(
            || "undefined".to_owned(),
            |[low, high]| format!("{low:.3} to {high:.3} ({})", figure.method)
        ),
        figure.cases
    )
}
