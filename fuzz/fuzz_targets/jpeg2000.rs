//! JPEG 2000 and HTJ2K streams.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = overread_dicom::codec::jpeg2000::decode(data, 1 << 20);
});
