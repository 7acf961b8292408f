//! States written by our own writer, applied to an image of our own.

use glam::DVec2;
use overread_imaging::presentation::{Presented, SizeMode, Turn};
use overread_imaging::shutter::ShutterShape;
use overread_imaging::voi::Voi;
use overread_phantom::dicom::{DataSet, File, Samples, TransferSyntax, Writer};

use super::*;

const GRAYSCALE: &str = "1.2.840.10008.5.1.4.1.1.11.1";

const FLOAT: &str = "FL";

fn header() -> ImageHeader {
    let image = Writer::new("presented", 8, 10, Samples::U8((0..160).collect()));
    let file = DicomFile::from_bytes(image.encode(), None).expect("sound");
    ImageHeader::read(Path::new("made"), &file).expect("an image")
}

fn references(frames: &str) -> DataSet {
    let mut image = DataSet::new();
    image.text((0x0008, 0x1150), "UI", "1.2.840.10008.5.1.4.1.1.7");
    image.text((0x0008, 0x1155), "UI", &header().sop_uid);
    if !frames.is_empty() {
        image.text((0x0008, 0x1160), "IS", frames);
    }
    let mut place = DataSet::new();
    place.sequence((0x0008, 0x1140), vec![image]);
    place
}

fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

fn state(
    class: &str,
    frames: &str,
    fill: impl FnOnce(&mut DataSet),
) -> Result<PresentationState, DicomError> {
    let mut d = DataSet::new();
    d.text((0x0008, 0x0016), "UI", class)
        .text((0x0008, 0x0018), "UI", "1.2.3.9")
        .text((0x0070, 0x0080), "CS", "PR1")
        .sequence((0x0008, 0x1115), vec![references(frames)]);
    fill(&mut d);
    let bytes = File {
        sop_class: class.to_owned(),
        sop_instance: "1.2.3.9".to_owned(),
        syntax: TransferSyntax::ExplicitLittle,
        data: d,
    }
    .encode();
    let file = DicomFile::from_bytes(bytes, None).expect("sound");
    PresentationState::read(Path::new("made"), &file.dataset)
}

fn presented(fill: impl FnOnce(&mut DataSet)) -> Presented {
    let state = state(GRAYSCALE, "", fill).expect("a state");
    state.presented(&header(), 1).expect("it is for the image")
}

fn area_item(corners: [i32; 4], mode: &str) -> DataSet {
    let bytes = |two: &[i32]| two.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
    let mut item = DataSet::new();
    item.bytes((0x0070, 0x0052), "SL", bytes(&corners[..2]))
        .bytes((0x0070, 0x0053), "SL", bytes(&corners[2..]))
        .text((0x0070, 0x0100), "CS", mode)
        .bytes((0x0070, 0x0103), FLOAT, floats(&[2.5]));
    item
}

#[test]
fn a_state_speaks_of_the_frames_that_it_names() {
    let all = state(GRAYSCALE, "", |_| {}).expect("a state");
    assert!(all.is_for(&header().sop_uid, 1) && all.is_for(&header().sop_uid, 2) && !all.is_for("1.2.3", 1));
    let second = state(GRAYSCALE, "2", |_| {}).expect("a state");
    assert!(!second.is_for(&header().sop_uid, 1) && second.is_for(&header().sop_uid, 2));
    assert!(second.presented(&header(), 1).is_none());
}

#[test]
fn a_state_may_speak_of_thousands_of_images() {
    let many = state(GRAYSCALE, "", |d| {
        let images = (0..5000)
            .map(|i| {
                let mut image = DataSet::new();
                image.text((0x0008, 0x1155), "UI", &format!("1.2.3.{i}"));
                image
            })
            .collect();
        let mut series = DataSet::new();
        series.sequence((0x0008, 0x1140), images);
        d.sequence((0x0008, 0x1115), vec![series]);
    })
    .expect("a state");
    assert!(many.is_for("1.2.3.4999", 1) && !many.is_for("1.2.3.5000", 1));
}

