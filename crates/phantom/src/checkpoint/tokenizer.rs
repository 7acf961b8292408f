//! A small tokenizer with the mechanics of Gemma's: BPE with byte fallback over text whose spaces became "▁".
//!
//! Ids 0 to 493 keep the published layout (controls, newline runs, runs of spaces, marks, bytes); the pieces after them
//! are learned here from a few radiological sentences; the image marks come last.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::PROMPT;
use crate::finding::LABELS;

const SPACE: char = '▁';
const LONGEST_RUN: usize = 31;
const MERGES: usize = 520;

/// Text that the pieces are learned from.
const SENTENCES: &str = "\
Which finding is present? Is there a finding? Where is the finding? Which side is it on? How large is it?
Describe this X-ray. Describe this CT. Describe the findings of the chest. What does this slice show?
You are an expert radiologist. You are a helpful medical assistant. Answer with one word. Answer yes or no.
There is a nodule in the right lung. There is a nodule in the left upper lobe. A small round nodule is seen.
There is a pleural effusion on the right. A left pleural effusion with passive atelectasis is seen.
There is a pneumothorax on the left. A small anterior pneumothorax is present. No pneumothorax is seen.
There is a consolidation in the right lower lobe with air bronchograms. The consolidation suggests pneumonia.
The heart is enlarged. There is cardiomegaly. The cardiothoracic ratio is above one half. The heart is normal.
There is a displaced rib fracture on the right side. A left rib fracture with a haematoma is seen. No fracture.
The lungs are clear. No acute finding. The study is normal. The examination is normal for the age of the patient.
The image shows the chest in axial slices from the base to the apex. The slice is at the level of the heart.
Final Answer: yes. Final Answer: no. The answer is A. The answer is B. Options: A, B, C, D.
Compare these two images. The change since the prior image is small. Compared with the prior study it is larger.
Based on the visual evidence in the slices provided above, is this image a good teaching example?
Please review the slices provided below carefully. SLICE 1 SLICE 2 SLICE 3 SLICE 10 SLICE 25 SLICE 85
The diameter is 12 mm. The thickness is 25 mm. It measures 8 mm in the axial plane, window centre and width.
The patient lies on the back. Fluid collects behind and air collects in front. Uncertain, not seen, unclear.";

/// Vocabulary, merges and added tokens.
#[derive(Debug, Clone)]
pub(super) struct Tokenizer {
    pieces: Vec<String>,
    merges: Vec<(String, String)>,
    /// Ids that are matched in the raw text before BPE, with whether they are controls.
    added: Vec<(usize, bool)>,
}

