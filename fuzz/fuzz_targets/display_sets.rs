//! Headers of any places, sizes and numbers, to display sets.
#![no_main]

use libfuzzer_sys::fuzz_target;
use overread_fuzz as reader;

fuzz_target!(|data: &[u8]| {
    reader::display_sets(data);
});
