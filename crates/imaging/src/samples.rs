//! Stored values of one frame (PS3.3 C.7.6.3.1).

/// Stored values, row-major, samples of a pixel side by side whatever the file's PlanarConfiguration was.
///
/// A stored value is the pixel cell shifted right by HighBit + 1 - BitsStored, masked to BitsStored bits and, for
/// PixelRepresentation 1, sign-extended. The type is as wide as BitsAllocated (1 bit: one byte of 0 or 1 a pixel).
#[derive(Clone, Debug, PartialEq)]
pub enum Samples {
    /// BitsAllocated 1 or 8, unsigned.
    U8(Vec<u8>),
    /// BitsAllocated 8, signed.
    I8(Vec<i8>),
    /// BitsAllocated 9 to 16, unsigned.
    U16(Vec<u16>),
    /// BitsAllocated 9 to 16, signed.
    I16(Vec<i16>),
    /// BitsAllocated 32, unsigned.
    U32(Vec<u32>),
    /// BitsAllocated 32, signed.
    I32(Vec<i32>),
    /// Float Pixel Data (7FE0,0008).
    F32(Vec<f32>),
    /// Double Float Pixel Data (7FE0,0009).
    F64(Vec<f64>),
}

impl Samples {
    /// Number of samples (rows x columns x samples per pixel).
    pub fn len(&self) -> usize {
        match self {
            Self::U8(v) => v.len(),
            Self::I8(v) => v.len(),
            Self::U16(v) => v.len(),
            Self::I16(v) => v.len(),
            Self::U32(v) => v.len(),
            Self::I32(v) => v.len(),
            Self::F32(v) => v.len(),
            Self::F64(v) => v.len(),
        }
    }

    /// Bytes that the samples take in memory.
    pub fn bytes(&self) -> usize {
        match self {
            Self::U8(v) => size_of_val(&**v),
            Self::I8(v) => size_of_val(&**v),
            Self::U16(v) => size_of_val(&**v),
            Self::I16(v) => size_of_val(&**v),
            Self::U32(v) => size_of_val(&**v),
            Self::I32(v) => size_of_val(&**v),
            Self::F32(v) => size_of_val(&**v),
            Self::F64(v) => size_of_val(&**v),
        }
    }

    /// True when there is no sample.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The stored value at `index` as a double (exact for every type).
    ///
    /// # Panics
    /// When `index` is not below [`Samples::len`].
    pub fn value(&self, index: usize) -> f64 {
        match self {
            Self::U8(v) => f64::from(v[index]),
            Self::I8(v) => f64::from(v[index]),
            Self::U16(v) => f64::from(v[index]),
            Self::I16(v) => f64::from(v[index]),
            Self::U32(v) => f64::from(v[index]),
            Self::I32(v) => f64::from(v[index]),
            Self::F32(v) => f64::from(v[index]),
            Self::F64(v) => v[index],
        }
    }

    /// The numpy name of the type, little endian: `<u1`, `<i1`, `<u2`, `<i2`, `<u4`, `<i4`, `<f4`, `<f8`.
    pub fn dtype(&self) -> &'static str {
        match self {
            Self::U8(_) => "<u1",
            Self::I8(_) => "<i1",
            Self::U16(_) => "<u2",
            Self::I16(_) => "<i2",
            Self::U32(_) => "<u4",
            Self::I32(_) => "<i4",
            Self::F32(_) => "<f4",
            Self::F64(_) => "<f8",
        }
    }

    /// The samples as little-endian bytes, in [`Samples::dtype`].
    pub fn to_le_bytes(&self) -> Vec<u8> {
        match self {
            Self::U8(v) => v.clone(),
            Self::I8(v) => v.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Self::U16(v) => v.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Self::I16(v) => v.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Self::U32(v) => v.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Self::I32(v) => v.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Self::F32(v) => v.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Self::F64(v) => v.iter().flat_map(|x| x.to_le_bytes()).collect(),
        }
    }
}