#[test]
fn what_the_state_leaves_out_is_the_identity() {
    let p = presented(|_| {});
    assert_eq!(p.modality, ModalityTransform::Identity);
    let voi = p.voi.expect("grey");
    assert!((0..256).all(|x| (voi.apply(f64::from(x)) - f64::from(x)).abs() < 1e-9));
    assert_eq!((p.area.low, p.area.high), (DVec2::ZERO, DVec2::new(10.0, 8.0)));
    assert!(!p.inverted && p.turn == Turn::default() && p.shutter.is_none());
}

#[test]
fn windows_go_to_their_images_and_the_shape_inverts() {
    let p = presented(|d| {
        let mut other = references("2");
        other
            .text((0x0028, 0x1050), "DS", "1")
            .text((0x0028, 0x1051), "DS", "2");
        let mut own = references("1");
        own.text((0x0028, 0x1050), "DS", "40")
            .text((0x0028, 0x1051), "DS", "400");
        d.sequence((0x0028, 0x3110), vec![other, own])
            .text((0x0028, 0x1052), "DS", "-1024")
            .text((0x0028, 0x1053), "DS", "1")
            .text((0x2050, 0x0020), "CS", "INVERSE");
    });
    let rescale = ModalityTransform::Rescale {
        slope: 1.0,
        intercept: -1024.0,
    };
    assert_eq!((p.modality, p.inverted), (rescale, true));
    assert!(matches!(p.voi, Some(Voi::Window(w)) if w.center == 40.0 && w.width == 400.0));
}

#[test]
fn areas_count_pixels_from_one_whichever_corner_comes_first() {
    let p = presented(|d| {
        d.sequence((0x0070, 0x005A), vec![area_item([9, 3, 2, 6], "MAGNIFY")])
            .us((0x0070, 0x0042), &[270])
            .text((0x0070, 0x0041), "CS", "Y");
    });
    assert_eq!(
        (p.area.low, p.area.high),
        (DVec2::new(1.0, 2.0), DVec2::new(9.0, 6.0))
    );
    assert_eq!(p.area.mode, SizeMode::Magnify(2.5));
    assert_eq!(
        p.turn,
        Turn {
            rotation: 270,
            flipped: true
        }
    );
}

fn graphic(kind: &str, units: &str, points: &[f32]) -> DataSet {
    let mut g = DataSet::new();
    g.text((0x0070, 0x0005), "CS", units)
        .us((0x0070, 0x0020), &[2])
        .bytes((0x0070, 0x0022), FLOAT, floats(points))
        .text((0x0070, 0x0023), "CS", kind)
        .text((0x0070, 0x0024), "CS", "N");
    g
}

