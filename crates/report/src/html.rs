//! One read as a page.

use std::fmt::Write;

use crate::escape::{base64, html};
use crate::read::{Answer, Fact, OwnAnswer, Probability, Question, ReadReport};
use crate::{Agreement, NOTICE, ReportError};

const STYLE: &str = "
:root{--ink:#17181a;--soft:#5b5d63;--line:#d7d8dc;--paper:#fff;--wash:#f4f4f6;--model:#5d46a8;--truth:#1f6f4c;
--reader:#2b5f93;--differ:#8a5a00;--warn:#9c3616}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1000px;padding:28px 24px 40px;background:var(--paper);color:var(--ink);
font:13.5px/1.5 Inter,'Segoe UI',system-ui,sans-serif;font-variant-numeric:tabular-nums}
h1{font-size:21px;line-height:1.25;margin:0 0 4px;overflow-wrap:anywhere}
h2{font-size:12px;letter-spacing:.06em;text-transform:uppercase;color:var(--soft);margin:26px 0 8px;
border-bottom:1px solid var(--line);padding-bottom:4px}
p{margin:0 0 8px}.soft{color:var(--soft)}
.notice,.warning{border:1px solid var(--line);border-left:4px solid var(--soft);background:var(--wash);padding:8px 12px;margin:12px 0}
.warning{border-left-color:var(--warn)}
.pictures{display:flex;flex-wrap:wrap;gap:12px}
figure{margin:0;flex:1 1 280px;max-width:480px;break-inside:avoid}
figure img{width:100%;display:block;background:#000}
figcaption{color:var(--soft);font-size:12px;padding-top:3px}
.columns{display:grid;grid-template-columns:repeat(auto-fit,minmax(240px,1fr));gap:12px}
.card{border:1px solid var(--line);border-top:3px solid var(--soft);padding:10px 12px;break-inside:avoid}
.card h3{margin:0 0 4px;font-size:12px;color:var(--soft);font-weight:600}
.card.model{border-top-color:var(--model)}.card.truth{border-top-color:var(--truth)}.card.own{border-top-color:var(--reader)}
.big{font-size:18px;font-weight:600;overflow-wrap:anywhere}
.verdict{font-weight:600}.verdict.differ{color:var(--differ)}.verdict.agree{color:var(--truth)}
table{border-collapse:collapse;width:100%}
th{font-weight:500;text-align:left;color:var(--soft);vertical-align:top;padding:2px 14px 2px 0;width:30%}
td{padding:2px 0;overflow-wrap:anywhere}
.bars th{color:var(--ink);width:34%}.bars td.number{width:64px;text-align:right}
.bar{background:var(--wash);height:12px}.bar i{display:block;height:12px;background:var(--model)}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--wash);border:1px solid var(--line);padding:8px 12px;margin:0;
font:12px/1.5 'JetBrains Mono',ui-monospace,monospace}
footer{margin-top:28px;border-top:1px solid var(--line);padding-top:8px;color:var(--soft);font-size:12px}
@media print{body{max-width:none;padding:0;font-size:10.5pt}h2{break-after:avoid}
.bar,.bar i,.notice,.warning,pre,figure img{print-color-adjust:exact;-webkit-print-color-adjust:exact}
@page{margin:16mm}}
";

impl ReadReport {
    /// One self-contained page: inline style, embedded pictures, no script, a policy that forbids anything remote.
    pub fn to_html(&self) -> Result<String, ReportError> {
        self.check()?;
        let mut page = begin(&self.title, &self.made_by, "");
        if let Some(warning) = &self.reader.warning {
            push(
                &mut page,
                format_args!("<div class=\"warning\" role=\"note\">{}</div>\n", html(warning)),
            );
        }
        if let Some(note) = &self.reader.note {
            push(
                &mut page,
                format_args!("<p class=\"soft\" role=\"note\">{}</p>\n", html(note)),
            );
        }
        self.answers(&mut page);
        self.pictures(&mut page);
        question(&mut page, &self.question);
        facts(&mut page, "Images", &self.display_set);
        facts(&mut page, "How the answer was made", &self.provenance);
        if !self.command.is_empty() {
            push(
                &mut page,
                format_args!("<h2>Repeat it</h2>\n<pre>{}</pre>\n", html(&self.command)),
            );
        }
        end(&mut page);
        Ok(page)
    }

    /// Reader, truth and own answer side by side, then the bars.
    fn answers(&self, page: &mut String) {
        page.push_str("<h2>Answer and truth</h2>\n<div class=\"columns\">\n");
        let name = html(&self.reader.name);
        push(
            page,
            format_args!("<section class=\"card model\"><h3>Answer of {name}</h3>\n"),
        );
        answer(page, &self.answer);
        page.push_str("</section>\n<section class=\"card truth\"><h3>Truth</h3>\n");
        match &self.truth {
            Some(truth) => push(
                page,
                format_args!(
                    "<p class=\"big\">{}</p>\n<p class=\"soft\">{}</p>\n",
                    html(&truth.label),
                    html(&truth.source)
                ),
            ),
            None => page.push_str("<p class=\"soft\">none attached</p>\n"),
        }
        let class = match self.agreement {
            Agreement::Agree => " agree",
            Agreement::Disagree => " differ",
            Agreement::NoTruth | Agreement::NotComparable(_) => "",
        };
        let words = html(&self.agreement.words());
        push(
            page,
            format_args!("<p class=\"verdict{class}\">The answer: {words}</p>\n</section>\n"),
        );
        if let Some(own) = &self.own {
            own_answer(page, own);
        }
        page.push_str("</div>\n");
        bars(page, &self.answer.probabilities);
    }

