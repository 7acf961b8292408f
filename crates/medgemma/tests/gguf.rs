//! GGUF files against the reference's own files for the same model; a printed skip where the shared folder is absent.

use overread_medgemma::files::ModelFiles;
use overread_medgemma::tokenizer::Tokenizer;

/// A number sequence of its own, so that the strings are the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

#[test]
fn the_token_list_gives_the_ids_of_tokenizer_json() {
    let Some(checkpoints) = overread_testkit::shared("checkpoints") else {
        return;
    };
    let own = ModelFiles::open(&checkpoints.join("tiny-gguf"))
        .expect("opens")
        .tokenizer;
    let reference = Tokenizer::read(&checkpoints.join("tiny-hub")).expect("reads");
    let pieces = [
        " ",
        "   ",
        "\n",
        "\n\n\n",
        "\t",
        "▁",
        "▁▁▁",
        "three",
        "pneumothorax",
        "Effusion",
        "é",
        "漢",
        "🙂",
        "e\u{301}",
        "<b>",
        "</h1>",
        "<start_of_turn>",
        "<end_of_turn>",
        "<unused99>",
        "<0x41>",
        "12.5%",
        "SLICE 3",
        "a",
        "yes",
        "No",
        "\u{200d}",
        "[PAD1599]",
        "<image_soft_token>",
    ];
    let mut dice = Dice(7);
    let long = " ".repeat(40);
    let mut texts: Vec<String> = vec![
        String::new(),
        long.clone(),
        format!("{long}x"),
        "   three".to_owned(),
    ];
    for _ in 0..3000 {
        let n = 1 + dice.roll(12);
        texts.push((0..n).map(|_| pieces[dice.roll(pieces.len())]).collect());
    }
    for text in &texts {
        let (a, b) = (
            own.encode(text).expect("encodes"),
            reference.encode(text).expect("encodes"),
        );
        assert_eq!(a, b, "{text:?}");
        assert_eq!(own.decode(&a, true), reference.decode(&a, true), "{text:?}");
        assert_eq!(own.decode(&a, false), reference.decode(&a, false), "{text:?}");
    }
    for mark in ["<bos>", "<end_of_turn>", "<start_of_image>", "<image_soft_token>"] {
        assert_eq!(own.id(mark), reference.id(mark), "{mark}");
    }
}
