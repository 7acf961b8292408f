//! The range of a display set's values, for the recipes that stretch it: exact, without keeping the voxels.

use std::collections::BTreeMap;

use overread_imaging::frame::Frame;

/// Lowest and highest modality value of a whole display set, padding left out; for the recipes that need a range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VolumeRange {
    /// Minimum and maximum.
    pub extremes: [f64; 2],
    /// 0.5 and 99.5 percentile.
    pub percentiles: [f64; 2],
}

impl VolumeRange {
    /// The range over frames.
    pub fn of<'a>(frames: impl Iterator<Item = &'a Frame>) -> Option<Self> {
        let mut counted = CountedValues::default();
        frames.for_each(|frame| counted.add(frame));
        counted.range()
    }
}

/// How often each modality value occurs in the frames added so far: exact percentiles without keeping the voxels.
#[derive(Clone, Debug, Default)]
pub struct CountedValues {
    /// By the value's place in the total order of doubles.
    counts: BTreeMap<u64, (f64, u64)>,
    total: u64,
}

impl CountedValues {
    /// Adds a frame's values, padding and what is no number left out.
    pub fn add(&mut self, frame: &Frame) {
        let a = &frame.attributes;
        let mut stored = BTreeMap::<u64, (f64, u64)>::new();
        let mut last: Option<(f64, u64)> = None;
        // Neighbours are often equal: a run is looked up once.
        for i in 0..frame.samples.len() {
            let value = frame.samples.value(i);
            match &mut last {
                Some((same, run)) if same.to_bits() == value.to_bits() => *run += 1,
                _ => {
                    if let Some((old, run)) = last.replace((value, 1)) {
                        stored.entry(place(old)).or_insert((old, 0)).1 += run;
                    }
                }
            }
        }
        if let Some((old, run)) = last {
            stored.entry(place(old)).or_insert((old, 0)).1 += run;
        }
        for (value, count) in stored.into_values() {
            if value.is_finite() && !a.padding.is_some_and(|p| p.contains(value)) {
                let value = a.modality.apply(value);
                self.counts.entry(place(value)).or_insert((value, 0)).1 += count;
                self.total += count;
            }
        }
    }

    /// The range; `None` when nothing was added.
    pub fn range(&self) -> Option<VolumeRange> {
        let (first, _) = *self.counts.values().next()?;
        let (last, _) = *self.counts.values().next_back()?;
        let at = |share: f64| {
            let wanted = ((self.total - 1) as f64 * share).round() as u64;
            let mut before = 0;
            self.counts
                .values()
                .find(|(_, count)| {
                    before += count;
                    before > wanted
                })
                .map_or(last, |(value, _)| *value)
        };
        Some(VolumeRange {
            extremes: [first, last],
            percentiles: [at(0.005), at(0.995)],
        })
    }
}

/// Unsigned integers in the order of the doubles.
fn place(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_in_the_order_of_the_numbers() {
        let values = [f64::NEG_INFINITY, -3.5, -0.0, 0.0, 1e-300, 2.0, f64::INFINITY];
        assert!(values.windows(2).all(|pair| place(pair[0]) < place(pair[1])));
    }

    #[test]
    fn counted_percentiles_are_those_of_the_sorted_values() {
        let mut counted = CountedValues::default();
        let mut sorted = Vec::new();
        for i in 0..1001_u32 {
            let value = f64::from(i.wrapping_mul(7919) % 353) - 100.0;
            sorted.push(value);
            counted.counts.entry(place(value)).or_insert((value, 0)).1 += 1;
            counted.total += 1;
        }
        sorted.sort_by(f64::total_cmp);
        let range = counted.range().expect("values");
        assert_eq!(range.extremes, [sorted[0], sorted[1000]]);
        assert_eq!(range.percentiles, [sorted[5], sorted[995]]);
    }
}
