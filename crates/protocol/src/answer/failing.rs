//! Why a text without an answer has none: it declines, it repeats itself, it is in another language.

use super::words::each_word;

/// What declines by itself, in folded words.
const DECLINES: [&str; 22] = [
    "i cannot",
    "i can't",
    "i can not",
    "i am unable",
    "i'm unable",
    "i am not able",
    "i'm not able",
    "i won't",
    "i am not qualified",
    "i'm not qualified",
    "not able to provide",
    "unable to provide",
    "unable to interpret",
    "unable to analyze",
    "unable to diagnose",
    "cannot interpret",
    "cannot provide",
    "cannot diagnose",
    "cannot give medical",
    "can't provide",
    "can't assist",
    "cannot assist",
];
/// Verbs after `I cannot` that say what is not seen, which is an answer.
const SEEING: [&str; 12] = [
    "see",
    "identify",
    "find",
    "detect",
    "appreciate",
    "exclude",
    "rule",
    "confirm",
    "visualise",
    "visualize",
    "recognise",
    "recognize",
];
/// Words that, after such a verb, say that the picture itself is not seen.
const PICTURE: [&str; 8] = [
    "image",
    "images",
    "picture",
    "pictures",
    "attachment",
    "photo",
    "file",
    "scan",
];
/// What only warns. A text that holds nothing else declines too.
const WARNS: [&str; 8] = [
    "as an ai",
    "as a large language model",
    "as a language model",
    "consult a",
    "consult your",
    "not a substitute for",
    "not a medical",
    "seek medical",
];
/// Words of a text that may consist of a warning alone.
const SHORT: usize = 60;

/// True when a text declines to answer. Ask only where no answer was found: a disclaimer beside an answer is none.
pub fn refuses(text: &str) -> bool {
    let mut words: Vec<String> = Vec::new();
    each_word(text, |word, _| {
        if words.len() < 4096 {
            words.push(word.to_owned());
        }
    });
    let has = |phrase: &str, at: usize| {
        let mut i = at;
        for word in phrase.split(' ') {
            if words.get(i).is_none_or(|own| own != word) {
                return None;
            }
            i += 1;
        }
        Some(i)
    };
    let seen = |after: usize| {
        let verb = words
            .get(after..)
            .unwrap_or_default()
            .iter()
            .position(|w| w != "to" && w != "clearly");
        let at = after + verb.unwrap_or(0);
        let verb = words.get(at).is_some_and(|w| SEEING.contains(&w.as_str()));
        let object = words.get(at + 1..).unwrap_or_default().iter().take(3);
        verb && !object.into_iter().any(|w| PICTURE.contains(&w.as_str()))
    };
    (0..words.len()).any(|at| {
        DECLINES
            .iter()
            .any(|phrase| has(phrase, at).is_some_and(|after| !seen(after)))
            || words.len() <= SHORT && WARNS.iter().any(|phrase| has(phrase, at).is_some())
    })
}

/// Words at the end that are looked at for a loop.
const LOOP_WORDS: usize = 2048;
/// Longest period of a loop, in words.
const LONGEST_PERIOD: usize = 64;
/// Times that a period comes at least.
const TIMES: usize = 8;
/// Words that a loop fills at least.
const LEAST: usize = 40;

/// True when the text ends by repeating the same words at least eight times and at least forty words long.
pub fn loops(text: &str) -> bool {
    let mut from = text.len().saturating_sub(LOOP_WORDS * 8);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let mut words: Vec<String> = Vec::new();
    each_word(text.get(from..).unwrap_or_default(), |word, _| {
        words.push(word.to_owned())
    });
    // The last word may be cut short by the token limit.
    for words in [
        words.as_slice(),
        words.get(..words.len().saturating_sub(1)).unwrap_or_default(),
    ] {
        for period in 1..=LONGEST_PERIOD.min(words.len() / TIMES) {
            let later = words.iter().rev();
            let earlier = words.iter().rev().skip(period);
            let run = later.zip(earlier).take_while(|(a, b)| a == b).count() + period;
            if run >= LEAST.max(period * TIMES) {
                return true;
            }
        }
    }
    false
}

