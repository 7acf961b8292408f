//! TIFF to values: grey of 1 to 16 bits, RGB, YCbCr; pages of one size are frames.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::metadata::Orientation;
use image::{DynamicImage, ImageBuffer};
use overread_dicom::DicomError;
use tiff::ColorType;
use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::Tag;

use super::shape::{Kind, Shape};
use super::{Values, decode, wrong};

/// Most pages that are read.
const MOST_PAGES: u32 = 10_000;
/// Most bytes of one decoded page.
const MOST_BYTES: usize = 1 << 30;

type Pages<'a> = Decoder<Cursor<&'a [u8]>>;

/// What a page holds; pages are frames of one picture as long as these are the same.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Page {
    size: (u32, u32),
    colour: ColorType,
    orientation: Orientation,
}

/// Size, pages and kind.
///
/// # Errors
/// When the head is damaged, or the form is not read.
pub(super) fn shape(bytes: &[u8]) -> Result<Shape, DicomError> {
    guarded(|| {
        let mut pages = open(bytes)?;
        let first = page(&mut pages)?;
        let kind = kind(first.colour)?;
        let (mut frames, mut others) = (1, 0_u32);
        while pages.more_images() && frames + others < MOST_PAGES {
            // What follows a damaged directory is not looked for.
            if pages.next_image().is_err() {
                break;
            }
            match page(&mut pages) {
                // Once a page differs (a thumbnail, a mask), what follows is left out: frames are counted from the first.
                Ok(next) if next == first && others == 0 => frames += 1,
                _ => others += 1,
            }
        }
        let mut shape = Shape::new(first.size, frames, kind, first.orientation)?;
        if others > 0 {
            shape.notes.push(format!(
                "{others} pages of the TIFF have another size or kind and are left out"
            ));
        }
        Ok(shape)
    })
}

/// The values of all pages that are frames.
///
/// # Errors
/// When one is damaged.
pub(super) fn decode(bytes: &[u8], shape: &Shape) -> Result<Values, DicomError> {
    guarded(|| {
        let mut pages = open(bytes)?;
        let mut all: Option<Values> = None;
        for number in 0..shape.frames {
            if number > 0 {
                pages.next_image().map_err(wrong)?;
            }
            let picture = picture(&mut pages)?;
            let values = decode::upright(picture, shape)?;
            all = Some(match (all, values) {
                (None, values) => values,
                (Some(Values::Grey8(mut a)), Values::Grey8(b)) => {
                    a.extend(b);
                    Values::Grey8(a)
                }
                (Some(Values::Grey16(mut a)), Values::Grey16(b)) => {
                    a.extend(b);
                    Values::Grey16(a)
                }
                (Some(Values::Rgb(mut a)), Values::Rgb(b)) => {
                    a.extend(b);
                    Values::Rgb(a)
                }
                _ => return Err(wrong("its pages are of several kinds")),
            });
        }
        all.ok_or_else(|| wrong("it has no page"))
    })
}

/// A codec may panic on hostile bytes: that is an error of this picture.
fn guarded<T>(work: impl FnOnce() -> Result<T, DicomError>) -> Result<T, DicomError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(wrong("the decoder gave up on it")))
}

fn open(bytes: &[u8]) -> Result<Pages<'_>, DicomError> {
    let mut limits = Limits::default();
    limits.decoding_buffer_size = MOST_BYTES;
    limits.intermediate_buffer_size = MOST_BYTES;
    Ok(Decoder::new(Cursor::new(bytes))
        .map_err(wrong)?
        .with_limits(limits))
}

fn page(pages: &mut Pages<'_>) -> Result<Page, DicomError> {
    let orientation = pages
        .find_tag_unsigned::<u8>(Tag::Orientation)
        .ok()
        .flatten()
        .and_then(Orientation::from_exif);
    Ok(Page {
        size: pages.dimensions().map_err(wrong)?,
        colour: pages.colortype().map_err(|error| unread(&error.to_string()))?,
        orientation: orientation.unwrap_or(Orientation::NoTransforms),
    })
}

fn kind(colour: ColorType) -> Result<Kind, DicomError> {
    match colour {
        ColorType::Gray(1 | 2 | 4 | 8) | ColorType::GrayA(8) => Ok(Kind::Grey8),
        ColorType::Gray(16) | ColorType::GrayA(16) => Ok(Kind::Grey16),
        ColorType::RGB(8 | 16) | ColorType::RGBA(8 | 16) | ColorType::YCbCr(8) => Ok(Kind::Rgb),
        other => Err(unread(&words(other))),
    }
}

fn unread(kind: &str) -> DicomError {
    wrong(format!(
        "a TIFF of this kind is not read ({kind}); convert it to 8-bit grey or RGB, or to 16-bit grey"
    ))
}

fn words(colour: ColorType) -> String {
    match colour {
        ColorType::Gray(bits) | ColorType::GrayA(bits) => format!("grey of {bits} bits"),
        ColorType::RGB(bits) | ColorType::RGBA(bits) => format!("RGB of {bits} bits"),
        ColorType::Palette(bits) => format!("a palette of {bits} bits"),
        ColorType::CMYK(_) | ColorType::CMYKA(_) => "CMYK".to_owned(),
        ColorType::YCbCr(bits) => format!("YCbCr of {bits} bits"),
        ColorType::Lab(_) => "CIE L*a*b*".to_owned(),
        ColorType::Multiband { num_samples, .. } => format!("{num_samples} bands"),
        _ => "unknown colours".to_owned(),
    }
}

