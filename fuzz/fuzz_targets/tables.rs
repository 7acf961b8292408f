//! Palettes, plain and segmented, modality and VOI tables.
#![no_main]

use libfuzzer_sys::fuzz_target;
use overread_fuzz as reader;

fuzz_target!(|data: &[u8]| {
    reader::tables(data);
});
