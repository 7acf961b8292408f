//! Marker segments (T.800 Annex A): image and tile size, coding styles, quantisation, regions, progressions.

/// Most components: what DICOM's Samples per Pixel can use.
const MOST_COMPONENTS: usize = 4;
/// Most bits of a sample for which all arithmetic stays within 32 bits.
const MOST_BITS: u8 = 28;
/// Most decomposition levels (T.800 Table A.15).
const MOST_LEVELS: u8 = 32;
/// Most progression order changes of a tile: every pair of resolution and component once.
const MOST_PROGRESSIONS: usize = 33 * MOST_COMPONENTS;

/// Reads big-endian numbers from a marker segment.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl Fields<'_> {
    pub(super) fn byte(&mut self) -> Result<u8, String> {
        let (first, rest) = self.0.split_first().ok_or("a marker segment is too short")?;
        self.0 = rest;
        Ok(*first)
    }

    pub(super) fn word(&mut self) -> Result<u16, String> {
        Ok(u16::from_be_bytes([self.byte()?, self.byte()?]))
    }

    pub(super) fn long(&mut self) -> Result<u32, String> {
        Ok(u32::from(self.word()?) << 16 | u32::from(self.word()?))
    }
}

/// A component of the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Component {
    /// Bits of a sample, its sign with them.
    pub(super) precision: u8,
    pub(super) signed: bool,
    /// Columns and rows of the reference grid from one sample to the next.
    pub(super) step: (u32, u32),
}

/// Image and tile size on the reference grid (T.800 A.5.1): from, to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) from: (u32, u32),
    pub(super) to: (u32, u32),
    pub(super) tile: (u32, u32),
    pub(super) tile_from: (u32, u32),
    pub(super) components: Vec<Component>,
}

impl Size {
    pub(super) fn read(segment: &[u8]) -> Result<Self, String> {
        let mut fields = Fields(segment);
        fields.word()?;
        let mut pair = || Ok::<_, String>((fields.long()?, fields.long()?));
        let (to, from, tile, tile_from) = (pair()?, pair()?, pair()?, pair()?);
        let count = usize::from(fields.word()?);
        if !(1..=MOST_COMPONENTS).contains(&count) {
            return Err(format!("it has {count} components"));
        }
        let mut components = Vec::with_capacity(count);
        for _ in 0..count {
            let depth = fields.byte()?;
            let step = (u32::from(fields.byte()?), u32::from(fields.byte()?));
            let precision = (depth & 0x7F) + 1;
            if precision > MOST_BITS {
                return Err(format!(
                    "its samples have {precision} bits, more than {MOST_BITS}"
                ));
            }
            if step.0 == 0 || step.1 == 0 {
                return Err("a component has no size".to_owned());
            }
            components.push(Component {
                precision,
                signed: depth & 0x80 != 0,
                step,
            });
        }
        let sound = |from: u32, to: u32, tile: u32, tile_from: u32| {
            from < to
                && tile > 0
                && tile_from <= from
                && u64::from(tile_from) + u64::from(tile) > u64::from(from)
        };
        let size = Self {
            from,
            to,
            tile,
            tile_from,
            components,
        };
        let usable = sound(from.0, to.0, tile.0, tile_from.0) && sound(from.1, to.1, tile.1, tile_from.1);
        if !usable || u64::from(size.tiles().0) * u64::from(size.tiles().1) > 65_535 {
            return Err("it has no sound image size".to_owned());
        }
        let step = size.finest();
        let even = |c: &Component| c.step.0.is_multiple_of(step.0) && c.step.1.is_multiple_of(step.1);
        if !size.components.iter().all(even) || !size.components.iter().any(|c| c.step == step) {
            return Err("its components differ in size in a way that is not supported".to_owned());
        }
        if size.samples() == 0 {
            return Err("it has no sound image size".to_owned());
        }
        Ok(size)
    }

    /// The step of the finest component, which all others' are multiples of.
    pub(super) fn finest(&self) -> (u32, u32) {
        let step = |pick: fn(&Component) -> u32| self.components.iter().map(pick).min().unwrap_or(1);
        (step(|c| c.step.0), step(|c| c.step.1))
    }

    /// Samples that come out: every component on the grid of the finest.
    pub(super) fn samples(&self) -> u64 {
        let step = self.finest();
        let side = |from: u32, to: u32, step: u32| u64::from(to.div_ceil(step) - from.div_ceil(step));
        side(self.from.0, self.to.0, step.0)
            .saturating_mul(side(self.from.1, self.to.1, step.1))
            .saturating_mul(self.components.len() as u64)
    }