#[test]
fn graphics_come_in_the_order_and_colour_of_their_layers() {
    let state = state(GRAYSCALE, "", |d| {
        let annotation = |layer: &str, graphics: Vec<DataSet>| {
            let mut item = DataSet::new();
            item.text((0x0070, 0x0002), "CS", layer)
                .sequence((0x0070, 0x0009), graphics);
            item
        };
        let mut text = DataSet::new();
        text.text((0x0070, 0x0003), "CS", "DISPLAY")
            .text((0x0070, 0x0006), "ST", "two\r\nlines")
            .bytes((0x0070, 0x0010), FLOAT, floats(&[0.5, 0.25]))
            .bytes((0x0070, 0x0011), FLOAT, floats(&[1.0, 0.5]))
            .text((0x0070, 0x0012), "CS", "CENTER");
        let mut on_matrix = DataSet::new();
        on_matrix
            .text((0x0070, 0x0004), "CS", "MATRIX")
            .text((0x0070, 0x0006), "ST", "elsewhere")
            .bytes((0x0070, 0x0014), FLOAT, floats(&[1.0, 1.0]));
        let mut upper = annotation(
            "UPPER",
            vec![
                graphic("POLYLINE", "DISPLAY", &[0.0, 0.0, 1.0, 1.0]),
                graphic("SPIRAL", "PIXEL", &[0.0, 0.0]),
            ],
        );
        upper
            .sequence((0x0070, 0x0008), vec![text, on_matrix])
            .sequence((0x0070, 0x0209), vec![DataSet::new(), DataSet::new()]);
        let layer = |name: &str, order: &str, grey: u16| {
            let mut item = DataSet::new();
            item.text((0x0070, 0x0002), "CS", name)
                .text((0x0070, 0x0062), "IS", order)
                .us((0x0070, 0x0066), &[grey]);
            item
        };
        let lower = annotation("LOWER", vec![graphic("POINT", "PIXEL", &[3.5, 4.5])]);
        d.sequence((0x0070, 0x0001), vec![upper, lower]).sequence(
            (0x0070, 0x0060),
            vec![layer("UPPER", "2", 65_535), layer("LOWER", "1", 0)],
        );
    })
    .expect("a state");
    assert_eq!(
        state.warnings,
        [
            "1 graphic object left out: could not be read",
            "1 text left out: could not be read or placed",
            "2 compound graphics left out: not supported",
        ]
    );
    let p = state.presented(&header(), 1).expect("it is for the image");
    let [point, line] = p.curves.as_slice() else {
        panic!("{:?}", p.curves);
    };
    assert_eq!(
        (point.points.as_slice(), point.colour),
        (&[DVec2::new(3.5, 4.5)][..], [0; 3])
    );
    assert_eq!(line.points, [DVec2::ZERO, DVec2::new(10.0, 8.0)]);
    assert_eq!(line.colour, [255; 3]);
    assert_eq!(p.words[0].text, "two\nlines");
    assert_eq!(
        p.words[0].bounds,
        Some([DVec2::new(5.0, 2.0), DVec2::new(10.0, 4.0)])
    );
}

#[test]
fn overlays_are_shown_where_a_layer_activates_them_and_a_bitmap_shuts() {
    let p = presented(|d| {
        d.us((0x6002, 0x0010), &[1])
            .us((0x6002, 0x0011), &[2])
            .bytes((0x6002, 0x0050), "SS", vec![1, 0, 1, 0])
            .bytes((0x6002, 0x3000), "OW", vec![0b10, 0])
            .text((0x6002, 0x1001), "CS", "A")
            .text((0x6004, 0x1001), "CS", "A")
            .text((0x0018, 0x1600), "CS", "BITMAP")
            .us((0x0018, 0x1623), &[0x6002])
            .us((0x0018, 0x1622), &[65_535]);
    });
    assert_eq!(p.image_overlays, [(0x6004, OVERLAY_COLOUR)]);
    assert_eq!(p.own_overlays.len(), 1);
    let shutter = p.shutter.expect("a bitmap");
    assert!(matches!(shutter.shapes.as_slice(), [ShutterShape::Bitmap(_)]));
    assert!(!shutter.hides(DVec2::new(0.5, 0.5)) && shutter.hides(DVec2::new(1.5, 0.5)));
    assert_eq!(shutter.colour, [255; 3]);
}

#[test]
fn what_cannot_be_applied_says_so() {
    let blending = state("1.2.840.10008.5.1.4.1.1.11.4", "", |_| {}).expect("it can be listed");
    assert_eq!(
        blending.unsupported.as_deref(),
        Some("Blending presentation states are not supported")
    );
    assert!(blending.presented(&header(), 1).is_none());
    let mask = state(GRAYSCALE, "", |d| {
        d.sequence((0x0028, 0x6100), vec![DataSet::new()]);
    });
    assert!(mask.expect("a state").warnings[0].starts_with("mask subtraction"));
    assert!(
        state("1.2.840.10008.5.1.4.1.1.2", "", |_| {}).is_err(),
        "an image is no state"
    );
}
