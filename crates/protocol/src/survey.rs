//! What a recipe must know of the whole acquisition before it can make its first picture.

use std::collections::BTreeMap;

use overread_imaging::frame::Frame;
use overread_imaging::samples::Samples;

/// Distinct values counted exactly; beyond it values are counted by their first 20 bits (1 part in 2048).
const MOST_DISTINCT: usize = 1 << 18;
/// Bits of an ordered key that are dropped once there are too many distinct values.
const COARSE_SHIFT: u32 = 12;

/// Extremes and counts of the values of an acquisition, gathered frame by frame; the order of the frames does not
/// matter.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// Smallest and largest stored value, padding included, as the server code has it.
    stored: Option<[f64; 2]>,
    /// Modality values (single precision, as ordered keys) that are not padding, and how often each occurs.
    counts: BTreeMap<u32, u64>,
    coarse: bool,
    frames: usize,
}

/// A float as an integer of the same order.
fn key(value: f32) -> u32 {
    let bits = value.to_bits();
    if bits >> 31 == 1 { !bits } else { bits | 1 << 31 }
}

fn value(key: u32) -> f32 {
    f32::from_bits(if key >> 31 == 1 { key & !(1 << 31) } else { !key })
}

impl Survey {
    /// Nothing seen yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Frames added.
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// Takes a grey frame into account; a colour frame changes nothing.
    pub fn add(&mut self, frame: &Frame) {
        let a = &frame.attributes;
        if !a.photometric.is_monochrome() {
            return;
        }
        self.frames += 1;
        for (stored, count) in distinct(&frame.samples) {
            if !stored.is_finite() {
                continue;
            }
            self.stored = Some(self.stored.map_or([stored, stored], |[low, high]| {
                [low.min(stored), high.max(stored)]
            }));
            if a.padding.is_some_and(|p| p.contains(stored)) {
                continue;
            }
            let modality = a.modality.apply(stored) as f32;
            if modality.is_finite() {
                // +0 and -0 are one value.
                self.count(key(modality + 0.0), count);
            }
        }
    }

    fn count(&mut self, key: u32, count: u64) {
        let key = if self.coarse { key >> COARSE_SHIFT } else { key };
        *self.counts.entry(key).or_default() += count;
        if !self.coarse && self.counts.len() > MOST_DISTINCT {
            self.coarse = true;
            for (key, count) in std::mem::take(&mut self.counts) {
                *self.counts.entry(key >> COARSE_SHIFT).or_default() += count;
            }
        }
    }

    /// Smallest and largest stored value; `None` when no grey frame was added.
    pub fn stored_range(&self) -> Option<[f64; 2]> {
        self.stored
    }

    /// The modality value at a share (0 to 1) of all values that are no padding, by nearest rank: the smallest value
    /// with at least that share of the values at or below it. `None` when there is none.
    pub fn percentile(&self, share: f64) -> Option<f64> {
        let total: u64 = self.counts.values().sum();
        let rank = ((share.clamp(0.0, 1.0) * total as f64).ceil() as u64).max(1);
        let mut below = 0;
        for (key, count) in &self.counts {
            below += count;
            if below >= rank {
                let key = if self.coarse { key << COARSE_SHIFT } else { *key };
                return Some(f64::from(value(key)));
            }
        }
        None
    }
}

/// Distinct stored values with their counts.
fn distinct(samples: &Samples) -> Vec<(f64, u64)> {
    fn table(offset: i32, values: impl Iterator<Item = i32>) -> Vec<(f64, u64)> {
        let mut counts = vec![0_u64; 1 << 16];
        for v in values {
            // The offset makes every value of its type a place in the table.
            if let Some(count) = counts.get_mut((v + offset) as usize) {
                *count += 1;
            }
        }
        let place = |(i, count): (usize, u64)| (f64::from(i as i32 - offset), count);
        counts
            .into_iter()
            .enumerate()
            .filter(|(_, count)| *count > 0)
            .map(place)
            .collect()
    }
    match samples {
        Samples::U8(v) => table(0, v.iter().map(|x| i32::from(*x))),
        Samples::I8(v) => table(128, v.iter().map(|x| i32::from(*x))),
        Samples::U16(v) => table(0, v.iter().map(|x| i32::from(*x))),
        Samples::I16(v) => table(32_768, v.iter().map(|x| i32::from(*x))),
        _ => {
            let mut values: Vec<f64> = (0..samples.len()).map(|i| samples.value(i)).collect();
            values.sort_by(f64::total_cmp);
            values
                .chunk_by(|a, b| a == b)
                .map(|run| (run[0], run.len() as u64))
                .collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use overread_imaging::voi::Padding;

    use super::*;
    use crate::recipe::fixture;

    #[test]
    fn keys_keep_the_order_of_floats() {
        let values = [-1e30_f32, -2.0, -1.0, -1e-30, 0.0, 1e-30, 1.0, 1.5, 1e30];
        assert!(values.windows(2).all(|w| key(w[0]) < key(w[1])));
        assert!(values.iter().all(|v| value(key(*v)) == *v));
    }

    #[test]
    fn extremes_hold_padding_percentiles_do_not() {
        let mut a = fixture::grey(Samples::I16((0..1000).collect()), 1000, 1);
        std::sync::Arc::make_mut(&mut a.attributes).padding = Some(Padding { low: 0, high: 0 });
        let mut survey = Survey::new();
        survey.add(&a);
        assert_eq!(survey.stored_range(), Some([0.0, 999.0]));
        // 999 values 1…999: rank ceil(0.005 * 999) = 5, ceil(0.995 * 999) = 995.
        assert_eq!(survey.percentile(0.005), Some(5.0));
        assert_eq!(survey.percentile(0.995), Some(995.0));
        assert_eq!(
            (survey.percentile(0.0), survey.percentile(1.0)),
            (Some(1.0), Some(999.0))
        );
    }

    #[test]
    fn too_many_values_are_counted_coarsely_whatever_the_order() {
        let values: Vec<f32> = (0..400_000_u32).map(|i| i as f32 * 0.37).collect();
        let (first, second) = values.split_at(300_000);
        let frame = |v: &[f32]| fixture::grey(Samples::F32(v.to_vec()), v.len() as u32, 1);
        let mut forth = Survey::new();
        forth.add(&frame(first));
        forth.add(&frame(second));
        let mut back = Survey::new();
        back.add(&frame(second));
        back.add(&frame(first));
        assert!(forth.coarse && back.coarse);
        assert_eq!(forth.counts, back.counts);
        let p = forth.percentile(0.5).unwrap();
        assert!((p / (0.37 * 200_000.0) - 1.0).abs() < 1.0 / 2048.0, "{p}");
    }

    #[test]
    fn nothing_is_none() {
        assert_eq!(Survey::new().percentile(0.5), None);
        let mut survey = Survey::new();
        survey.add(&fixture::grey(Samples::F32(vec![f32::NAN; 4]), 2, 2));
        assert_eq!((survey.stored_range(), survey.percentile(0.5)), (None, None));
    }
}
