//! A file as a folder holds it: what it is, its display set, its listing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use overread_fuzz as reader;

fuzz_target!(|data: &[u8]| {
    reader::whole(data);
});
