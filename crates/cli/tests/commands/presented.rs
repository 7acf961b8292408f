//! `render --overlays` and `render --presentation`: pictures that can be checked by hand, and those of the corpus by
//! tables and bits taken from the files byte by byte.

use std::fs;
use std::path::Path;

use overread_phantom::dicom::{DataSet, File, Samples, TransferSyntax, Window, Writer};
use overread_testkit::Picture;

use crate::overread::{Place, text, words};

/// Red of each px of a picture.
fn reds(path: &Path) -> (usize, Vec<u8>) {
    let picture = Picture::read(path).expect("a picture");
    let (width, channels) = (picture.width as usize, usize::from(picture.channels));
    (width, picture.bytes.iter().step_by(channels).copied().collect())
}

fn render(place: &Place, arguments: &[&str]) -> (usize, Vec<u8>) {
    let out = place.path("out.png");
    let mut all = vec!["render"];
    all.extend(arguments);
    all.extend(["--out", text(&out)]);
    place.done(&all);
    reds(&out)
}

/// 2 x 3 px of 0 to 5, an overlay on the second column, a shutter that hides the last.
fn overlaid(place: &Place) -> std::path::PathBuf {
    let path = place.path("overlaid.dcm");
    Writer::new("overlaid", 2, 3, Samples::U8(vec![0, 1, 2, 3, 4, 5]))
        .windows(&[Window::new(3.0, 6.0, "")])
        .us((0x6000, 0x0010), &[2])
        .us((0x6000, 0x0011), &[1])
        .bytes((0x6000, 0x0050), "SS", vec![1, 0, 2, 0])
        .bytes((0x6000, 0x3000), "OW", vec![0b11, 0])
        .text((0x0018, 0x1600), "CS", "RECTANGULAR")
        .text((0x0018, 0x1602), "IS", "1")
        .text((0x0018, 0x1604), "IS", "2")
        .text((0x0018, 0x1606), "IS", "1")
        .text((0x0018, 0x1608), "IS", "2")
        .us((0x0018, 0x1622), &[25_700])
        .write(&path)
        .expect("a file");
    path
}

#[test]
fn overlays_come_when_they_are_asked_for_and_shutters_always() {
    let place = Place::new();
    let file = overlaid(&place);
    assert_eq!(render(&place, &[text(&file)]).1, [0, 51, 100, 153, 204, 100]);
    assert_eq!(
        render(&place, &[text(&file), "--overlays"]).1,
        [0, 255, 100, 153, 255, 100]
    );
    // Twice as large: each bit covers four px, without a soft edge.
    let (_, large) = render(&place, &[text(&file), "--overlays", "--size", "6x4"]);
    let second: Vec<u8> = large.chunks_exact(6).flat_map(|row| [row[2], row[3]]).collect();
    assert_eq!(second, [255; 8]);
    // What a model is given knows neither.
    let folder = place.path("inputs");
    place.done(&[
        "inputs",
        text(&file),
        "--preprocess",
        "display/1",
        "--slices",
        "1",
        "--out",
        text(&folder),
    ]);
    assert_eq!(reds(&folder.join("001.png")).1, [0, 51, 102, 153, 204, 255]);
}

