//! Lookup tables of DICOM (PS3.3 C.11.1.1, C.11.2.1.1): first mapped value, entries, bits.

use std::sync::Arc;

/// A Modality or VOI LUT.
#[derive(Clone, Debug, PartialEq)]
pub struct Lut {
    /// Input value of the first entry; inputs below take the first entry, inputs past the end the last.
    pub first_mapped: i32,
    /// Bits of an entry as the descriptor's third value says (8 to 16); the output range is 0 to 2^bits - 1.
    pub bits: u8,
    /// The entries; never empty.
    pub entries: Arc<[u16]>,
    /// LUT Explanation (0028,3003).
    pub explanation: Option<String>,
}

impl Lut {
    /// The entry for `input`, clamped at both ends.
    pub fn look_up(&self, input: i64) -> u16 {
        let last = self.entries.len() as i64 - 1;
        let index = (input - i64::from(self.first_mapped)).clamp(0, last);
        usize::try_from(index).map_or(0, |i| self.entries[i])
    }
}