impl Tokenizer {
    pub(super) fn build() -> Self {
        let mut pieces: Vec<String> = Vec::new();
        let mut added: Vec<(usize, bool)> = Vec::new();
        let mut add = |pieces: &mut Vec<String>, piece: String, control: bool| {
            added.push((pieces.len(), control));
            pieces.push(piece);
        };
        for control in ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "[multimodal]"] {
            add(&mut pieces, control.into(), true);
        }
        for n in 0..99 {
            add(&mut pieces, format!("<unused{n}>"), true);
        }
        add(&mut pieces, "<start_of_turn>".into(), true);
        add(&mut pieces, "<end_of_turn>".into(), true);
        for n in 1..=LONGEST_RUN {
            add(&mut pieces, "\n".repeat(n), false);
        }
        for n in 2..=LONGEST_RUN {
            add(&mut pieces, SPACE.to_string().repeat(n), false);
        }
        let marks = "table caption thead tbody tfoot tr th td h1 h2 h3 h4 h5 h6 blockquote strong em b i u s sub sup code";
        for mark in marks.split(' ') {
            add(&mut pieces, format!("<{mark}>"), false);
            add(&mut pieces, format!("</{mark}>"), false);
        }
        let mut n = 99;
        while pieces.len() < 238 {
            add(&mut pieces, format!("<unused{n}>"), false);
            n += 1;
        }
        pieces.extend((0..=255u8).map(|byte| format!("<0x{byte:02X}>")));
        pieces.extend(('!'..='~').map(String::from));
        pieces.push(SPACE.into());
        let mut merges = space_merges();
        for (left, right) in learn(&words()) {
            let joined = format!("{left}{right}");
            if !pieces.contains(&joined) {
                pieces.push(joined);
            }
            merges.push((left, right));
        }
        for mark in ["<start_of_image>", "<end_of_image>", "<image_soft_token>"] {
            add(&mut pieces, mark.into(), true);
        }
        Self {
            pieces,
            merges,
            added,
        }
    }

    /// Number of tokens.
    pub(super) fn len(&self) -> usize {
        self.pieces.len()
    }

    pub(super) fn start_of_image(&self) -> usize {
        self.pieces.len() - 3
    }

    pub(super) fn end_of_image(&self) -> usize {
        self.pieces.len() - 2
    }

    pub(super) fn image_token(&self) -> usize {
        self.pieces.len() - 1
    }

    fn added(&self) -> Vec<Value> {
        let entry = |(id, control): &(usize, bool)| {
            json!({
                "id": id, "content": self.pieces[*id], "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": false, "special": control,
            })
        };
        self.added.iter().map(entry).collect()
    }

    /// The content of `tokenizer.json`.
    pub(super) fn to_json(&self) -> Value {
        let vocabulary: Map<String, Value> = self
            .pieces
            .iter()
            .enumerate()
            .map(|(id, piece)| (piece.clone(), json!(id)))
            .collect();
        let merges: Vec<Value> = self.merges.iter().map(|(a, b)| json!([a, b])).collect();
        let start = json!({"SpecialToken": {"id": "<bos>", "type_id": 0}});
        json!({
            "version": "1.0",
            "truncation": null,
            "padding": null,
            "added_tokens": self.added(),
            "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": SPACE},
            "pre_tokenizer": {
                "type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": false,
            },
            "post_processor": {
                "type": "TemplateProcessing",
                "single": [start, {"Sequence": {"id": "A", "type_id": 0}}],
                "pair": [
                    start, {"Sequence": {"id": "A", "type_id": 0}},
                    {"SpecialToken": {"id": "<bos>", "type_id": 1}}, {"Sequence": {"id": "B", "type_id": 1}},
                ],
                "special_tokens": {"<bos>": {"id": "<bos>", "ids": [2], "tokens": ["<bos>"]}},
            },
            "decoder": {
                "type": "Sequence",
                "decoders": [
                    {"type": "Replace", "pattern": {"String": SPACE}, "content": " "},
                    {"type": "ByteFallback"},
                    {"type": "Fuse"},
                ],
            },
            "model": {
                "type": "BPE", "dropout": null, "unk_token": "<unk>", "continuing_subword_prefix": null,
                "end_of_word_suffix": null, "fuse_unk": true, "byte_fallback": true, "ignore_merges": false,
                "vocab": vocabulary, "merges": merges,
            },
        })
    }

    /// The content of `tokenizer_config.json`.
    pub(super) fn config(&self) -> Value {
        let mut decoder = Map::new();
        for (id, control) in &self.added {
            let entry = json!({
                "content": self.pieces[*id], "lstrip": false, "normalized": false, "rstrip": false,
                "single_word": false, "special": control,
            });
            decoder.insert(id.to_string(), entry);
        }
        json!({
            "tokenizer_class": "GemmaTokenizer",
            "processor_class": "Gemma3Processor",
            "add_bos_token": true,
            "add_eos_token": false,
            "bos_token": "<bos>",
            "eos_token": "<eos>",
            "pad_token": "<pad>",
            "unk_token": "<unk>",
            "boi_token": "<start_of_image>",
            "eoi_token": "<end_of_image>",
            "image_token": "<image_soft_token>",
            "clean_up_tokenization_spaces": false,
            "spaces_between_special_tokens": false,
            "added_tokens_decoder": decoder,
        })
    }
}

/// The content of `special_tokens_map.json`.
pub(super) fn special_tokens() -> Value {
    json!({
        "bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>", "unk_token": "<unk>",
        "boi_token": "<start_of_image>", "eoi_token": "<end_of_image>", "image_token": "<image_soft_token>",
    })
}

/// Merges that join neighbouring runs of spaces, so that a run of up to 31 becomes one piece.
fn space_merges() -> Vec<(String, String)> {
    let run = |n: usize| SPACE.to_string().repeat(n);
    let mut merges = Vec::new();
    for total in 2..=LONGEST_RUN {
        for left in 1..total {
            merges.push((run(left), run(total - left)));
        }
    }
    merges
}

/// Words with their counts; a word that follows a space carries it in front, as in the text that BPE sees. Labels and
/// the prompt weigh so much that their words become whole pieces.
fn words() -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    let mut count = |text: &str, weight: usize| {
        for line in text.lines() {
            for (index, word) in line.split(' ').filter(|word| !word.is_empty()).enumerate() {
                let (stem, tail) = word.split_at(word.trim_end_matches(['.', ',', '?', ':']).len());
                let space = if index > 0 {
                    SPACE.to_string()
                } else {
                    String::new()
                };
                *counts.entry(format!("{space}{stem}")).or_insert(0) += weight;
                if !tail.is_empty() {
                    *counts.entry(tail.to_owned()).or_insert(0) += weight;
                }
            }
        }
    };
    count(SENTENCES, 1);
    for phrase in LABELS
        .into_iter()
        .chain([PROMPT, "yes", "no", "Yes", "No", "right", "left", "none"])
    {
        count(phrase, 40);
        count(&format!("x {phrase}"), 20);
    }
    counts
}

