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
    let (mut decoded, mut refused) = (0, 0);
    for round in 0..4000 {
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
    assert!(
        decoded > 500 && refused > 500,
        "{decoded} decoded, {refused} refused"
    );
}
