//! Overlay planes of the corpus, against their bits taken from the files byte by byte.

use std::path::Path;

use overread_dicom::ImageHeader;
use overread_dicom::file::DicomFile;
use overread_dicom::overlay::{Overlays, overlays};
use overread_imaging::overlay::{OVERLAY_COLOUR, Veil};

use crate::corpus;

fn read(path: &Path) -> (ImageHeader, Overlays) {
    let file = DicomFile::open(path).expect("sound");
    let header = ImageHeader::read(path, &file).expect("an image");
    let found = overlays(&file, &header, 1);
    (header, found)
}

#[test]
fn planes_that_reach_outside_are_clipped_by_the_image() {
    let Some(corpus) = corpus() else { return };
    let (header, found) = read(&corpus.join("files/overlay/two_overlays_partly_outside.dcm"));
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    // Origins of the reference: -3\5 and 110\100, row before column, from 1.
    let origins: Vec<[i32; 2]> = found.planes.iter().map(|plane| plane.origin).collect();
    assert_eq!(origins, [[4, -4], [99, 109]]);
    let veil = Veil {
        planes: found
            .planes
            .iter()
            .map(|plane| (plane.clone(), OVERLAY_COLOUR))
            .collect(),
        ..Veil::default()
    };
    let (rows, columns) = (header.layout.rows, header.layout.columns);
    let seen = veil
        .rgba(rows, columns)
        .chunks_exact(4)
        .filter(|p| p[3] == 255)
        .count();
    let inside = |plane: &overread_imaging::overlay::OverlayPlane| {
        let place = |i: usize| {
            let (x, y) = (
                i as i64 % i64::from(plane.columns),
                i as i64 / i64::from(plane.columns),
            );
            (x + i64::from(plane.origin[0]), y + i64::from(plane.origin[1]))
        };
        let set = plane.bits.iter().enumerate().filter(|(_, bit)| **bit == 1);
        set.filter(|(i, _)| {
            let (x, y) = place(*i);
            (0..i64::from(columns)).contains(&x) && (0..i64::from(rows)).contains(&y)
        })
        .count()
    };
    let expected: usize = found.planes.iter().map(|plane| inside(plane)).sum();
    let all: usize = found
        .planes
        .iter()
        .map(|plane| plane.bits.iter().filter(|b| **b == 1).count())
        .sum();
    assert_eq!(seen, expected);
    assert!(0 < seen && seen < all, "{seen} of {all} bits lie on the image");
}

#[test]
fn a_plane_in_bit_twelve_of_the_pixels() {
    let Some(corpus) = corpus() else { return };
    let path = corpus.join("files/bits/u12_overlay_in_bit12.dcm");
    let (_, found) = read(&path);
    let bytes = std::fs::read(&path).expect("a file");
    let cells = &bytes[bytes.len() - 128 * 128 * 2..];
    let expected: Vec<u8> = cells.chunks_exact(2).map(|b| (b[1] >> 4) & 1).collect();
    assert_eq!(found.planes[0].bits[..], expected);
    assert!(expected.contains(&1) && expected.contains(&0));
}

#[test]
fn every_plane_of_real_files_is_read() {
    let Some(corpus) = corpus() else { return };
    let real = [
        ("overlay/mr_overlay.dcm", 1),
        ("overlay/mr_siemens_overlays.dcm", 1),
        ("overlay/ovly_p01.dcm", 4),
    ];
    for (name, least) in real {
        let (header, found) = read(&corpus.join("files").join(name));
        assert_eq!(
            found.planes.len(),
            header.overlays.len(),
            "{name}: {:?}",
            found.problems
        );
        assert!(found.planes.len() >= least, "{name}: {}", found.planes.len());
        assert!(found.planes.iter().any(|plane| plane.bits.contains(&1)), "{name}");
    }
    // Elements without values describe no plane.
    let (header, found) = read(&corpus.join("files/syntax/jpeg_lossless_u16_mlut_vlut_overlay.dcm"));
    assert!(header.overlays.is_empty() && found.planes.is_empty() && found.problems.is_empty());
}
