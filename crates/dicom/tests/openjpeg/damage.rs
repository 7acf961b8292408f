//! Damaged codestreams: whatever bytes change, the decoder ends soon and in words.

use std::path::{Path, PathBuf};
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
    (decoded, refused)
}