/// Common words of other languages that are no English words.
const FOREIGN: [&[&str]; 5] = [
    &[
        "der", "die", "und", "ist", "nicht", "kein", "keine", "mit", "eine", "zeigt", "auf", "ein", "das",
        "im", "sich",
    ],
    &[
        "le", "les", "une", "est", "dans", "avec", "du", "des", "pas", "sur", "cette", "il", "sans", "la",
    ],
    &[
        "el", "los", "las", "una", "con", "sin", "del", "se", "muestra", "por", "para", "es", "en",
    ],
    &[
        "il", "gli", "della", "con", "una", "sono", "nel", "si", "che", "non", "di", "per", "senza",
    ],
    &[
        "uma", "com", "sem", "da", "do", "na", "no", "os", "nao", "imagem", "em", "para",
    ],
];
/// Common English words.
const ENGLISH: [&str; 16] = [
    "the", "is", "of", "and", "there", "with", "this", "are", "to", "image", "shows", "it", "not", "be",
    "that", "was",
];

/// True when a text is plainly not English: most of its letters are of another script, or it holds at least three, and
/// a sixth of its words, common words of one other language and more of them than English ones.
pub fn foreign(text: &str) -> bool {
    let (mut latin, mut other) = (0_usize, 0_usize);
    for c in text.chars().filter(|c| c.is_alphabetic()).take(4096) {
        // Greek letters name things in English texts, too few to be the most.
        if c < '\u{250}' || ('\u{1e00}'..'\u{1f00}').contains(&c) {
            latin += 1;
        } else {
            other += 1;
        }
    }
    if other > latin {
        return true;
    }
    let mut total = 0_usize;
    let mut english = 0_usize;
    let mut counts = [0_usize; FOREIGN.len()];
    each_word(text, |word, _| {
        if total >= 512 {
            return;
        }
        total += 1;
        english += usize::from(ENGLISH.contains(&word));
        for (count, words) in counts.iter_mut().zip(FOREIGN) {
            *count += usize::from(words.contains(&word));
        }
    });
    let most = counts.into_iter().max().unwrap_or(0);
    most >= 3 && most * 6 >= total && most > english
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declining_is_told_from_seeing_nothing() {
        for text in [
            "I cannot read this image.",
            "I'm unable to help.",
            "I can’t see the image you sent.",
            "As an AI, I must ask you to consult a physician.",
            "Sorry, I cannot provide a diagnosis.",
        ] {
            assert!(refuses(text), "{text}");
        }
        for text in [
            "I cannot see a pneumothorax.",
            "I am unable to identify any fracture.",
            "The lungs are clear.",
            "",
        ] {
            assert!(!refuses(text), "{text}");
        }
    }

    #[test]
    fn repeating_is_told_from_listing() {
        assert!(loops(&"the ".repeat(100)));
        assert!(loops(&format!(
            "Well. {}the lung is",
            "the lung is clear and ".repeat(20)
        )));
        assert!(
            !loops(&"no ".repeat(10)),
            "ten times of one word may be an answer"
        );
        assert!(!loops(
            "The lungs are clear. The heart is normal. The bones are intact."
        ));
        assert!(loops(&"the the the ".repeat(90_000)), "a megabyte of it");
    }

    #[test]
    fn other_languages_are_told() {
        for text in [
            "Die Aufnahme zeigt eine Verschattung und ist nicht normal.",
            "L'image montre une opacité dans le poumon avec un épanchement.",
            "胸部X线未见异常",
            "Картина без патологии",
        ] {
            assert!(foreign(text), "{text}");
        }
        for text in [
            "The image shows no opacity.",
            "Pneumonie",
            "α-synuclein deposits",
            "en face view",
            "No. CT.",
        ] {
            assert!(!foreign(text), "{text}");
        }
    }
}
