//! spiece.model, SentencePiece's own file (a protocol buffer): its Unigram vocabulary as a tokenizer.

use serde_json::{Value, json};
use tokenizers::Tokenizer;

/// Most pieces; the largest published SigLIP vocabulary has 256 thousand.
const MOST_PIECES: usize = 1 << 20;

/// A field of a message: number and content.
enum Field<'a> {
    Number(u64),
    Four([u8; 4]),
    Bytes(&'a [u8]),
}

/// Splits a message into its fields.
fn fields(mut bytes: &[u8]) -> Result<Vec<(u64, Field<'_>)>, String> {
    let broken = || "it is no SentencePiece model: a field is cut off".to_owned();
    let mut out = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes).ok_or_else(broken)?;
        let field = match tag & 7 {
            0 => Field::Number(varint(&mut bytes).ok_or_else(broken)?),
            1 => {
                let (_, rest) = bytes.split_first_chunk::<8>().ok_or_else(broken)?;
                bytes = rest;
                continue;
            }
            2 => {
                let length = varint(&mut bytes)
                    .and_then(|n| usize::try_from(n).ok())
                    .ok_or_else(broken)?;
                let (content, rest) = bytes.split_at_checked(length).ok_or_else(broken)?;
                bytes = rest;
                Field::Bytes(content)
            }
            5 => {
                let (four, rest) = bytes.split_first_chunk::<4>().ok_or_else(broken)?;
                bytes = rest;
                Field::Four(*four)
            }
            _ => return Err(broken()),
        };
        out.push((tag >> 3, field));
    }
    Ok(out)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// A tokenizer of a model file; the error is a reason in words.
pub(super) fn tokenizer(bytes: &[u8]) -> Result<Tokenizer, String> {
    let json = describe(bytes)?;
    Tokenizer::from_bytes(json.to_string()).map_err(|error| error.to_string())
}

