//! Damage that a walk must survive, byte by byte.

use super::*;

#[test]
fn a_compressed_icon_is_stepped_over_without_looking_inside() {
    let mut bytes = vec![0x88, 0, 0, 2, b'S', b'Q', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF];
    bytes.extend([0xFE, 0xFF, 0x00, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF]);
    bytes.extend([0xE0, 0x7F, 0x10, 0, b'O', b'B', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]);
    bytes.extend([0xFE, 0xFF, 0x00, 0xE0, 0, 0, 0, 0]);
    bytes.extend([0xFE, 0xFF, 0x00, 0xE0, 4, 0, 0, 0, 1, 2, 3, 4]);
    bytes.extend([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
    bytes.extend([0xFE, 0xFF, 0x0D, 0xE0, 0, 0, 0, 0]);
    bytes.extend([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
    let end = bytes.len();
    assert_eq!(walk_all(&bytes), Walked::Complete { end, pixels: None });
}

fn walk_all(bytes: &[u8]) -> Walked {
    walk(bytes, 0, 0, true, Encoding::ExplicitLittle).0
}

#[test]
fn finds_pixel_data_without_reading_it() {
    let mut bytes = vec![0x28, 0, 0x10, 0, b'U', b'S', 2, 0, 4, 0];
    let at = bytes.len();
    bytes.extend([0xE0, 0x7F, 0x10, 0, b'O', b'W', 0, 0, 0xF0, 0xFF, 0xFF, 0x7F]);
    match walk(&bytes, 0, 100, false, Encoding::ExplicitLittle).0 {
        Walked::Complete { end, pixels: Some(p) } => {
            assert_eq!(end, at);
            assert_eq!(
                (p.offset, p.length, p.words),
                (100 + at as u64 + 12, Some(0x7FFF_FFF0), true)
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_length_beyond_the_file_is_damage() {
    let bytes = [0x10, 0, 0x10, 0, b'P', b'N', 200, 0, b'A'];
    assert!(matches!(walk_all(&bytes), Walked::Damaged { end: 0, .. }));
    assert_eq!(
        walk(&bytes, 0, 0, false, Encoding::ExplicitLittle).0,
        Walked::NeedMore
    );
}

#[test]
fn what_the_parser_would_take_for_a_length_is_noticed() {
    let strange = [0x10, 0, 0x10, 0, b'Q', b'T', 4, 0, b'A', b'B', b'C', b'D'];
    assert!(walk(&strange, 0, 0, true, Encoding::ExplicitLittle).1);
    // A sequence of sound length whose item holds an element of two gigabytes.
    let mut lying = vec![0x40, 0, 0x75, 0xA1, b'S', b'Q', 0, 0, 20, 0, 0, 0];
    lying.extend([0xFE, 0xFF, 0x00, 0xE0, 12, 0, 0, 0]);
    lying.extend([0x10, 0, 0x10, 0, b'U', b'T', 0, 0, 0xFF, 0xFF, 0xFF, 0x7F]);
    let end = lying.len();
    let walked = walk(&lying, 0, 0, true, Encoding::ExplicitLittle);
    assert_eq!(walked, (Walked::Complete { end, pixels: None }, true));
}

#[test]
fn a_stray_delimiter_is_not_for_the_parser() {
    let mut bytes = vec![0xFE, 0xFF, 0x00, 0xE0, 0xF0, 0xFF, 0xFF, 0x7F];
    bytes.extend([0x28, 0, 0x10, 0, b'U', b'S', 2, 0, 4, 0]);
    for encoding in [Encoding::ExplicitLittle, Encoding::ImplicitLittle] {
        let (walked, untidy) = walk(&bytes, 0, 0, true, encoding);
        assert!(untidy, "{walked:?}");
    }
    let named = crate::unknown::name(&bytes, 0, bytes.len());
    assert_eq!(named, bytes[8..]);
}

#[test]
fn deep_nesting_is_refused_before_it_recurses() {
    let mut bytes = Vec::new();
    for _ in 0..20_000 {
        bytes.extend([0x40, 0, 0x75, 0xA1, b'S', b'Q', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]);
        bytes.extend([0xFE, 0xFF, 0x00, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF]);
    }
    match walk_all(&bytes) {
        Walked::Damaged { reason, .. } => assert!(reason.contains("nested")),
        other => panic!("{other:?}"),
    }
}
