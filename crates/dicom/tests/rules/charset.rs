//! Specific Character Set (PS3.3 C.12.1.1.2, PS3.5 6.1.2, annexes H to K): single sets, code extensions, names, nested
//! items, and what writers get wrong. Texts are given as the bytes that the sets' own tables give.

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use overread_dicom::dataset;

use crate::write::{BIG, Data, EXPLICIT, File, IMPLICIT, Value, explicit};
use crate::{open, row16, text_of};

const FIELD: Tag = tags::STUDY_DESCRIPTION;

fn data(set: &str, field: &[u8]) -> Data {
    row16(&[1])
        .text(tags::SPECIFIC_CHARACTER_SET, "CS", set)
        .bytes(FIELD, "LO", field)
}

/// The text of a field under a character set, which must be the same in every form of the data set.
#[track_caller]
fn reads(set: &str, field: &[u8], expected: &str) {
    for syntax in [EXPLICIT, IMPLICIT, BIG] {
        let bytes = File::new(syntax).around(&data(set, field));
        assert_eq!(
            text_of(&bytes, FIELD).as_deref(),
            Some(expected),
            "{set} in {syntax}"
        );
    }
}

/// A person's name as it is shown in all its component groups.
#[track_caller]
fn name_reads(set: &str, name: &[u8], expected: &str) {
    let data =
        row16(&[1])
            .text(tags::SPECIFIC_CHARACTER_SET, "CS", set)
            .bytes(tags::PATIENT_NAME, "PN", name);
    for syntax in [EXPLICIT, IMPLICIT, BIG] {
        let bytes = File::new(syntax).around(&data);
        assert_eq!(
            text_of(&bytes, tags::PATIENT_NAME).as_deref(),
            Some(expected),
            "{set} in {syntax}"
        );
    }
}

#[test]
fn the_default_repertoire_is_ascii() {
    reads("", b"CHEST PA", "CHEST PA");
    reads("ISO_IR 6", b"CHEST PA", "CHEST PA");
    reads("ISO 2022 IR 6", b"CHEST PA", "CHEST PA");
}

#[test]
fn latin_1_is_iso_ir_100() {
    reads("ISO_IR 100", b"Buc^J\xe9r\xf4me", "Buc^Jérôme");
}

#[test]
fn latin_2_is_iso_ir_101() {
    reads("ISO_IR 101", b"Wa\xb3\xeasa \xc8", "Wałęsa Č");
}

#[test]
fn latin_3_is_iso_ir_109() {
    reads("ISO_IR 109", b"\xe6ajla\xfd \xa1", "ĉajlaŭ Ħ");
}

#[test]
fn latin_4_is_iso_ir_110() {
    reads("ISO_IR 110", b"\xd0emaitija \xe0", "Đemaitija ā");
}

#[test]
fn latin_5_is_iso_ir_148() {
    reads("ISO_IR 148", b"Ya\xf0mur \xdd\xfe", "Yağmur İş");
}

#[test]
fn latin_9_is_iso_ir_203() {
    reads("ISO_IR 203", b"c\xbdur \xa4 \xb4", "cœur € Ž");
}

#[test]
fn cyrillic_is_iso_ir_144() {
    reads("ISO_IR 144", b"\xbb\xee\xdace\xdc\xd1yp\xd3", "Люкceмбypг");
}

#[test]
fn arabic_is_iso_ir_127() {
    reads("ISO_IR 127", b"\xe2\xc8\xc7\xe6\xea", "قباني");
}

#[test]
fn greek_is_iso_ir_126() {
    reads("ISO_IR 126", b"\xc4\xe9\xef\xed\xf5\xf3\xdf\xef\xf2", "Διονυσίος");
}

#[test]
fn hebrew_is_iso_ir_138() {
    reads("ISO_IR 138", b"\xf9\xf8\xe5\xef", "שרון");
}

#[test]
fn thai_is_iso_ir_166() {
    reads("ISO_IR 166", b"\xb9\xd2\xc1\xca\xa1\xd8\xc5", "นามสกุล");
}

