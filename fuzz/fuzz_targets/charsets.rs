//! Text under any character set.
#![no_main]

use libfuzzer_sys::fuzz_target;
use overread_dicom::charset::CharacterSet;
use overread_fuzz as reader;

fuzz_target!(|data: &[u8]| {
    let Some((first, rest)) = data.split_first() else {
        return;
    };
    let at = usize::from(*first).min(rest.len());
    let values: Vec<String> = String::from_utf8_lossy(&rest[..at])
        .split('\\')
        .map(str::to_owned)
        .collect();
    let _ = CharacterSet::new(&values).decode(&rest[at..], b"^=");
    for terms in reader::TERMS {
        let values: Vec<String> = terms.split('\\').map(str::to_owned).collect();
        let _ = CharacterSet::new(&values).decode(rest, b"^=");
    }
});
