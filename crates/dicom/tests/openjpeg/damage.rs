//! Damaged codestreams: whatever bytes change, the decoder ends soon and in words.

use std::time::{Duration, Instant};

use overread_dicom::codec::jpeg2000::decode;

use crate::peer::{self, Wish};
use crate::{Dice, picture};

/// Far more than a picture of this size takes, far less than a loop without end.
const SOON: Duration = Duration::from_secs(4);

#[test]
fn mutated_codestreams_end_in_time_without_panic() {
    let mut dice = Dice::new(9);
    let styles = [0, 1, 4, 1 | 4 | 8, 2 | 32];
    let mut seeds = Vec::new();
    for (k, style) in styles.into_iter().enumerate() {
        let picture = picture(&mut dice, 61, 47, 12, k % 2 == 1, if k % 2 == 0 { 1 } else { 3 });
        let wish = Wish {
            tile: (k % 2 == 0).then_some((40, 40)),
            resolutions: 3,
            block: (16, 16),
            style,
            irreversible: k == 3,
            transform: k == 1,
            order: [0, 1, 3, 4, 0][k],
            ratios: vec![20.0, 0.0],
            precincts: if k > 2 { vec![(32, 32)] } else { vec![] },
            markers: 6,
            ..Wish::default()
        };
        seeds.push(peer::encode(&picture, &wish).expect("encoded"));
    }
    let (decoded, refused) = mutate(&mut dice, &seeds, 4000);
    assert!(
        decoded > 500 && refused > 500,
        "{decoded} decoded, {refused} refused"
    );
}

/// The same for T.814, which the peer cannot encode: codestreams of the corpus.
#[test]
fn mutated_high_throughput_codestreams_end_in_time_without_panic() {
    let Some(folder) = overread_testkit::shared("corpus/files/syntax") else {
        return;
    };
    let names = [
        "ct128_htj2k_lossless_s16",
        "ct128_htj2k_rpcl_u16",
        "rgb96_htj2k_lossless",
    ];
    let mut seeds = Vec::new();
    for name in names {
        let bytes = std::fs::read(folder.join(name).with_extension("dcm")).expect("a file of the corpus");
        let start = bytes.windows(4).position(|w| w == [0xFF, 0x4F, 0xFF, 0x51]);
        seeds.push(bytes[start.expect("a codestream")..].to_vec());
    }
    let (decoded, refused) = mutate(&mut Dice::new(10), &seeds, 1500);
    assert!(
        decoded > 200 && refused > 200,
        "{decoded} decoded, {refused} refused"
    );
}

#[test]
fn a_cut_codestream_gives_what_is_there() {
    let mut dice = Dice::new(11);
    let picture = picture(&mut dice, 96, 96, 12, false, 1);
    let wish = Wish {
        block: (16, 16),
        order: 1,
        ..Wish::default()
    };
    let bytes = peer::encode(&picture, &wish).expect("encoded");
    // Without its end marker nothing is missing.
    let whole = decode(&bytes, 1 << 16).expect("decoded");
    assert_eq!(decode(&bytes[..bytes.len() - 2], 1 << 16).as_ref(), Ok(&whole));
    // Nine tenths of the bytes are nearer to the picture than nothing.
    let cut = decode(&bytes[..bytes.len() * 9 / 10], 1 << 16).expect("decoded");
    assert!(cut.cells != whole.cells);
    let off = |value: &dyn Fn(usize) -> u32| -> u64 {
        (0..)
            .zip(&whole.cells)
            .map(|(i, b)| u64::from(value(i).abs_diff(*b)))
            .sum()
    };
    let (with, without) = (off(&|i| cut.cells[i]), off(&|_| 2048));
    assert!(with < without, "{with} of {without}");
}

/// Decodes codestreams with changed bytes; how many were decoded and how many refused.
fn mutate(dice: &mut Dice, seeds: &[Vec<u8>], rounds: usize) -> (u32, u32) {
    let (mut decoded, mut refused) = (0, 0);
    for round in 0..rounds {
        let mut bytes = seeds[round % seeds.len()].clone();
        let length = bytes.len() as u32;
        // Headers are hit as often as the rest.
        for _ in 0..=dice.below(4) {
            let reach = if dice.below(2) == 0 {
                length.min(160)
            } else {
                length
            };
            let at = dice.below(reach) as usize;
            bytes[at] = match dice.below(4) {
                0 => 0xFF,
                1 => 0,
                2 => bytes[at] ^ (1 << dice.below(8)),
                _ => dice.below(256) as u8,
            };
        }
        if dice.below(4) == 0 {
            bytes.truncate(dice.below(length) as usize);
        }
        let start = Instant::now();
        match decode(&bytes, 1 << 16) {
            Ok(frame) => {
                assert!(frame.cells.len() <= 1 << 16);
                decoded += 1;
            }
            Err(reason) => {
                assert!(!reason.is_empty());
                refused += 1;
            }
        }
        assert!(start.elapsed() < SOON, "round {round} took {:?}", start.elapsed());
    }
    (decoded, refused)
}
