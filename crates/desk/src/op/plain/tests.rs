//! Pictures made here and read back.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use ::tiff::encoder::{Compression, TiffEncoder, colortype};
use ::tiff::tags::Tag;
use image::{DynamicImage, GrayImage, ImageBuffer, ImageEncoder, ImageFormat, Luma, RgbImage};

use super::*;
use crate::op::open;
use crate::op::show::{self, Look, RawPixels, Values as Shown};
use crate::{Desk, DeskOptions};

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, bytes).expect("a file");
        path
    }
}

fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).expect("encoded");
    bytes.into_inner()
}

fn stored(path: &Path, frame: Option<u32>) -> RawPixels {
    show::pixels(path, frame, Shown::Stored, &Look::Default).expect("pixels")
}

fn grey() -> DynamicImage {
    DynamicImage::ImageLuma8(GrayImage::from_raw(4, 2, vec![0, 1, 2, 3, 250, 251, 252, 253]).expect("8 px"))
}

fn tiff_of(write: impl FnOnce(&mut TiffEncoder<Cursor<&mut Vec<u8>>>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(&mut TiffEncoder::new(Cursor::new(&mut bytes)).expect("a TIFF"));
    bytes
}

#[test]
fn grey_keeps_its_values_in_every_lossless_format() {
    let place = Place::new();
    let plain = vec![0, 1, 2, 3, 250, 251, 252, 253];
    for (name, format) in [("a.png", ImageFormat::Png), ("a.bmp", ImageFormat::Bmp)] {
        let path = place.file(name, &encoded(&grey(), format));
        assert!(is_picture(&path), "{name}");
        let found = stored(&path, Some(1));
        // A bitmap has a palette: it comes as colour.
        let expected: Vec<u8> = match found.shape.as_slice() {
            [2, 4] => plain.clone(),
            _ => plain.iter().flat_map(|v| [*v; 3]).collect(),
        };
        assert_eq!(found.bytes, expected, "{name}");
        let shown = show::pixels(&path, Some(1), Shown::Rgb, &Look::Default).expect("pixels");
        assert_eq!(
            shown.bytes,
            plain.iter().flat_map(|v| [*v; 3]).collect::<Vec<u8>>(),
            "{name}"
        );
    }
    let notes = place.file("notes.txt", b"BM hello");
    assert!(!is_picture(&notes));
    let torn = place.file("torn.png", b"\x89PNG\r\n\x1a\n");
    assert!(is_picture(&torn));
    assert!(
        matches!(header(&torn), Err(DicomError::Picture(_))),
        "a PNG that ends after its mark"
    );
}

#[test]
fn a_header_is_that_of_the_decoded_picture_and_names_nothing_of_the_file() {
    let place = Place::new();
    let path = place.file("pneumonia.png", &encoded(&grey(), ImageFormat::Png));
    let header = header(&path).expect("a header");
    let file = reopen(&header).expect("decoded");
    let whole = ImageHeader::read(&path, &file).expect("a header");
    assert_eq!(header.layout, whole.layout);
    assert_eq!(header.common, whole.common);
    assert!(header.warnings.is_empty(), "{:?}", header.warnings);
    assert!(
        !format!("{:?}", header.common)
            .to_lowercase()
            .contains("pneumonia")
    );
    assert_eq!(header.patient, overread_dicom::header::Patient::default());
    fs::write(
        &path,
        encoded(&DynamicImage::ImageLuma8(GrayImage::new(4, 2)), ImageFormat::Png),
    )
    .expect("changed");
    assert!(matches!(reopen(&header), Err(DicomError::Changed)));
}

#[test]
fn sixteen_bits_and_alpha() {
    let place = Place::new();
    let values: Vec<u16> = vec![0, 1, 4095, 65535];
    let wide = ImageBuffer::<Luma<u16>, _>::from_raw(2, 2, values.clone()).expect("4 px");
    let path = place.file(
        "w.png",
        &encoded(&DynamicImage::ImageLuma16(wide), ImageFormat::Png),
    );
    let expected: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    assert_eq!(stored(&path, Some(1)).bytes, expected);
    let tiff = tiff_of(|t| t.write_image::<colortype::Gray16>(2, 2, &values).expect("a page"));
    assert_eq!(stored(&place.file("w.tif", &tiff), Some(1)).bytes, expected);
    let tiff = tiff_of(|t| {
        t.write_image::<colortype::RGBA8>(1, 1, &[10, 20, 30, 40])
            .expect("a page");
    });
    assert_eq!(
        stored(&place.file("c.tif", &tiff), Some(1)).bytes,
        [10, 20, 30],
        "alpha is left out"
    );
}

#[test]
fn pages_of_one_size_are_frames_and_others_are_told_of() {
    let place = Place::new();
    let pages = |bytes: &mut TiffEncoder<Cursor<&mut Vec<u8>>>, last: (u32, u32)| {
        for page in 0..3_u8 {
            bytes
                .write_image::<colortype::Gray8>(3, 2, &[page * 10; 6])
                .expect("a page");
        }
        bytes
            .write_image::<colortype::Gray8>(last.0, last.1, &vec![99; (last.0 * last.1) as usize])
            .expect("a page");
    };
    let path = place.file("stack.tif", &tiff_of(|t| pages(t, (3, 2))));
    let all = stored(&path, None);
    assert_eq!(all.shape, [4, 2, 3]);
    assert_eq!(all.bytes[6..12], [10; 6]);
    assert_eq!(all.bytes[18..], [99; 6]);
    let path = place.file("thumb.tif", &tiff_of(|t| pages(t, (1, 1))));
    let head = header(&path).expect("a header");
    assert_eq!(head.layout.frames, 3);
    assert!(
        head.warnings.iter().any(|w| w.contains("1 pages")),
        "{:?}",
        head.warnings
    );
    let desk = Desk::open(DeskOptions {
        home: place.folder.path().join("home"),
        ..DeskOptions::default()
    });
    let sets = open::load(&desk, &path).expect("a display set");
    assert_eq!(sets[0].frames.len(), 3);
    let frame = desk.frames.get(&sets[0].frames[2]).expect("decoded");
    assert_eq!(frame.samples.bytes(), 6);
}

/// A TIFF of one strip, written by hand: entries are (tag, type, value), 3 SHORT and 4 LONG.
fn by_hand(entries: &[(u16, u16, u32)], map: &[u16], pixels: &[u8]) -> Vec<u8> {
    let mut bytes = b"II\x2a\x00\x08\x00\x00\x00".to_vec();
    let count = entries.len() + 1 + usize::from(!map.is_empty());
    let after = 8 + 2 + count * 12 + 4;
    let mut all = entries.to_vec();
    all.push((273, 4, (after + map.len() * 2) as u32));
    bytes.extend((count as u16).to_le_bytes());
    let mut rows: Vec<(u16, u16, u32, u32)> = all.iter().map(|(t, k, v)| (*t, *k, 1, *v)).collect();
    if !map.is_empty() {
        rows.push((320, 3, map.len() as u32, after as u32));
    }
    rows.sort_unstable();
    for (tag, kind, number, value) in rows {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        bytes.extend(number.to_le_bytes());
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend([0; 4]);
    bytes.extend(map.iter().flat_map(|v| v.to_le_bytes()));
    bytes.extend(pixels);
    bytes
}

fn entries(width: u32, height: u32, bits: u32, photometric: u32, strip: u32) -> Vec<(u16, u16, u32)> {
    vec![
        (256, 4, width),
        (257, 4, height),
        (258, 3, bits),
        (259, 3, 1),
        (262, 3, photometric),
        (277, 3, 1),
        (278, 4, height),
        (279, 4, strip),
    ]
}

#[test]
fn white_may_be_zero_and_bits_may_be_few() {
    let place = Place::new();
    // WhiteIsZero, 8 bits.
    let white = by_hand(&entries(2, 1, 8, 0, 2), &[], &[0, 200]);
    assert_eq!(stored(&place.file("white.tif", &white), Some(1)).bytes, [255, 55]);
    // One bit, black is zero: rows begin at a byte.
    let bits = by_hand(&entries(3, 2, 1, 1, 2), &[], &[0b1010_0000, 0b0100_0000]);
    assert_eq!(
        stored(&place.file("bits.tif", &bits), Some(1)).bytes,
        [255, 0, 255, 0, 255, 0]
    );
    // A palette, and floating-point grey that has no honest eight or sixteen bits, are refused by name.
    let palette = by_hand(&entries(2, 1, 8, 3, 2), &[0; 3 * 256], &[5, 2]);
    let refused = header(&place.file("palette.tif", &palette))
        .expect_err("refused")
        .to_string();
    assert!(
        refused.contains("Palette") && refused.contains("convert it"),
        "{refused}"
    );
    let float = tiff_of(|t| {
        t.write_image::<colortype::Gray32Float>(1, 1, &[0.5])
            .expect("a page")
    });
    let refused = header(&place.file("float.tif", &float))
        .expect_err("refused")
        .to_string();
    assert!(refused.contains("convert it"), "{refused}");
}

#[test]
fn compressed_tiffs_are_read() {
    let place = Place::new();
    let pixels: Vec<u8> = (0..64_u8).flat_map(|row| [row; 64]).collect();
    let mut lzw = Vec::new();
    TiffEncoder::new(Cursor::new(&mut lzw))
        .expect("a TIFF")
        .with_compression(Compression::Lzw)
        .write_image::<colortype::Gray8>(64, 64, &pixels)
        .expect("a page");
    assert!(lzw.len() < pixels.len());
    assert_eq!(stored(&place.file("lzw.tif", &lzw), Some(1)).bytes, pixels);
}

#[test]
fn pictures_stand_upright() {
    let place = Place::new();
    // Turned by 90 degrees clockwise to stand upright: what is stored as (0,1 / 2,3 / 4,5) is shown as (4,2,0 / 5,3,1).
    let turned = [4, 2, 0, 5, 3, 1];
    let tiff = tiff_of(|t| {
        let mut page = t.new_image::<colortype::Gray8>(2, 3).expect("a page");
        page.encoder().write_tag(Tag::Orientation, 6_u16).expect("a tag");
        page.write_data(&[0, 1, 2, 3, 4, 5]).expect("pixels");
    });
    let found = stored(&place.file("turned.tif", &tiff), Some(1));
    assert_eq!(
        (found.shape.as_slice(), found.bytes.as_slice()),
        ([2, 3].as_slice(), turned.as_slice())
    );
    // EXIF in a PNG: a TIFF with one entry.
    let exif =
        b"II\x2a\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x00";
    let mut png = Vec::new();
    let mut encoder = image::codecs::png::PngEncoder::new(&mut png);
    encoder.set_exif_metadata(exif.to_vec()).expect("EXIF");
    encoder
        .write_image(&[0, 1, 2, 3, 4, 5], 2, 3, image::ExtendedColorType::L8)
        .expect("a PNG");
    let found = stored(&place.file("turned.png", &png), Some(1));
    assert_eq!(
        (found.shape.as_slice(), found.bytes.as_slice()),
        ([2, 3].as_slice(), turned.as_slice())
    );
}

#[test]
fn damaged_pictures_are_typed_errors() {
    let place = Place::new();
    let rgb = DynamicImage::ImageRgb8(RgbImage::from_fn(9, 7, |x, y| image::Rgb([x as u8, y as u8, 3])));
    let tiff = tiff_of(|t| {
        t.write_image::<colortype::RGB8>(9, 7, rgb.as_bytes())
            .expect("a page");
    });
    let sound = [
        encoded(&rgb, ImageFormat::Png),
        encoded(&rgb, ImageFormat::Jpeg),
        encoded(&rgb, ImageFormat::Bmp),
        tiff,
    ];
    let mut seed = 1_u64;
    let mut next = move || {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize
    };
    for (kind, bytes) in sound.iter().enumerate() {
        for round in 0..120 {
            let mut bad = bytes.clone();
            for _ in 0..1 + round % 4 {
                let at = next() % bad.len();
                bad[at] = next() as u8;
            }
            if round % 3 == 0 {
                bad.truncate(next() % bad.len());
            }
            let path = place.file(&format!("{kind}-{round}"), &bad);
            // Whatever comes, it comes back.
            if let Ok(header) = header(&path) {
                let _ = reopen(&header).map_err(|error| error.to_string());
            }
        }
    }
}
