//! Which instructions are used: found at run time, lowered on request.

use std::sync::OnceLock;

/// A set of instructions, each holding the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Scalar code, left to the compiler (on ARM it uses NEON): the twin of every other level.
    Plain,
    /// AVX2 with FMA and F16C.
    Avx2,
    /// AVX-512 F, BW, DQ, VL.
    Avx512,
    /// AVX-512 with VNNI: products of bytes.
    Avx512Vnni,
    /// AVX-512 with VNNI and BF16: products of bfloat16 pairs.
    Avx512Bf16,
}

impl Level {
    /// All levels, lowest first.
    pub const ALL: [Self; 5] = [
        Self::Plain,
        Self::Avx2,
        Self::Avx512,
        Self::Avx512Vnni,
        Self::Avx512Bf16,
    ];

    /// The highest level of this machine.
    pub fn detect() -> Self {
        static FOUND: OnceLock<Level> = OnceLock::new();
        *FOUND.get_or_init(detect)
    }

    /// A word for records and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
            Self::Avx512Vnni => "avx512-vnni",
            Self::Avx512Bf16 => "avx512-bf16",
        }
    }
}

#[cfg(target_arch = "x86_64")]
fn detect() -> Level {
    use std::arch::is_x86_feature_detected as has;
    if !(has!("avx2") && has!("fma") && has!("f16c")) {
        return Level::Plain;
    }
    if !(has!("avx512f") && has!("avx512bw") && has!("avx512dq") && has!("avx512vl")) {
        return Level::Avx2;
    }
    if !has!("avx512vnni") {
        return Level::Avx512;
    }
    if has!("avx512bf16") {
        Level::Avx512Bf16
    } else {
        Level::Avx512Vnni
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn detect() -> Level {
    Level::Plain
}

/// The handle of the kernels: which level to use. It can only be had for a level that the machine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kernels {
    level: Level,
}

impl Kernels {
    /// The best of this machine.
    pub fn best() -> Self {
        Self {
            level: Level::detect(),
        }
    }

    /// At a level; `None` where the machine lacks it.
    pub fn at(level: Level) -> Option<Self> {
        (level <= Level::detect()).then_some(Self { level })
    }

    /// Every level that the machine has, lowest first.
    pub fn all() -> Vec<Self> {
        Level::ALL.into_iter().filter_map(Self::at).collect()
    }

    /// The level in use.
    pub fn level(self) -> Level {
        self.level
    }
}