/// The same as a tokenizer.json.
fn describe(bytes: &[u8]) -> Result<Value, String> {
    let mut vocabulary: Vec<Value> = Vec::new();
    let mut added = Vec::new();
    let (mut model_type, mut unknown, mut end, mut fallback) = (1, 0, 2, false);
    let (mut charsmap, mut prefix, mut squeeze): (&[u8], bool, bool) = (&[], true, true);
    for (number, field) in fields(bytes)? {
        let Field::Bytes(content) = field else { continue };
        match number {
            1 => {
                if vocabulary.len() >= MOST_PIECES {
                    return Err(format!("it has more than {MOST_PIECES} pieces"));
                }
                let (piece, score, kind) = piece(content)?;
                if matches!(kind, 2 | 3) {
                    added.push(json!({
                        "id": vocabulary.len(), "content": piece, "single_word": false, "lstrip": false,
                        "rstrip": false, "normalized": false, "special": true
                    }));
                }
                vocabulary.push(json!([piece, score]));
            }
            2 => {
                for (key, field) in fields(content)? {
                    match (key, field) {
                        (3, Field::Number(v)) => model_type = v,
                        (35, Field::Number(v)) => fallback = v != 0,
                        (40, Field::Number(v)) => unknown = v,
                        (42, Field::Number(v)) => end = v,
                        _ => {}
                    }
                }
            }
            3 => {
                for (key, field) in fields(content)? {
                    match (key, field) {
                        (2, Field::Bytes(map)) => charsmap = map,
                        (3, Field::Number(v)) => prefix = v != 0,
                        (4, Field::Number(v)) => squeeze = v != 0,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    if model_type != 1 {
        return Err("its vocabulary is not of the Unigram kind; use a folder with tokenizer.json".to_owned());
    }
    let at = |id: u64| {
        usize::try_from(id)
            .ok()
            .and_then(|id| vocabulary.get(id)?[0].as_str().map(str::to_owned))
    };
    let end_piece = at(end).ok_or("it has no end mark")?;
    if at(unknown).is_none() {
        return Err("it has no piece for unknown words".to_owned());
    }
    let mut normalizers = Vec::new();
    if !charsmap.is_empty() {
        normalizers.push(json!({"type": "Precompiled", "precompiled_charsmap": base64(charsmap)}));
    }
    if squeeze {
        normalizers.push(json!({"type": "Strip", "strip_left": true, "strip_right": true}));
        normalizers.push(json!({"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}));
    }
    let space = json!({
        "type": "Metaspace", "replacement": "\u{2581}", "prepend_scheme": if prefix { "always" } else { "never" },
        "split": true
    });
    let text = json!({"Sequence": {"id": "A", "type_id": 0}});
    let mark = json!({"SpecialToken": {"id": end_piece, "type_id": 0}});
    Ok(json!({
        "version": "1.0", "truncation": null, "padding": null,
        "added_tokens": added,
        "normalizer": {"type": "Sequence", "normalizers": normalizers},
        "pre_tokenizer": space.clone(),
        "post_processor": {
            "type": "TemplateProcessing", "single": [text.clone(), mark.clone()],
            "pair": [text, mark],
            "special_tokens": {end_piece.clone(): {"id": end_piece.clone(), "ids": [end], "tokens": [end_piece]}}
        },
        "decoder": space,
        "model": {"type": "Unigram", "unk_id": unknown, "vocab": vocabulary, "byte_fallback": fallback}
    }))
}

/// Piece, score, kind (1 normal, 2 unknown, 3 control).
fn piece(bytes: &[u8]) -> Result<(String, f64, u64), String> {
    let (mut text, mut score, mut kind) = (String::new(), 0.0, 1);
    for (number, field) in fields(bytes)? {
        match (number, field) {
            (1, Field::Bytes(utf8)) => {
                text = String::from_utf8(utf8.to_vec()).map_err(|_| "a piece of it is no text".to_owned())?;
            }
            (2, Field::Four(four)) => score = f64::from(f32::from_le_bytes(four)),
            (3, Field::Number(v)) => kind = v,
            _ => {}
        }
    }
    if score.is_finite() {
        Ok((text, score, kind))
    } else {
        Err("a score of it is no number".to_owned())
    }
}

/// RFC 4648, padded.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let at = |i: usize| three.get(i).copied().map_or(0, u32::from);
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for i in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * i) & 63) as usize];
            out.push(if i > three.len() { '=' } else { char::from(digit) });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(number: u64, content: &[u8]) -> Vec<u8> {
        let mut out = vec![(number << 3 | 2) as u8, content.len() as u8];
        out.extend_from_slice(content);
        out
    }

    fn file(pieces: &[(&str, f32, u8)], model_type: u8) -> Vec<u8> {
        let mut out = Vec::new();
        for (text, score, kind) in pieces {
            let mut piece = field(1, text.as_bytes());
            piece.push(2 << 3 | 5);
            piece.extend(score.to_le_bytes());
            piece.extend([3 << 3, *kind]);
            out.extend(field(1, &piece));
        }
        // model_type 3, unk_id 40, eos_id 42: two bytes of tag for numbers past 15.
        out.extend(field(2, &[3 << 3, model_type, 0xc0, 0x02, 0, 0xd0, 0x02, 1]));
        out
    }

    const PIECES: [(&str, f32, u8); 6] = [
        ("<unk>", 0.0, 2),
        ("</s>", 0.0, 3),
        ("\u{2581}left", -2.0, 1),
        ("\u{2581}lung", -3.0, 1),
        ("s", -4.0, 1),
        ("\u{2581}", -5.0, 1),
    ];

    #[test]
    fn pieces_become_ids_and_the_end_mark_follows() {
        let tokenizer = tokenizer(&file(&PIECES, 1)).expect("reads");
        let ids = |text: &str| tokenizer.encode(text, true).expect("encodes").get_ids().to_vec();
        assert_eq!(ids("left lungs"), [2, 3, 4, 1]);
        assert_eq!(ids("  lung   left "), [3, 2, 1]);
        assert_eq!(ids("lung x"), [3, 5, 0, 1]);
    }

    #[test]
    fn files_that_are_no_such_vocabulary_are_refused() {
        assert!(tokenizer(&file(&PIECES, 2)).expect_err("BPE").contains("Unigram"));
        assert!(
            tokenizer(&file(&PIECES[..1], 1))
                .expect_err("no end")
                .contains("end mark")
        );
        let whole = file(&PIECES, 1);
        for cut in [1, 7, whole.len() - 1] {
            assert!(tokenizer(&whole[..cut]).is_err(), "cut at {cut}");
        }
        assert!(tokenizer(&[0xff; 40]).is_err());
    }

    #[test]
    fn base64_is_that_of_the_rfc() {
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
        ] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }
}