/// Byte-pair merges by count; ties go to the pair that sorts first.
fn learn(words: &BTreeMap<String, usize>) -> Vec<(String, String)> {
    let mut split: Vec<(Vec<String>, usize)> = words
        .iter()
        .map(|(word, n)| (word.chars().map(String::from).collect(), *n))
        .collect();
    let mut merges = Vec::new();
    let mut known = BTreeSet::new();
    while merges.len() < MERGES {
        let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for (pieces, n) in &split {
            for pair in pieces.windows(2) {
                *counts.entry((&pair[0], &pair[1])).or_insert(0) += n;
            }
        }
        // BTreeMap iterates in order and the first of equal counts is kept.
        let best = counts.into_iter().fold(
            None,
            |best: Option<((&str, &str), usize)>, (pair, n)| match best {
                Some((_, most)) if most >= n => best,
                _ => Some((pair, n)),
            },
        );
        let Some(((left, right), n)) = best else { break };
        if n < 2 {
            break;
        }
        let (left, right) = (left.to_owned(), right.to_owned());
        let joined = format!("{left}{right}");
        for (pieces, _) in &mut split {
            let mut index = 0;
            while index + 1 < pieces.len() {
                if pieces[index] == left && pieces[index + 1] == right {
                    pieces[index].clone_from(&joined);
                    pieces.remove(index + 1);
                }
                index += 1;
            }
        }
        if known.insert((left.clone(), right.clone())) {
            merges.push((left, right));
        }
    }
    merges
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load() -> (Tokenizer, tokenizers::Tokenizer) {
        let made = Tokenizer::build();
        let loaded = tokenizers::Tokenizer::from_bytes(made.to_json().to_string().as_bytes()).unwrap();
        (made, loaded)
    }

    fn ids(tokenizer: &tokenizers::Tokenizer, text: &str) -> Vec<u32> {
        tokenizer.encode(text, false).unwrap().get_ids().to_vec()
    }

    #[test]
    fn the_tokenizers_crate_loads_it_and_text_survives() {
        let (made, loaded) = load();
        assert_eq!(loaded.get_vocab_size(true), made.len());
        for text in [
            "Which finding is present?",
            "  two spaces,   three\n\nlines\tand a tab",
            "Émile's naïve ≥ 5 µm 肺 🫁",
            "<b>bold</b> {json: [1, 2]}",
            "pleural effusion",
        ] {
            let decoded = loaded.decode(&ids(&loaded, text), false).unwrap();
            assert_eq!(decoded, text);
        }
        let with_start = loaded.encode("a", true).unwrap();
        assert_eq!(with_start.get_ids()[0], 2);
    }

    #[test]
    fn ids_follow_the_published_layout() {
        let (made, loaded) = load();
        let id = |token: &str| loaded.token_to_id(token);
        let fixed = [
            ("<pad>", 0),
            ("<eos>", 1),
            ("<bos>", 2),
            ("<unk>", 3),
            ("<unused0>", 6),
            ("<unused94>", 100),
            ("<start_of_turn>", 105),
            ("<end_of_turn>", 106),
            ("\n", 107),
            ("\n\n\n", 109),
            ("▁▁", 138),
            ("<0x00>", 238),
            ("<0xFF>", 493),
        ];
        for (token, expected) in fixed {
            assert_eq!(id(token), Some(expected), "{token:?}");
        }
        assert_eq!(id("<image_soft_token>"), Some(made.image_token() as u32));
        let unique: BTreeSet<&String> = made.pieces.iter().collect();
        assert_eq!(unique.len(), made.pieces.len());
    }

    #[test]
    fn newline_runs_merge_across_an_image_mark() {
        let (made, loaded) = load();
        let image = format!(
            "\n\n<start_of_image>{}<end_of_image>\n\n",
            "<image_soft_token>".repeat(2)
        );
        let got = ids(&loaded, &format!("<bos><start_of_turn>user\n{image}{image}x"));
        let (start, end, soft) = (made.start_of_image(), made.end_of_image(), made.image_token());
        assert_eq!(got[..2], [2, 105]);
        let [start, end, soft] = [start, end, soft].map(|id| id as u32);
        let marks = [109, start, soft, soft, end, 110, start, soft, soft, end, 108];
        assert_eq!(got[got.len() - 12..got.len() - 1], marks);
        assert!(
            got.contains(&109),
            "user turn that starts with an image: three newlines are one token"
        );
    }

    #[test]
    fn runs_of_spaces_and_label_words_are_single_pieces() {
        let (_, loaded) = load();
        for n in 2..=31 {
            assert_eq!(ids(&loaded, &" ".repeat(n)).len(), 1, "{n}");
        }
        for label in LABELS {
            let words = label.split(' ').count();
            assert_eq!(ids(&loaded, label).len(), words, "{label}");
        }
    }
}