    /// Tiles across and down.
    pub(super) fn tiles(&self) -> (u32, u32) {
        (
            (self.to.0 - self.tile_from.0).div_ceil(self.tile.0),
            (self.to.1 - self.tile_from.1).div_ceil(self.tile.1),
        )
    }
}

/// How a component's coefficients are cut and coded (T.800 A.6.1, SPcod).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Style {
    /// Decomposition levels.
    pub(super) levels: u8,
    /// Code-block width and height, as powers of two.
    pub(super) block: (u8, u8),
    pub(super) passes: u8,
    /// The 5/3 filter without loss; else the 9/7 filter.
    pub(super) reversible: bool,
    /// Precinct width and height by resolution, as powers of two.
    pub(super) precincts: Vec<(u8, u8)>,
}

impl Style {
    fn read(fields: &mut Fields<'_>, precincts_follow: bool) -> Result<Self, String> {
        let levels = fields.byte()?;
        let block = (fields.byte()?.saturating_add(2), fields.byte()?.saturating_add(2));
        let passes = fields.byte()?;
        let filter = fields.byte()?;
        if levels > MOST_LEVELS {
            return Err(format!("it has {levels} decomposition levels"));
        }
        if block.0 > 10 || block.1 > 10 || block.0 + block.1 > 12 {
            return Err("its code-blocks are too large".to_owned());
        }
        if passes & 0x80 != 0 {
            return Err("it mixes code-blocks of T.800 and T.814".to_owned());
        }
        if filter > 1 {
            return Err("it uses a wavelet filter of Part 2".to_owned());
        }
        let mut precincts = Vec::with_capacity(usize::from(levels) + 1);
        for resolution in 0..=levels {
            let size = if precincts_follow {
                let byte = fields.byte()?;
                (byte & 15, byte >> 4)
            } else {
                (15, 15)
            };
            if resolution > 0 && (size.0 == 0 || size.1 == 0) {
                return Err("its precincts have no size".to_owned());
            }
            precincts.push(size);
        }
        Ok(Self {
            levels,
            block,
            passes,
            reversible: filter == 1,
            precincts,
        })
    }
}

/// How coefficients were quantised (T.800 A.6.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Quantisation {
    guard: u8,
    derived: bool,
    /// Exponent and mantissa by subband.
    steps: Vec<(u8, u16)>,
}

impl Quantisation {
    fn read(fields: &mut Fields<'_>) -> Result<Self, String> {
        let style = fields.byte()?;
        let mut steps = Vec::new();
        while !fields.0.is_empty() {
            steps.push(if style & 31 == 0 {
                (fields.byte()? >> 3, 0)
            } else {
                let word = fields.word()?;
                ((word >> 11) as u8, word & 0x7FF)
            });
        }
        if style & 31 > 2 || steps.is_empty() {
            return Err("its quantisation makes no sense".to_owned());
        }
        Ok(Self {
            guard: style >> 5,
            derived: style & 31 == 1,
            steps,
        })
    }

    /// Exponent and mantissa of a subband, by its number from the lowest and its resolution (T.800 E.1).
    fn step(&self, band: usize, resolution: u8) -> Option<(u8, u16)> {
        if self.derived {
            let (exponent, mantissa) = *self.steps.first()?;
            return Some((exponent.saturating_sub(resolution.saturating_sub(1)), mantissa));
        }
        self.steps.get(band).copied()
    }

    /// Magnitude bit-planes (T.800 E-2) and the exponent and mantissa of the step of a subband.
    pub(super) fn band(&self, band: usize, resolution: u8) -> Result<(u32, u8, u16), String> {
        let (exponent, mantissa) = self
            .step(band, resolution)
            .ok_or("its quantisation has too few steps")?;
        let planes = (u32::from(self.guard) + u32::from(exponent)).saturating_sub(1);
        Ok((planes, exponent, mantissa))
    }
}

/// A part of a progression (T.800 A.6.6): which packets, in which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Progression {
    pub(super) resolutions: (u8, u8),
    pub(super) components: (u8, u8),
    pub(super) layers: u16,
    pub(super) order: Order,
}

/// Order of packets: layer, resolution, component, position (T.800 Table A.16).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Lrcp,
    Rlcp,
    Rpcl,
    Pcrl,
    Cprl,
}

impl Order {
    fn read(byte: u8) -> Result<Self, String> {
        Ok(match byte {
            0 => Self::Lrcp,
            1 => Self::Rlcp,
            2 => Self::Rpcl,
            3 => Self::Pcrl,
            4 => Self::Cprl,
            _ => return Err("its progression order makes no sense".to_owned()),
        })
    }
}

/// What holds for one component of a tile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) style: Option<Style>,
    pub(super) quantisation: Option<Quantisation>,
    /// Bits that a region of interest was raised by (T.800 Annex H).
    pub(super) raised: u8,
    own_style: bool,
    own_quantisation: bool,
}

