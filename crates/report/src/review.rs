//! The list of filed disagreements as tables for other programs.

use serde::{Deserialize, Serialize};

use crate::escape::cell;
use crate::{NOTICE, ReportError};

/// One mark of a review.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MarkRow {
    /// `arrow`, `rectangle`, `ellipse`, `length`, `text`, …
    pub kind: String,
    /// A few words for people, e.g. `length 12.3 mm, slice 50`.
    pub summary: String,
    /// The geometry as it is kept (patient mm or pixels, as it says itself).
    pub geometry: serde_json::Value,
}

/// One filed review. Texts that are not known are empty.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ReviewRow {
    /// Identifier of the review.
    pub review: String,
    /// Its version (a change makes a new one).
    pub version: u32,
    /// When this version was filed, RFC 3339.
    pub filed_at: String,
    /// State of the workflow, e.g. `open`.
    pub state: String,
    /// Name of the case.
    pub case: String,
    /// Study Instance UID, or its pseudonym.
    pub study: String,
    /// Series Instance UID, or its pseudonym.
    pub series: String,
    /// SOP Instance UID of the slice, or its pseudonym.
    pub instance: String,
    /// Frame, from 1.
    pub frame: Option<u32>,
    /// Slice of the display set, from 1.
    pub slice: Option<u32>,
    /// Window on screen when it was filed, e.g. `C -600 W 1500 LINEAR`.
    pub window: String,
    /// The question's words.
    pub question: String,
    /// Preprocessing id.
    pub preprocess: String,
    /// Who answered.
    pub reader: String,
    /// Hash of the weights.
    pub weights: String,
    /// What was answered.
    pub answer: String,
    /// How sure the reader was, 0 to 1.
    pub confidence: Option<f64>,
    /// What that number is.
    pub confidence_kind: String,
    /// The truth.
    pub truth: String,
    /// Where the truth comes from.
    pub truth_source: String,
    /// The user's own answer.
    pub own_answer: String,
    /// Was it committed before the reveal?
    pub own_before_reveal: Option<bool>,
    /// The RADPEER scale, e.g. `2016`.
    pub radpeer_scale: String,
    /// The score, e.g. `2b`.
    pub radpeer: String,
    /// Class of the error.
    pub error_class: String,
    /// Free comment.
    pub comment: String,
    /// Marks, as drawn.
    pub marks: Vec<MarkRow>,
}

/// The list, in the order in which it is exported.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ReviewList {
    /// Name and version of the application and when the export was made, as the caller words it.
    pub made_by: String,
    /// The reviews.
    pub reviews: Vec<ReviewRow>,
}

/// The header of [`ReviewList::to_csv`].
const COLUMNS: [&str; 27] = [
    "review",
    "version",
    "filed_at",
    "state",
    "case",
    "study",
    "series",
    "instance",
    "frame",
    "slice",
    "window",
    "question",
    "preprocess",
    "reader",
    "weights",
    "answer",
    "confidence",
    "confidence_kind",
    "truth",
    "truth_source",
    "own_answer",
    "own_before_reveal",
    "radpeer_scale",
    "radpeer",
    "error_class",
    "comment",
    "marks",
];

impl ReviewList {
    /// RFC 4180: a header, commas, CRLF, quotes where needed, UTF-8 without a byte order mark. A cell that a spreadsheet
    /// would take for a formula starts with an apostrophe; JSON has the untouched text.
    pub fn to_csv(&self) -> Result<Vec<u8>, ReportError> {
        let fault = |error: &dyn std::fmt::Display| ReportError::Encoding(error.to_string());
        let mut table = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .from_writer(Vec::new());
        table.write_record(COLUMNS).map_err(|e| fault(&e))?;
        for review in &self.reviews {
            table
                .write_record(cells(review).map(|text| cell(&text)))
                .map_err(|e| fault(&e))?;
        }
        table.into_inner().map_err(|e| fault(&e))
    }