#[test]
fn a_state_turns_the_picture_and_one_for_other_images_is_refused() {
    let place = Place::new();
    let file = overlaid(&place);
    let uid = |file: &Path| {
        let tags = place.json(&["tags", text(file), "--json"]);
        tags["00080018"]["Value"][0].as_str().expect("a UID").to_owned()
    };
    let state = |uid: &str, name: &str| {
        let mut image = DataSet::new();
        image.text((0x0008, 0x1155), "UI", uid);
        let mut series = DataSet::new();
        series.sequence((0x0008, 0x1140), vec![image]);
        let mut window = DataSet::new();
        window
            .text((0x0028, 0x1050), "DS", "3")
            .text((0x0028, 0x1051), "DS", "6");
        let mut data = DataSet::new();
        data.sequence((0x0008, 0x1115), vec![series])
            .sequence((0x0028, 0x3110), vec![window])
            .us((0x0070, 0x0042), &[90])
            .text((0x2050, 0x0020), "CS", "INVERSE");
        let path = place.path(name);
        let class = "1.2.840.10008.5.1.4.1.1.11.1";
        let whole = File {
            sop_class: class.to_owned(),
            sop_instance: "1.2.3.9".to_owned(),
            syntax: TransferSyntax::ExplicitLittle,
            data,
        };
        whole.write(&path).expect("a file");
        path
    };
    let own = state(&uid(&file), "own.dcm");
    let (width, turned) = render(&place, &[text(&file), "--presentation", text(&own)]);
    // Clockwise: the first column, from below, becomes the first row.
    assert_eq!((width, turned), (2, vec![102, 255, 51, 204, 0, 153]));
    let foreign = state("1.2.3.4", "foreign.dcm");
    let out = place.path("none.png");
    let refused = place.run(&[
        "render",
        text(&file),
        "--presentation",
        text(&foreign),
        "--out",
        text(&out),
    ]);
    assert!(
        !refused.status.success() && words(&refused).contains("for other images"),
        "{}",
        words(&refused)
    );
}

/// Values of the elements with a tag, in the order of the file (explicit little endian).
fn values<'a>(bytes: &'a [u8], tag: [u8; 4], vr: &[u8; 2]) -> Vec<&'a [u8]> {
    let long = matches!(vr, b"OW" | b"OB");
    let mut found = Vec::new();
    for at in 0..bytes.len().saturating_sub(12) {
        if bytes[at..at + 4] != tag || bytes[at + 4..at + 6] != *vr {
            continue;
        }
        let (start, length) = if long {
            let l = [bytes[at + 8], bytes[at + 9], bytes[at + 10], bytes[at + 11]];
            (at + 12, u32::from_le_bytes(l) as usize)
        } else {
            (
                at + 8,
                usize::from(u16::from_le_bytes([bytes[at + 6], bytes[at + 7]])),
            )
        };
        found.extend(bytes.get(start..start + length));
    }
    found
}

#[test]
fn three_tables_follow_each_other() {
    let Some(files) = overread_testkit::shared("corpus/files") else {
        return;
    };
    let (image, state) = (
        files.join("overlay/image_for_presentation_luts.dcm"),
        files.join("object/pr_luts.dcm"),
    );
    let bytes = fs::read(&state).expect("a state");
    let tables: Vec<Vec<usize>> = values(&bytes, [0x28, 0, 0x06, 0x30], b"US")
        .into_iter()
        .map(|v| {
            v.chunks_exact(2)
                .map(|b| usize::from(u16::from_le_bytes([b[0], b[1]])))
                .collect()
        })
        .collect();
    let [modality, voi, presentation] = tables.as_slice() else {
        panic!("{} tables", tables.len());
    };
    let place = Place::new();
    let stored = place.done(&["pixels", text(&image), "--as", "stored"]);
    let expected: Vec<u8> = stored
        .iter()
        .map(|s| presentation[voi[modality[usize::from(*s)]]] as u8)
        .collect();
    let (width, shown) = render(&place, &[text(&image), "--presentation", text(&state)]);
    assert_eq!(width, 512);
    let different = shown.iter().zip(&expected).filter(|(a, b)| a != b).count();
    assert_eq!(different, 0, "px of {}", shown.len());
}