/// What holds for one tile: the main header's word, then the tile's (T.800 A.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parameters {
    pub(super) order: Order,
    pub(super) layers: u16,
    /// Components 0 to 2 went through the multiple component transform.
    pub(super) transformed: bool,
    pub(super) parts: Vec<Part>,
    pub(super) progressions: Vec<Progression>,
    in_tile: bool,
}

impl Parameters {
    pub(super) fn new(components: usize) -> Self {
        let part = Part {
            style: None,
            quantisation: None,
            raised: 0,
            own_style: false,
            own_quantisation: false,
        };
        Self {
            order: Order::Lrcp,
            layers: 1,
            transformed: false,
            parts: vec![part; components],
            progressions: Vec::new(),
            in_tile: false,
        }
    }

    /// The same for a tile: whatever its headers say comes before what the main header said of a component.
    pub(super) fn for_tile(&self) -> Self {
        let mut tile = self.clone();
        tile.in_tile = true;
        for part in &mut tile.parts {
            (part.own_style, part.own_quantisation) = (false, false);
        }
        tile
    }

    fn part(&mut self, index: u8) -> Result<&mut Part, String> {
        self.parts
            .get_mut(usize::from(index))
            .ok_or_else(|| format!("a marker segment speaks of component {index}"))
    }

    /// Takes in a marker segment; others are passed over.
    pub(super) fn read(&mut self, marker: u8, segment: &[u8]) -> Result<(), String> {
        let mut fields = Fields(segment);
        match marker {
            0x52 => self.read_style(&mut fields)?,
            0x53 => {
                let index = fields.byte()?;
                let flags = fields.byte()?;
                let style = Style::read(&mut fields, flags & 1 != 0)?;
                let part = self.part(index)?;
                part.style = Some(style);
                part.own_style = true;
            }
            0x5C => {
                let quantisation = Quantisation::read(&mut fields)?;
                for part in self.parts.iter_mut().filter(|p| !p.own_quantisation) {
                    part.quantisation = Some(quantisation.clone());
                }
            }
            0x5D => {
                let index = fields.byte()?;
                let quantisation = Quantisation::read(&mut fields)?;
                let part = self.part(index)?;
                part.quantisation = Some(quantisation);
                part.own_quantisation = true;
            }
            0x5E => {
                let index = fields.byte()?;
                if fields.byte()? != 0 {
                    return Err("it uses a region of interest of Part 2".to_owned());
                }
                let raised = fields.byte()?;
                self.part(index)?.raised = raised;
            }
            0x5F => self.read_progressions(&mut fields)?,
            _ => {}
        }
        Ok(())
    }

    fn read_style(&mut self, fields: &mut Fields<'_>) -> Result<(), String> {
        let flags = fields.byte()?;
        self.order = Order::read(fields.byte()?)?;
        self.layers = fields.word()?;
        let transform = fields.byte()?;
        if transform > 1 {
            return Err("it uses a component transform of Part 2".to_owned());
        }
        self.transformed = transform == 1;
        if self.layers == 0 {
            return Err("it has no layers".to_owned());
        }
        let style = Style::read(fields, flags & 1 != 0)?;
        for part in self.parts.iter_mut().filter(|p| !p.own_style) {
            part.style = Some(style.clone());
        }
        Ok(())
    }

    fn read_progressions(&mut self, fields: &mut Fields<'_>) -> Result<(), String> {
        if std::mem::take(&mut self.in_tile) {
            // The tile's first replaces the main header's; further ones go on from it.
            self.progressions.clear();
        }
        while !fields.0.is_empty() {
            let (resolution, component) = (fields.byte()?, fields.byte()?);
            let layers = fields.word()?;
            let (resolution_end, component_end) = (fields.byte()?, fields.byte()?);
            let order = Order::read(fields.byte()?)?;
            if self.progressions.len() >= MOST_PROGRESSIONS {
                return Err("its progression order changes too often".to_owned());
            }
            self.progressions.push(Progression {
                resolutions: (resolution, resolution_end.min(MOST_LEVELS + 1)),
                components: (
                    component,
                    if component_end == 0 {
                        u8::MAX
                    } else {
                        component_end
                    },
                ),
                layers,
                order,
            });
        }
        Ok(())
    }

    /// The progressions in order; the coding style's own where no other is named.
    pub(super) fn progressions(&self) -> Vec<Progression> {
        if !self.progressions.is_empty() {
            return self.progressions.clone();
        }
        vec![Progression {
            resolutions: (0, MOST_LEVELS + 1),
            components: (0, u8::MAX),
            layers: self.layers,
            order: self.order,
        }]
    }
}