/// The page at hand.
fn picture(pages: &mut Pages<'_>) -> Result<DynamicImage, DicomError> {
    let Page { size, colour, .. } = page(pages)?;
    let (width, height) = size;
    let mut result = DecodingResult::U8(Vec::new());
    pages.read_image_to_buffer(&mut result).map_err(wrong)?;
    let samples = usize::from(colour.num_samples());
    let pixels = (width as usize).saturating_mul(height as usize);
    let planar = samples > 1
        && pages
            .find_tag_unsigned::<u16>(Tag::PlanarConfiguration)
            .ok()
            .flatten()
            == Some(2);
    let short = || wrong("its pixels are cut short");
    match result {
        DecodingResult::U8(bytes) => {
            let bytes = if planar {
                interleaved(&bytes, samples)
            } else {
                bytes
            };
            match colour {
                ColorType::Gray(bits) if bits < 8 => {
                    let most = (1_u16 << bits) - 1;
                    let values = unpacked(&bytes, width, height, bits).ok_or_else(short)?;
                    let grey = values
                        .iter()
                        .map(|v| (u16::from(*v) * 255 / most) as u8)
                        .collect();
                    luma8(width, height, grey).ok_or_else(short)
                }
                ColorType::Gray(_) => luma8(width, height, bytes).ok_or_else(short),
                ColorType::YCbCr(_) => rgb8(
                    width,
                    height,
                    bytes.chunks_exact(3).flat_map(rgb_of_ycbcr).collect(),
                )
                .ok_or_else(short),
                _ => {
                    // Alpha says how a page lays it over something else: there is nothing below.
                    let kept = if samples >= 3 { 3 } else { 1 };
                    let values: Vec<u8> = bytes
                        .chunks_exact(samples)
                        .flat_map(|p| p[..kept].to_vec())
                        .collect();
                    let whole = if kept == 3 {
                        rgb8(width, height, values)
                    } else {
                        luma8(width, height, values)
                    };
                    whole.ok_or_else(short)
                }
            }
        }
        DecodingResult::U16(values) => {
            let values = if planar {
                interleaved(&values, samples)
            } else {
                values
            };
            if values.len() < pixels.saturating_mul(samples) {
                return Err(short());
            }
            if samples >= 3 {
                let eight = |v: &u16| ((u32::from(*v) * 255 + 32767) / 65535) as u8;
                let rgb = values
                    .chunks_exact(samples)
                    .flat_map(|p| [eight(&p[0]), eight(&p[1]), eight(&p[2])]);
                rgb8(width, height, rgb.collect()).ok_or_else(short)
            } else {
                let grey: Vec<u16> = values.chunks_exact(samples.max(1)).map(|p| p[0]).collect();
                ImageBuffer::from_raw(width, height, grey)
                    .map(DynamicImage::ImageLuma16)
                    .ok_or_else(short)
            }
        }
        _ => Err(wrong(
            "a TIFF of signed, 32-bit or floating-point values is not read; convert it to 16-bit grey",
        )),
    }
}

fn luma8(width: u32, height: u32, values: Vec<u8>) -> Option<DynamicImage> {
    ImageBuffer::from_raw(width, height, values).map(DynamicImage::ImageLuma8)
}

fn rgb8(width: u32, height: u32, values: Vec<u8>) -> Option<DynamicImage> {
    ImageBuffer::from_raw(width, height, values).map(DynamicImage::ImageRgb8)
}

/// Planes one after another to samples side by side.
fn interleaved<T: Copy>(planes: &[T], samples: usize) -> Vec<T> {
    let each = planes.len() / samples.max(1);
    (0..each)
        .flat_map(|i| (0..samples).map(move |s| planes[s * each + i]))
        .collect()
}

/// Values of less than eight bits, rows beginning at a byte.
fn unpacked(bytes: &[u8], width: u32, height: u32, bits: u8) -> Option<Vec<u8>> {
    let (width, bits) = (width as usize, usize::from(bits));
    let stride = (width * bits).div_ceil(8);
    let mask = ((1_u16 << bits) - 1) as u8;
    let mut values = Vec::with_capacity(width.saturating_mul(height as usize).min(MOST_BYTES));
    for row in 0..height as usize {
        let row = bytes.get(row * stride..(row + 1) * stride)?;
        values.extend((0..width).map(|x| {
            let at = x * bits;
            (row[at / 8] >> (8 - bits - at % 8)) & mask
        }));
    }
    Some(values)
}

/// Full-range BT.601, as in JFIF.
fn rgb_of_ycbcr(pixel: &[u8]) -> [u8; 3] {
    let [y, cb, cr] = [0, 1, 2].map(|i| f64::from(pixel[i]));
    let (cb, cr) = (cb - 128.0, cr - 128.0);
    [
        y + 1.402 * cr,
        y - 0.344_136 * cb - 0.714_136 * cr,
        y + 1.772 * cb,
    ]
    .map(|v| v.round().clamp(0.0, 255.0) as u8)
}
