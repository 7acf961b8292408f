//! JPEG-LS streams.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = overread_dicom::codec::jpegls::decode(data, 1 << 20);
});
