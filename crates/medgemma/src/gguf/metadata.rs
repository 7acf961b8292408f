//! Keys and values of a GGUF header, little-endian, read with a limit on the whole.

use std::collections::BTreeMap;
use std::io::Read;

/// Longest header that is read, bytes. A vocabulary of 262,144 tokens with scores, types and a template takes about 8
/// MB.
pub(super) const MOST_HEADER: u64 = 32 << 20;

/// A value. Numbers of all widths are kept as float64 where that is exact, else as the whole number.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Whole(i128),
    Real(f64),
    Flag(bool),
    Text(String),
    Texts(Vec<String>),
    Numbers(Vec<f64>),
}

/// Header bytes that are left, and where the next one lies.
pub(super) struct Header<R> {
    inner: R,
    pub(super) position: u64,
    limit: u64,
}

/// Why a header cannot be read.
pub(super) type Reason = String;

impl<R: Read> Header<R> {
    /// `length` is that of the file.
    pub(super) fn new(inner: R, length: u64) -> Self {
        Self {
            inner,
            position: 0,
            limit: length.min(MOST_HEADER),
        }
    }

    fn left(&self) -> u64 {
        self.limit - self.position
    }

    fn take(&mut self, n: u64) -> Result<(), Reason> {
        if n > self.left() {
            return Err(if self.limit == MOST_HEADER {
                "its header is far longer than that of any model of the family".to_owned()
            } else {
                "its header runs past its end: the download is incomplete or the file is damaged".to_owned()
            });
        }
        self.position += n;
        Ok(())
    }

    pub(super) fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Reason> {
        self.take(N as u64)?;
        let mut out = [0; N];
        self.inner
            .read_exact(&mut out)
            .map_err(|error| error.to_string())?;
        Ok(out)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Reason> {
        Ok(u32::from_le_bytes(self.bytes()?))
    }

    pub(super) fn u64(&mut self) -> Result<u64, Reason> {
        Ok(u64::from_le_bytes(self.bytes()?))
    }

    pub(super) fn text(&mut self) -> Result<String, Reason> {
        let n = self.u64()?;
        self.take(n)?;
        let mut out = vec![0; n as usize];
        self.inner
            .read_exact(&mut out)
            .map_err(|error| error.to_string())?;
        Ok(String::from_utf8(out)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    fn value(&mut self, kind: u32) -> Result<Value, Reason> {
        Ok(match kind {
            0 => Value::Whole(self.bytes::<1>()?[0].into()),
            1 => Value::Whole(self.bytes::<1>()?[0].cast_signed().into()),
            2 => Value::Whole(u16::from_le_bytes(self.bytes()?).into()),
            3 => Value::Whole(i16::from_le_bytes(self.bytes()?).into()),
            4 => Value::Whole(self.u32()?.into()),
            5 => Value::Whole(i32::from_le_bytes(self.bytes()?).into()),
            6 => Value::Real(f32::from_le_bytes(self.bytes()?).into()),
            7 => Value::Flag(self.bytes::<1>()?[0] != 0),
            8 => Value::Text(self.text()?),
            9 => self.array()?,
            10 => Value::Whole(self.u64()?.into()),
            11 => Value::Whole(i64::from_le_bytes(self.bytes()?).into()),
            12 => Value::Real(f64::from_le_bytes(self.bytes()?)),
            other => return Err(format!("its header has a value of unknown kind {other}")),
        })
    }

    fn array(&mut self) -> Result<Value, Reason> {
        let (kind, count) = (self.u32()?, self.u64()?);
        let each = match kind {
            0 | 1 | 7 => 1,
            2 | 3 => 2,
            4..=6 => 4,
            8 | 10..=12 => 8,
            9 => return Err("its header has lists within lists".to_owned()),
            other => return Err(format!("its header has a list of unknown kind {other}")),
        };
        // Whatever the count says, so many cannot be there.
        if count > self.left() / each {
            return Err("a list of its header is longer than the file".to_owned());
        }
        if kind == 8 {
            let mut texts = Vec::new();
            for _ in 0..count {
                texts.push(self.text()?);
            }
            return Ok(Value::Texts(texts));
        }
        let mut numbers = Vec::new();
        for _ in 0..count {
            numbers.push(match self.value(kind)? {
                Value::Whole(v) => v as f64,
                Value::Real(v) => v,
                Value::Flag(v) => f64::from(u8::from(v)),
                Value::Text(_) | Value::Texts(_) | Value::Numbers(_) => 0.0,
            });
        }
        Ok(Value::Numbers(numbers))
    }

    /// `count` keys with their values.
    pub(super) fn keys(&mut self, count: u64) -> Result<Metadata, Reason> {
        let mut values = BTreeMap::new();
        for _ in 0..count {
            let key = self.text()?;
            let kind = self.u32()?;
            let value = self.value(kind)?;
            if values.insert(key.clone(), value).is_some() {
                return Err(format!("its header has the key {key} twice"));
            }
        }
        Ok(Metadata { values })
    }
}

/// The keys of a file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metadata {
    pub(super) values: BTreeMap<String, Value>,
}

impl Metadata {
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.values.get(key)
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        match self.get(key)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn whole(&self, key: &str) -> Option<i128> {
        match self.get(key)? {
            Value::Whole(v) => Some(*v),
            _ => None,
        }
    }

    pub(super) fn real(&self, key: &str) -> Option<f64> {
        match self.get(key)? {
            Value::Real(v) => Some(*v),
            Value::Whole(v) => Some(*v as f64),
            _ => None,
        }
    }

    pub(super) fn texts(&self, key: &str) -> Option<&[String]> {
        match self.get(key)? {
            Value::Texts(list) => Some(list),
            _ => None,
        }
    }

    pub(super) fn numbers(&self, key: &str) -> Option<&[f64]> {
        match self.get(key)? {
            Value::Numbers(list) => Some(list),
            _ => None,
        }
    }
}
