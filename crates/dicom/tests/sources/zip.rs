//! A writer of small zips, with a handle on everything that can lie.

use std::io::Write;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

/// One entry as it is to be written.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) name: Vec<u8>,
    pub(crate) bytes: Vec<u8>,
    pub(crate) method: u16,
    pub(crate) flags: u16,
    /// Upper half of the external attributes.
    pub(crate) mode: u16,
    /// Said instead of the true inflated length.
    pub(crate) claims: Option<u64>,
    /// Said instead of the true offset.
    pub(crate) offset: Option<u64>,
    pub(crate) crc: Option<u32>,
    /// Lengths and offset in the Zip64 field.
    pub(crate) wide: bool,
}

impl Entry {
    pub(crate) fn new(name: impl Into<Vec<u8>>, bytes: &[u8]) -> Self {
        Self {
            name: name.into(),
            bytes: bytes.to_vec(),
            method: 8,
            flags: 0,
            mode: 0o100_644,
            claims: None,
            offset: None,
            crc: None,
            wide: false,
        }
    }

    pub(crate) fn stored(name: impl Into<Vec<u8>>, bytes: &[u8]) -> Self {
        Self {
            method: 0,
            ..Self::new(name, bytes)
        }
    }
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// The zip, and where its directory begins.
pub(crate) fn zip(entries: &[Entry]) -> (Vec<u8>, usize) {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for entry in entries {
        let packed = if entry.method == 8 {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(&entry.bytes).expect("memory");
            encoder.finish().expect("memory")
        } else {
            entry.bytes.clone()
        };
        let offset = entry.offset.unwrap_or(out.len() as u64);
        let length = entry.claims.unwrap_or(entry.bytes.len() as u64);
        let name = u16::try_from(entry.name.len()).expect("short");
        let sum = entry.crc.unwrap_or_else(|| crc(&entry.bytes));
        let narrow = |n: u64| u32::try_from(n).expect("small").to_le_bytes();
        out.extend(b"PK\x03\x04\x14\0");
        out.extend(entry.flags.to_le_bytes());
        out.extend(entry.method.to_le_bytes());
        out.extend([0; 4]);
        out.extend(sum.to_le_bytes());
        out.extend(narrow(packed.len() as u64));
        out.extend(narrow(entry.bytes.len() as u64));
        out.extend(name.to_le_bytes());
        out.extend([0; 2]);
        out.extend(&entry.name);
        let packed_length = packed.len() as u64;
        out.extend(packed);
        directory.extend(b"PK\x01\x02\x14\x03\x14\0");
        directory.extend(entry.flags.to_le_bytes());
        directory.extend(entry.method.to_le_bytes());
        directory.extend([0; 4]);
        directory.extend(sum.to_le_bytes());
        let extra: Vec<u8> = if entry.wide {
            directory.extend([0xFF; 8]);
            let values = [length, packed_length, offset].map(u64::to_le_bytes).concat();
            [&[1, 0, 24, 0], &*values].concat()
        } else {
            directory.extend(narrow(packed_length));
            directory.extend(narrow(length));
            Vec::new()
        };
        directory.extend(name.to_le_bytes());
        directory.extend(u16::try_from(extra.len()).expect("short").to_le_bytes());
        directory.extend([0; 8]);
        directory.extend(entry.mode.to_le_bytes());
        directory.extend(if entry.wide { [0xFF; 4] } else { narrow(offset) });
        directory.extend(&entry.name);
        directory.extend(extra);
    }
    let start = out.len();
    out.extend(&directory);
    let narrow = |n: usize| u32::try_from(n).expect("small").to_le_bytes();
    let wide = entries.iter().any(|entry| entry.wide);
    if wide {
        let at = out.len() as u64;
        out.extend(b"PK\x06\x06");
        out.extend(44_u64.to_le_bytes());
        out.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        for n in [entries.len(), entries.len(), directory.len(), start] {
            out.extend((n as u64).to_le_bytes());
        }
        out.extend(b"PK\x06\x07\0\0\0\0");
        out.extend(at.to_le_bytes());
        out.extend(1_u32.to_le_bytes());
    }
    let count = if wide {
        u16::MAX
    } else {
        u16::try_from(entries.len()).expect("few")
    };
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend(narrow(directory.len()));
    out.extend(if wide { [0xFF; 4] } else { narrow(start) });
    out.extend([0; 2]);
    (out, start)
}