#[test]
fn katakana_of_jis_x_0201_is_iso_ir_13() {
    name_reads("ISO_IR 13", b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3", "ﾔﾏﾀﾞ^ﾀﾛｳ");
}

#[test]
fn bytes_that_jis_x_0201_lacks_are_replaced() {
    reads("ISO_IR 13", b"\xb1\x88\x9f\xb2", "ｱ\u{FFFD}\u{FFFD}ｲ");
}

#[test]
fn utf_8_is_iso_ir_192() {
    name_reads(
        "ISO_IR 192",
        "Wang^XiaoDong=王^小東=".as_bytes(),
        "Wang^XiaoDong=王^小東=",
    );
}

#[test]
fn gb18030_takes_one_two_or_four_bytes() {
    name_reads(
        "GB18030",
        b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab=",
        "Wang^XiaoDong=王^小东=",
    );
    reads("GB18030", b"\x81\x39\xee\x39", "㐀");
}

#[test]
fn a_second_byte_of_gb18030_may_look_like_a_delimiter() {
    // 0x815C is 乗 with a backslash, 0x8E5E has a caret.
    reads("GB18030", b"a\x81\x5cb", "a乗b");
    reads("GBK", b"a\x81\x5cb", "a乗b");
    let data = row16(&[1])
        .text(tags::SPECIFIC_CHARACTER_SET, "CS", "GB18030")
        .bytes(tags::PATIENT_NAME, "PN", b"\x81\x5c^\x8e\x5e");
    assert_eq!(
        text_of(&explicit(&data), tags::PATIENT_NAME).as_deref(),
        Some("乗^巀")
    );
}

#[test]
fn kanji_of_jis_x_0208_come_by_escape() {
    name_reads(
        "\\ISO 2022 IR 87",
        b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
        "Yamada^Tarou=山田^太郎=やまだ^たろう",
    );
}

#[test]
fn kanji_stand_beside_katakana() {
    name_reads(
        "ISO 2022 IR 13\\ISO 2022 IR 87",
        b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J",
        "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
    );
}

#[test]
fn supplementary_kanji_of_jis_x_0212_come_by_escape() {
    // Row 16, cell 1 of JIS X 0212 is U+4E02.
    reads("\\ISO 2022 IR 159", b"a\x1b$(D\x30\x21\x1b(Bb", "a丂b");
}

#[test]
fn hangul_of_ks_x_1001_come_by_escape() {
    name_reads(
        "\\ISO 2022 IR 149",
        b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
        "Hong^Gildong=洪^吉洞=홍^길동",
    );
}

#[test]
fn simplified_chinese_of_gb_2312_comes_by_escape() {
    name_reads(
        "\\ISO 2022 IR 58",
        b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=",
        "Zhang^XiaoDong=张^小东=",
    );
}

#[test]
fn every_single_byte_set_comes_by_its_escape() {
    for (term, escape, byte, letter) in [
        ("ISO 2022 IR 100", b"\x1b-A", 0xe9_u8, "é"),
        ("ISO 2022 IR 101", b"\x1b-B", 0xb3, "ł"),
        ("ISO 2022 IR 109", b"\x1b-C", 0xa1, "Ħ"),
        ("ISO 2022 IR 110", b"\x1b-D", 0xe0, "ā"),
        ("ISO 2022 IR 144", b"\x1b-L", 0xbb, "Л"),
        ("ISO 2022 IR 127", b"\x1b-G", 0xc8, "ب"),
        ("ISO 2022 IR 126", b"\x1b-F", 0xc4, "Δ"),
        ("ISO 2022 IR 138", b"\x1b-H", 0xf9, "ש"),
        ("ISO 2022 IR 148", b"\x1b-M", 0xf0, "ğ"),
        ("ISO 2022 IR 203", b"\x1b-b", 0xa4, "€"),
        ("ISO 2022 IR 166", b"\x1b-T", 0xb9, "น"),
    ] {
        let mut field = b"x".to_vec();
        field.extend(escape);
        field.push(byte);
        reads(&format!("\\{term}"), &field, &format!("x{letter}"));
    }
}

#[test]
fn a_delimiter_brings_the_first_set_back() {
    name_reads("ISO 2022 IR 100\\ISO 2022 IR 144", b"\x1b-L\xbb^\xe4", "Л^ä");
}

#[test]
fn several_values_are_taken_apart_after_decoding() {
    let data = row16(&[1])
        .text(tags::SPECIFIC_CHARACTER_SET, "CS", "\\ISO 2022 IR 87")
        .bytes(
            tags::OTHER_PATIENT_NAMES,
            "PN",
            b"\x1b$B;3ED\x1b(B\\\x1b$BB@O:\x1b(B",
        );
    let file = open(&explicit(&data)).expect("opens");
    assert_eq!(
        dataset::texts(&file.dataset, tags::OTHER_PATIENT_NAMES),
        ["山田", "太郎"]
    );
    let kanji_with_a_backslash_byte = data.bytes(tags::OTHER_PATIENT_NAMES, "PN", b"\x1b$B\x3b\x5c\x1b(B\\B");
    let file = open(&explicit(&kanji_with_a_backslash_byte)).expect("opens");
    assert_eq!(dataset::texts(&file.dataset, tags::OTHER_PATIENT_NAMES).len(), 2);
}

#[test]
fn long_texts_keep_their_lines_and_backslashes() {
    let data = row16(&[1])
        .text(tags::SPECIFIC_CHARACTER_SET, "CS", "ISO_IR 144")
        .bytes(tags::IMAGE_COMMENTS, "LT", b"\xbb\\\xbb\r\n\xbb");
    let file = open(&explicit(&data)).expect("opens");
    assert_eq!(
        dataset::whole_text(&file.dataset, tags::IMAGE_COMMENTS).as_deref(),
        Some("Л\\Л\r\nЛ")
    );
}

#[test]
fn the_first_component_group_that_says_anything_is_shown() {
    let shown = |name: &[u8]| {
        let data = row16(&[1])
            .text(tags::SPECIFIC_CHARACTER_SET, "CS", "ISO_IR 192")
            .bytes(tags::PATIENT_NAME, "PN", name);
        crate::header(&explicit(&data))
            .expect("an image")
            .patient
            .name
            .clone()
    };
    assert_eq!(shown(b"Yamada^Tarou=X=Y"), "Yamada, Tarou");
    assert_eq!(shown("=山田^太郎=".as_bytes()), "山田, 太郎");
    assert_eq!(shown(b""), "");
}

fn item(set: Option<&str>, meaning: &[u8]) -> Data {
    let item = Data::new().bytes(tags::CODE_MEANING, "LO", meaning);
    match set {
        Some(set) => item.text(tags::SPECIFIC_CHARACTER_SET, "CS", set),
        None => item,
    }
}

/// Meanings of the items under a root with that set.
fn meanings(root: &str, items: Vec<Data>) -> Vec<String> {
    let mut found = Vec::new();
    for syntax in [EXPLICIT, IMPLICIT, BIG] {
        let data = data(root, b"x").put(
            tags::PROCEDURE_CODE_SEQUENCE,
            "SQ",
            Value::OpenItems(items.clone()),
        );
        let file = open(&File::new(syntax).around(&data)).expect("opens");
        found = dataset::items(&file.dataset, tags::PROCEDURE_CODE_SEQUENCE)
            .iter()
            .map(|i| dataset::text(i, tags::CODE_MEANING).unwrap_or_default())
            .collect();
        assert_eq!(found.len(), items.len(), "{syntax}");
    }
    found
}

#[test]
fn items_are_read_under_the_set_of_the_data_set() {
    assert_eq!(meanings("ISO_IR 144", vec![item(None, b"\xbb")]), ["Л"]);
    assert_eq!(
        meanings("\\ISO 2022 IR 87", vec![item(None, b"\x1b$B;3ED\x1b(B")]),
        ["山田"]
    );
}

#[test]
fn an_item_may_name_a_set_of_its_own() {
    let items = || {
        vec![
            item(Some("ISO_IR 144"), b"\xbb"),
            item(Some("\\ISO 2022 IR 87"), b"\x1b$B;3ED\x1b(B"),
            item(Some("GB18030"), b"\xcd\xf5"),
            item(None, b"\xe9"),
        ]
    };
    assert_eq!(meanings("ISO_IR 100", items()), ["Л", "山田", "王", "é"]);
    assert_eq!(
        meanings("ISO 2022 IR 100\\ISO 2022 IR 144", items()),
        ["Л", "山田", "王", "é"]
    );
}

#[test]
fn items_inside_items_take_the_nearest_set() {
    let inner = Data::new().bytes(tags::CODE_MEANING, "LO", b"\xbb");
    let outer = Data::new()
        .text(tags::SPECIFIC_CHARACTER_SET, "CS", "ISO_IR 144")
        .items(tags::CONCEPT_NAME_CODE_SEQUENCE, vec![inner]);
    let data = data("ISO_IR 100", b"x").items(tags::PROCEDURE_CODE_SEQUENCE, vec![outer]);
    let file = open(&explicit(&data)).expect("opens");
    let found = dataset::item(&file.dataset, tags::PROCEDURE_CODE_SEQUENCE)
        .and_then(|o| dataset::item(o, tags::CONCEPT_NAME_CODE_SEQUENCE))
        .and_then(|i| dataset::text(i, tags::CODE_MEANING));
    assert_eq!(found.as_deref(), Some("Л"));
}

#[test]
fn terms_that_are_nearly_right_are_understood() {
    for term in [
        "ISO_IR 144",
        "ISO IR 144",
        "ISO_IR_144",
        "ISO-IR 144",
        "ISO_IR144",
        "iso_ir 144",
        "ISO-8859-5",
        "ISO8859_5",
    ] {
        reads(term, b"\xbb", "Л");
    }
    for term in ["ISO_IR 192", "UTF-8", "UTF8", "utf-8", "ISO 2022 IR 192"] {
        reads(term, "Л".as_bytes(), "Л");
    }
    for term in ["GB18030", "GBK", "GB2312", "gb18030"] {
        reads(term, b"\xcd\xf5", "王");
    }
    for term in ["SHIFT_JIS", "Shift-JIS", "SJIS"] {
        reads(term, b"\x8e\x52\x93\x63", "山田");
    }
}

#[test]
fn an_unknown_term_is_read_as_latin_1_and_never_an_error() {
    for term in ["ISO_IR 999", "KLINGON", "\u{1}", "ISO_IR"] {
        reads(term, b"a\xe9", "aé");
    }
}

#[test]
fn bytes_that_mean_nothing_are_replaced_and_never_an_error() {
    reads("ISO_IR 192", b"a\xffb", "a\u{FFFD}b");
    reads("GB18030", b"a\xff ", "a\u{FFFD}");
    reads("ISO_IR 126", b"a\xd2b", "a\u{FFFD}b");
    reads("\\ISO 2022 IR 87", b"\x1b$B\x7e\x7e\x1b(Bb", "\u{FFFD}b");
}

#[test]
fn escapes_that_break_off_are_left_out() {
    for field in [&b"AB\x1b"[..], b"AB\x1b$", b"AB\x1b$(", b"AB\x1b$B", b"AB\x1b-"] {
        let read = text_of(
            &explicit(&data("\\ISO 2022 IR 87\\ISO 2022 IR 159", field)),
            FIELD,
        );
        assert!(
            read.as_deref().is_some_and(|t| t.starts_with("AB")),
            "{field:?} {read:?}"
        );
        assert!(!read.expect("text").contains('\u{1b}'), "{field:?}");
    }
}

#[test]
fn an_escape_to_an_unnamed_set_is_followed_all_the_same() {
    reads("ISO 2022 IR 100\\ISO 2022 IR 87", b"x\x1b-L\xbb", "xЛ");
}

#[test]
fn escapes_without_code_extensions_are_followed_too() {
    // A single term that has none, as several makers of scanners write it.
    reads("ISO_IR 100", b"\x1b$B;3ED\x1b(B", "山田");
    reads("", b"\x1b$B;3ED\x1b(B", "山田");
}

#[test]
fn codes_and_identifiers_are_never_decoded() {
    let data = row16(&[1])
        .text(tags::SPECIFIC_CHARACTER_SET, "CS", "ISO_IR 13")
        .text(tags::IMAGE_TYPE, "CS", "ORIGINAL\\PRIMARY");
    let file = open(&explicit(&data)).expect("opens");
    assert_eq!(
        dataset::texts(&file.dataset, tags::IMAGE_TYPE),
        ["ORIGINAL", "PRIMARY"]
    );
}