    fn pictures(&self, page: &mut String) {
        if self.pictures.is_empty() {
            return;
        }
        page.push_str("<h2>Pictures</h2>\n<div class=\"pictures\">\n");
        for picture in &self.pictures {
            let caption = html(&picture.caption);
            push(
                page,
                format_args!(
                    "<figure><img alt=\"{caption}\" src=\"data:image/png;base64,{}\"><figcaption>{caption}</figcaption></figure>\n",
                    base64(&picture.png)
                ),
            );
        }
        page.push_str("</div>\n");
    }
}

/// The page down to the notice: inline style, a policy that forbids scripts and anything remote.
pub(crate) fn begin(title: &str, made_by: &str, more_style: &str) -> String {
    let title = html(title);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>{STYLE}{more_style}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n\
         <p class=\"soft\">{}</p>\n<div class=\"notice\" role=\"note\">{}</div>\n",
        html(made_by),
        html(NOTICE)
    )
}

/// The notice again, and the end.
pub(crate) fn end(page: &mut String) {
    push(
        page,
        format_args!("</main>\n<footer>{}</footer>\n</body>\n</html>\n", html(NOTICE)),
    );
}

pub(crate) fn push(page: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = page.write_fmt(text);
}

fn answer(page: &mut String, answer: &Answer) {
    if let Some(invalid) = &answer.invalid {
        push(
            page,
            format_args!(
                "<p class=\"verdict differ\">invalid answer: {}</p>\n",
                html(invalid)
            ),
        );
    }
    if let Some(label) = &answer.label {
        push(page, format_args!("<p class=\"big\">{}</p>\n", html(label)));
    }
    if let Some(text) = &answer.text {
        push(page, format_args!("<pre>{}</pre>\n", html(text)));
    }
    if answer.label.is_none() && answer.text.is_none() && answer.invalid.is_none() {
        page.push_str("<p class=\"soft\">no answer</p>\n");
    }
    match &answer.confidence {
        Some(confidence) => push(
            page,
            format_args!(
                "<p>{} <span class=\"soft\">{}</span></p>\n",
                percent(confidence.value),
                html(&confidence.kind)
            ),
        ),
        None => page.push_str("<p class=\"soft\">no confidence given</p>\n"),
    }
}

fn own_answer(page: &mut String, own: &OwnAnswer) {
    let order = if own.before_reveal {
        "committed before answer and truth were shown"
    } else {
        "given after answer or truth were shown"
    };
    push(
        page,
        format_args!(
            "<section class=\"card own\"><h3>Own answer</h3>\n<p class=\"big\">{}</p>\n<p class=\"soft\">{order}</p>\n",
            html(&own.committed)
        ),
    );
    if let Some(changed) = &own.changed_to {
        push(
            page,
            format_args!("<p>changed afterwards to <b>{}</b></p>\n", html(changed)),
        );
    }
    page.push_str("</section>\n");
}

fn bars(page: &mut String, options: &[Probability]) {
    if options.is_empty() {
        return;
    }
    page.push_str("<h2>Probability of each option</h2>\n<table class=\"bars\">\n");
    for option in options {
        let share = (option.probability * 100.0).clamp(0.0, 100.0);
        push(
            page,
            format_args!(
                "<tr><th scope=\"row\">{}</th><td><div class=\"bar\"><i style=\"width:{share:.2}%\"></i></div></td>\
                 <td class=\"number\">{}</td></tr>\n",
                html(&option.label),
                percent(option.probability)
            ),
        );
    }
    page.push_str("</table>\n");
}

fn question(page: &mut String, question: &Question) {
    page.push_str("<h2>Question</h2>\n");
    if let Some(system) = &question.system {
        push(
            page,
            format_args!(
                "<p class=\"soft\">System message</p>\n<pre>{}</pre>\n",
                html(system)
            ),
        );
    }
    push(
        page,
        format_args!("<pre>{}</pre>\n<table>\n", html(&question.prompt)),
    );
    let rows = [
        ("Template", question.template.as_deref().unwrap_or("")),
        ("Preprocessing", &question.preprocess),
        ("Slices", &question.slices),
        ("Form of the answer", &question.form),
    ];
    for (name, value) in rows.into_iter().filter(|(_, value)| !value.is_empty()) {
        row(page, name, value);
    }
    page.push_str("</table>\n");
}

fn facts(page: &mut String, heading: &str, facts: &[Fact]) {
    if facts.is_empty() {
        return;
    }
    push(page, format_args!("<h2>{}</h2>\n<table>\n", html(heading)));
    for fact in facts {
        row(page, &fact.name, &fact.value);
    }
    page.push_str("</table>\n");
}