#[test]
fn six_overlays_of_image_and_state_are_drawn() {
    let Some(files) = overread_testkit::shared("corpus/files") else {
        return;
    };
    let (image, state) = (
        files.join("overlay/ovly_p01.dcm"),
        files.join("object/pr_overlay.dcm"),
    );
    let place = Place::new();
    let (_, plain) = render(&place, &[text(&image), "--window", "2048,4096"]);
    let (_, shown) = render(&place, &[text(&image), "--presentation", text(&state)]);
    let mut covered = vec![false; shown.len()];
    let mut planes = 0;
    for file in [&image, &state] {
        let bytes = fs::read(file).expect("a file");
        for group in (0x00..=0x1E_u8).step_by(2) {
            for data in values(&bytes, [group, 0x60, 0x00, 0x30], b"OW") {
                planes += 1;
                for (i, place) in covered.iter_mut().enumerate() {
                    *place |= (data[i / 8] >> (i % 8)) & 1 == 1;
                }
            }
        }
        // Planes of the unused bits of the pixels.
        if let Some(cells) = values(&bytes, [0xE0, 0x7F, 0x10, 0], b"OW").first() {
            for (place, cell) in covered.iter_mut().zip(cells.chunks_exact(2)) {
                *place |= cell[1] >> 4 != 0;
            }
        }
    }
    assert!(planes >= 2, "{planes} packed planes");
    assert!(covered.iter().any(|c| *c));
    for (i, covered) in covered.iter().enumerate() {
        let expected = if *covered { 255 } else { plain[i] };
        assert_eq!(shown[i], expected, "px {i}");
    }
}

/// Distance of a point from a line between two.
fn distance(at: [f64; 2], [a, b]: [[f64; 2]; 2]) -> f64 {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let t = (((at[0] - a[0]) * dx + (at[1] - a[1]) * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
    (at[0] - a[0] - t * dx).hypot(at[1] - a[1] - t * dy)
}

#[test]
fn window_area_turn_and_graphics_of_a_state() {
    let Some(files) = overread_testkit::shared("corpus/files") else {
        return;
    };
    let (image, state) = (
        files.join("voi/linear.dcm"),
        files.join("object/presentation_state.dcm"),
    );
    let place = Place::new();
    // The state has no rescale of its own: its window takes stored values.
    let cells = place.done(&["pixels", text(&image), "--as", "stored"]);
    let stored: Vec<f64> = cells
        .chunks_exact(2)
        .map(|b| f64::from(i16::from_le_bytes([b[0], b[1]])))
        .collect();
    let (width, shown) = render(&place, &[text(&image), "--presentation", text(&state)]);
    assert_eq!((width, shown.len()), (96, 96 * 96));
    // Area 17 to 112 of 128; clockwise by a quarter, then mirrored: rows and columns change places.
    let line = [[[20.0, 20.0], [100.0, 30.0]], [[100.0, 30.0], [60.0, 90.0]]];
    let mut compared = 0;
    for y in 0..96_usize {
        for x in 0..96_usize {
            let (column, row) = (16 + y, 112 - 1 - (95 - x));
            let centre = [column as f64 + 0.5, row as f64 + 0.5];
            if line.iter().any(|segment| distance(centre, *segment) < 4.0) {
                continue;
            }
            let value = stored[row * 128 + column];
            let grey = (((value + 600.5) / 1499.0 + 0.5) * 255.0)
                .clamp(0.0, 255.0)
                .round() as i32;
            let got = i32::from(shown[y * 96 + x]);
            assert!((got - grey).abs() <= 1, "({x}, {y}): {got} and not {grey}");
            compared += 1;
        }
    }
    assert!(compared > 7000, "{compared}");
    // The line itself, where it begins and ends: (20, 20) and (60, 90) of the image.
    for [column, row] in [[24.0, 20.5], [99.0, 30.0]] {
        let (x, y) = ((row - 16.0) as usize, (column - 16.0) as usize);
        let near =
            (y.saturating_sub(1)..=y + 1).flat_map(|y| (x.saturating_sub(1)..=x + 1).map(move |x| (x, y)));
        let brightest = near.map(|(x, y)| shown[y * 96 + x]).max();
        assert!(brightest >= Some(200), "{brightest:?} at ({x}, {y})");
    }
}