    /// JSON with `"format": "overread.reviews/1"` and the notice.
    pub fn to_json(&self) -> Result<String, ReportError> {
        #[derive(Serialize)]
        struct Envelope<'a> {
            format: &'static str,
            notice: &'static str,
            #[serde(flatten)]
            list: &'a ReviewList,
        }
        let envelope = Envelope {
            format: "overread.reviews/1",
            notice: NOTICE,
            list: self,
        };
        serde_json::to_string_pretty(&envelope).map_err(|e| ReportError::Encoding(e.to_string()))
    }
}

fn cells(review: &ReviewRow) -> [String; COLUMNS.len()] {
    let number = |value: Option<u32>| value.map_or(String::new(), |n| n.to_string());
    let marks: Vec<&str> = review.marks.iter().map(|mark| mark.summary.as_str()).collect();
    [
        review.review.clone(),
        review.version.to_string(),
        review.filed_at.clone(),
        review.state.clone(),
        review.case.clone(),
        review.study.clone(),
        review.series.clone(),
        review.instance.clone(),
        number(review.frame),
        number(review.slice),
        review.window.clone(),
        review.question.clone(),
        review.preprocess.clone(),
        review.reader.clone(),
        review.weights.clone(),
        review.answer.clone(),
        review.confidence.map_or(String::new(), |value| value.to_string()),
        review.confidence_kind.clone(),
        review.truth.clone(),
        review.truth_source.clone(),
        review.own_answer.clone(),
        review
            .own_before_reveal
            .map_or(String::new(), |yes| if yes { "yes" } else { "no" }.to_owned()),
        review.radpeer_scale.clone(),
        review.radpeer.clone(),
        review.error_class.clone(),
        review.comment.clone(),
        marks.join("; "),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> ReviewList {
        let review = ReviewRow {
            review: "r1".into(),
            version: 2,
            case: "=HYPERLINK(\"http://x\")".into(),
            slice: Some(50),
            window: "C -600 W 1500 LINEAR".into(),
            error_class: "-cause".into(),
            answer: "pneumothorax, left".into(),
            confidence: Some(0.625),
            confidence_kind: "softmax, uncalibrated".into(),
            radpeer_scale: "2016".into(),
            radpeer: "2b".into(),
            comment: "Said \"left\",\r\nis right".into(),
            own_before_reveal: Some(true),
            marks: vec![MarkRow {
                kind: "length".into(),
                summary: "length 12.3 mm".into(),
                geometry: serde_json::json!({"space": "patient_mm", "points": [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]}),
            }],
            ..ReviewRow::default()
        };
        ReviewList {
            made_by: "Overread".into(),
            reviews: vec![review, ReviewRow::default()],
        }
    }

    #[test]
    fn csv_is_rfc_4180_and_reads_back() {
        let bytes = list().to_csv().unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(text.starts_with("review,version,") && text.ends_with("\r\n"));
        assert!(text.contains("\"Said \"\"left\"\",\r\nis right\""));
        let mut table = csv::Reader::from_reader(bytes.as_slice());
        let header = table.headers().unwrap().clone();
        let rows: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
        assert_eq!((header.len(), rows.len()), (COLUMNS.len(), 2));
        let field = |name: &str| &rows[0][header.iter().position(|h| h == name).unwrap()];
        assert_eq!(field("case"), "'=HYPERLINK(\"http://x\")");
        assert_eq!(field("window"), "C -600 W 1500 LINEAR");
        assert_eq!(field("error_class"), "'-cause");
        assert_eq!(field("answer"), "pneumothorax, left");
        assert_eq!(field("confidence"), "0.625");
        assert_eq!(field("own_before_reveal"), "yes");
        assert_eq!(field("marks"), "length 12.3 mm");
        assert_eq!(field("frame"), "");
    }

    #[test]
    fn json_keeps_the_text_and_the_geometry_untouched() {
        let value: serde_json::Value = serde_json::from_str(&list().to_json().unwrap()).unwrap();
        assert_eq!(value["format"], "overread.reviews/1");
        let row = &value["reviews"][0];
        assert_eq!(row["case"], "=HYPERLINK(\"http://x\")");
        assert_eq!(row["marks"][0]["geometry"]["points"][1][2], 6.0);
        let back: ReviewRow = serde_json::from_value(row.clone()).unwrap();
        assert_eq!(back, list().reviews[0]);
    }
}