pub(crate) fn row(page: &mut String, name: &str, value: &str) {
    push(
        page,
        format_args!(
            "<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n",
            html(name),
            html(value)
        ),
    );
}

/// One decimal; very small and very large ones are not rounded to certainty.
fn percent(share: f64) -> String {
    if share > 0.0 && share < 0.0005 {
        "&lt; 0.1 %".to_owned()
    } else if (0.9995..1.0).contains(&share) {
        "&gt; 99.9 %".to_owned()
    } else {
        format!("{:.1} %", share * 100.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Confidence, Picture, ReaderNote, TruthStatement};

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\nrest";

    fn report(text: &str) -> ReadReport {
        let t = || text.to_owned();
        ReadReport {
            title: t(),
            display_set: vec![Fact::new(text, text)],
            pictures: vec![Picture {
                caption: t(),
                png: PNG.to_vec(),
            }],
            question: Question {
                prompt: t(),
                system: Some(t()),
                template: Some(t()),
                preprocess: t(),
                slices: t(),
                form: t(),
            },
            reader: ReaderNote {
                name: t(),
                warning: Some(t()),
                note: Some(t()),
            },
            answer: Answer {
                label: Some(t()),
                text: Some(t()),
                invalid: Some(t()),
                probabilities: vec![
                    Probability {
                        label: t(),
                        probability: 0.731,
                    },
                    Probability {
                        label: "normal".into(),
                        probability: 0.000_01,
                    },
                ],
                confidence: Some(Confidence {
                    value: 0.731,
                    kind: t(),
                }),
            },
            own: Some(OwnAnswer {
                committed: t(),
                before_reveal: true,
                changed_to: Some(t()),
            }),
            truth: Some(TruthStatement {
                label: t(),
                source: t(),
            }),
            agreement: Agreement::NotComparable(t()),
            provenance: vec![Fact::new(text, text)],
            command: t(),
            made_by: t(),
        }
    }

    #[test]
    fn hostile_text_stays_text_wherever_it_stands() {
        let page = report("<script>alert(1)</script>\" onload='x' &amp;")
            .to_html()
            .unwrap();
        assert!(!page.contains("<script") && !page.contains("onload='") && !page.contains("\" onload"));
        let expected = "&lt;script&gt;alert(1)&lt;/script&gt;&quot; onload=&#39;x&#39; &amp;amp;";
        // Each of the 27 texts appears, title and caption twice.
        assert_eq!(page.matches(expected).count(), 29, "{page}");
    }

    #[test]
    fn the_page_needs_nothing_from_outside_and_says_what_it_is() {
        let page = report("case").to_html().unwrap();
        for remote in [
            "http:", "https:", "src=\"/", "url(", "@import", "<link", "<script", "<iframe",
        ] {
            assert!(!page.contains(remote), "{remote}");
        }
        assert!(page.contains("default-src 'none'"));
        assert!(page.contains(&format!("data:image/png;base64,{}", base64(PNG))));
        assert_eq!(page.matches(&html(NOTICE)).count(), 2);
        assert!(page.contains("width:73.10%") && page.contains("73.1 %") && page.contains("&lt; 0.1 %"));
        assert!(page.contains("committed before answer and truth were shown"));
        let open = |tag: &str| page.matches(&format!("<{tag}")).count();
        for tag in ["table", "section", "figure>", "pre", "div", "p>"] {
            let close = page.matches(&format!("</{}>", tag.trim_end_matches('>'))).count();
            let extra = if tag == "p>" {
                page.matches("<p class").count()
            } else {
                0
            };
            assert_eq!(open(tag) + extra, close, "{tag}");
        }
    }

    #[test]
    fn bad_pictures_and_numbers_are_refused_in_words() {
        let mut bad = report("case");
        bad.pictures[0].png = b"GIF89a".to_vec();
        assert!(bad.to_html().unwrap_err().to_string().contains("not a PNG"));
        let mut bad = report("case");
        bad.answer.probabilities[0].probability = f64::NAN;
        assert!(bad.to_json().unwrap_err().to_string().contains("no probability"));
    }

    #[test]
    fn json_carries_format_notice_and_agreement() {
        let value: serde_json::Value = serde_json::from_str(&report("case").to_json().unwrap()).unwrap();
        assert_eq!(value["format"], "overread.read/1");
        assert_eq!(value["notice"], NOTICE);
        assert_eq!(
            value["agreement"],
            serde_json::json!({"kind": "not_comparable", "reason": "case"})
        );
        assert_eq!(value["pictures"][0]["png_base64"], base64(PNG));
        assert_eq!(value["answer"]["probabilities"][0]["probability"], 0.731);
        let mut agreed = report("case");
        agreed.agreement = Agreement::Agree;
        let value: serde_json::Value = serde_json::from_str(&agreed.to_json().unwrap()).unwrap();
        assert_eq!(value["agreement"], serde_json::json!({"kind": "agree"}));
    }
}
