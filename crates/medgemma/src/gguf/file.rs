//! One GGUF file: its keys, and where its tensors lie.

use std::io::BufReader;
use std::path::Path;

use super::metadata::{Header, Metadata};
use crate::error::{EngineError, Result};
use crate::weights::Stored;
use crate::weights::source::{Entry, SourceFile};

/// A file's header, every tensor checked against the file's length.
#[derive(Debug)]
pub(crate) struct GgufFile {
    pub(crate) file: SourceFile,
    pub(crate) metadata: Metadata,
    /// Under the file's names; `Entry::file` is 0.
    pub(crate) tensors: Vec<Entry>,
}

impl GgufFile {
    /// What the file calls its family.
    pub(crate) fn architecture(&self) -> &str {
        self.metadata.text("general.architecture").unwrap_or_default()
    }

    /// Reads a header.
    ///
    /// # Errors
    /// [`EngineError::BadFile`], [`EngineError::Unsupported`].
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let file = SourceFile::open(path)?;
        let mut header = Header::new(BufReader::with_capacity(1 << 16, &file.file), file.length);
        let bad = |reason: String| file.bad(reason);
        let magic = header.bytes::<4>().map_err(bad)?;
        if &magic == b"vers" {
            return Err(
                file.bad("it is a pointer of git-lfs and not the weights themselves (run `git lfs pull`)")
            );
        }
        if &magic != b"GGUF" {
            return Err(file.bad("it is no GGUF file"));
        }
        let version = header.u32().map_err(bad)?;
        if version.swap_bytes() <= 3 && version != 0 {
            return Err(EngineError::Unsupported(format!("{} is big-endian", file.name)));
        }
        if !matches!(version, 2 | 3) {
            return Err(EngineError::Unsupported(format!(
                "{} is GGUF of version {version}; 2 and 3 are read",
                file.name
            )));
        }
        let (tensors, keys) = (header.u64().map_err(bad)?, header.u64().map_err(bad)?);
        let metadata = header.keys(keys).map_err(bad)?;
        let alignment = match metadata.whole("general.alignment") {
            None => 32,
            Some(a) => u64::try_from(a)
                .ok()
                .filter(|a| a.is_power_of_two() && *a <= 1 << 20)
                .ok_or_else(|| file.bad(format!("its tensors are aligned to {a}")))?,
        };
        let mut list = Vec::new();
        for _ in 0..tensors {
            list.push(entry(&mut header, &file)?);
        }
        let data = header.position.next_multiple_of(alignment);
        for tensor in &mut list {
            let end = tensor
                .offset
                .checked_add(data)
                .and_then(|at| at.checked_add(tensor.bytes()));
            if !tensor.offset.is_multiple_of(alignment) || end.is_none_or(|end| end > file.length) {
                return Err(file.bad(format!(
                    "tensor {} runs past its end: the download is incomplete or the file is damaged",
                    tensor.name
                )));
            }
            tensor.offset += data;
        }
        overlaps(&list, &file)?;
        Ok(Self {
            metadata,
            tensors: list,
            file,
        })
    }
}

fn entry<R: std::io::Read>(header: &mut Header<R>, file: &SourceFile) -> Result<Entry> {
    let bad = |reason: String| file.bad(reason);
    let name = header.text().map_err(bad)?;
    let dimensions = header.u32().map_err(bad)?;
    if !(1..=4).contains(&dimensions) {
        return Err(file.bad(format!("tensor {name} has {dimensions} dimensions")));
    }
    let mut shape = Vec::new();
    let mut count: u64 = 1;
    for _ in 0..dimensions {
        let n = header.u64().map_err(bad)?;
        count = count
            .checked_mul(n)
            .filter(|c| (1..1 << 40).contains(c))
            .ok_or_else(|| file.bad(format!("tensor {name} has an impossible shape")))?;
        shape.push(n as usize);
    }
    // The file counts the fastest dimension first.
    shape.reverse();
    let kind = header.u32().map_err(bad)?;
    let stored = stored(kind).ok_or_else(|| {
        EngineError::Unsupported(format!(
            "tensor {name} is of type {}; F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1 and Q2_K to Q6_K are read",
            type_name(kind)
        ))
    })?;
    let columns = shape.last().copied().unwrap_or(0);
    if !columns.is_multiple_of(stored.block()) {
        return Err(file.bad(format!(
            "rows of tensor {name} are no whole blocks of {}",
            stored.name()
        )));
    }
    let offset = header.u64().map_err(bad)?;
    Ok(Entry {
        name,
        stored,
        shape,
        file: 0,
        offset,
    })
}

fn overlaps(list: &[Entry], file: &SourceFile) -> Result<()> {
    let mut order: Vec<&Entry> = list.iter().collect();
    order.sort_by_key(|t| t.offset);
    match order
        .windows(2)
        .find(|w| w[0].offset + w[0].bytes() > w[1].offset)
    {
        Some(w) => Err(file.bad(format!("tensors {} and {} overlap", w[0].name, w[1].name))),
        None => Ok(()),
    }
}

fn stored(kind: u32) -> Option<Stored> {
    Some(match kind {
        0 => Stored::F32,
        1 => Stored::F16,
        2 => Stored::Q4_0,
        3 => Stored::Q4_1,
        6 => Stored::Q5_0,
        7 => Stored::Q5_1,
        8 => Stored::Q8_0,
        10 => Stored::Q2K,
        11 => Stored::Q3K,
        12 => Stored::Q4K,
        13 => Stored::Q5K,
        14 => Stored::Q6K,
        30 => Stored::Bf16,
        _ => return None,
    })
}

/// Names of the types that are not read, as far as people meet them.
fn type_name(kind: u32) -> String {
    let name = match kind {
        9 => "Q8_1",
        15 => "Q8_K",
        16 => "IQ2_XXS",
        17 => "IQ2_XS",
        18 => "IQ3_XXS",
        19 => "IQ1_S",
        20 => "IQ4_NL",
        21 => "IQ3_S",
        22 => "IQ2_S",
        23 => "IQ4_XS",
        24..=28 => "a whole number or F64",
        29 => "IQ1_M",
        34 => "TQ1_0",
        35 => "TQ2_0",
        39 => "MXFP4",
        other => return format!("number {other}"),
    };
    name.to_owned()
}
