//! JPEG streams (ITU-T T.81) for these tests: blocks of one value each, whose decoding is exact by hand, and lossless
//! streams of any precision by the first predictor.

/// Bits into bytes, with a zero byte after each FF (T.81 F.1.2.3).
#[derive(Default)]
struct Bits {
    out: Vec<u8>,
    held: u32,
    count: u32,
}

impl Bits {
    fn put(&mut self, value: u32, count: u32) {
        for i in (0..count).rev() {
            self.held = (self.held << 1) | ((value >> i) & 1);
            self.count += 1;
            if self.count == 8 {
                let byte = u8::try_from(self.held & 0xFF).expect("masked");
                self.out.push(byte);
                if byte == 0xFF {
                    self.out.push(0);
                }
                (self.held, self.count) = (0, 0);
            }
        }
    }

    fn finish(mut self) -> Vec<u8> {
        while self.count != 0 {
            self.put(1, 1);
        }
        self.out
    }
}

/// Bits of a difference's magnitude, and the bits that follow its category (T.81 F.1.2.1).
fn category(difference: i32) -> (u32, u32) {
    let bits = 32 - difference.unsigned_abs().leading_zeros();
    let low = if difference < 0 {
        difference - 1
    } else {
        difference
    };
    (bits, low.cast_unsigned() & ((1_u32 << bits) - 1))
}

fn segment(out: &mut Vec<u8>, marker: u8, body: &[u8]) {
    out.extend([0xFF, marker]);
    out.extend(u16::try_from(body.len() + 2).expect("short").to_be_bytes());
    out.extend_from_slice(body);
}

/// A Huffman table in which every one of the values has a code of as many bits.
fn table(class: u8, bits: usize, values: &[u8]) -> Vec<u8> {
    let mut body = vec![class];
    body.extend((1..=16).map(|n| {
        if n == bits {
            u8::try_from(values.len()).expect("few")
        } else {
            0
        }
    }));
    body.extend_from_slice(values);
    body
}

/// A baseline stream of 8 x 8 blocks of one value each.
#[derive(Clone, Debug)]
pub(crate) struct Blocks {
    /// Rows and columns.
    pub(crate) size: (u16, u16),
    /// Component identifiers.
    pub(crate) ids: Vec<u8>,
    /// Horizontal and vertical sampling factors of each.
    pub(crate) factors: Vec<(u8, u8)>,
    /// Values of the blocks in the order of the stream.
    pub(crate) values: Vec<u8>,
    /// Transform flag of an Adobe marker.
    pub(crate) adobe: Option<u8>,
    pub(crate) jfif: bool,
}

impl Blocks {
    /// 8 x 8 pixels of one colour, nothing said of what the components mean.
    pub(crate) fn new(values: &[u8]) -> Self {
        Self {
            size: (8, 8),
            ids: (1..=3).take(values.len()).collect(),
            factors: vec![(1, 1); values.len()],
            values: values.to_vec(),
            adobe: None,
            jfif: false,
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = vec![0xFF, 0xD8];
        if self.jfif {
            segment(&mut out, 0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
        }
        if let Some(transform) = self.adobe {
            let mut body = b"Adobe\0\x64\0\0\0\0".to_vec();
            body.push(transform);
            segment(&mut out, 0xEE, &body);
        }
        // A step of 8 makes the first coefficient the block's mean less 128.
        let mut quantisation = vec![0];
        quantisation.extend([8; 64]);
        segment(&mut out, 0xDB, &quantisation);
        let mut frame = vec![8];
        frame.extend(self.size.0.to_be_bytes());
        frame.extend(self.size.1.to_be_bytes());
        frame.push(u8::try_from(self.ids.len()).expect("few"));
        for (id, (h, v)) in self.ids.iter().zip(&self.factors) {
            frame.extend([*id, (h << 4) | v, 0]);
        }
        segment(&mut out, 0xC0, &frame);
        segment(&mut out, 0xC4, &table(0x00, 4, &[0, 1, 2, 3, 4, 5, 6, 7, 8]));
        segment(&mut out, 0xC4, &table(0x10, 1, &[0]));
        let mut scan = vec![u8::try_from(self.ids.len()).expect("few")];
        for id in &self.ids {
            scan.extend([*id, 0]);
        }
        scan.extend([0, 63, 0]);
        segment(&mut out, 0xDA, &scan);
        out.extend(self.entropy());
        out.extend([0xFF, 0xD9]);
        out
    }

    fn entropy(&self) -> Vec<u8> {
        let mut bits = Bits::default();
        let mut last = vec![0_i32; self.ids.len()];
        let mut values = self.values.iter();
        while values.len() > 0 {
            for (component, (h, v)) in self.factors.iter().enumerate() {
                // A stream of one component is not interleaved: its blocks stand one after another.
                let blocks = if self.ids.len() == 1 { 1 } else { h * v };
                for _ in 0..blocks {
                    let value = i32::from(*values.next().expect("whole units")) - 128;
                    let (size, low) = category(value - last[component]);
                    last[component] = value;
                    bits.put(size, 4);
                    bits.put(low, size);
                    bits.put(0, 1);
                }
            }
        }
        bits.finish()
    }
}

/// A lossless stream (process 14, selection value 1) of one component.
pub(crate) fn lossless(rows: u16, columns: u16, precision: u8, values: &[u16]) -> Vec<u8> {
    let mut out = vec![0xFF, 0xD8];
    let mut frame = vec![precision];
    frame.extend(rows.to_be_bytes());
    frame.extend(columns.to_be_bytes());
    frame.extend([1, 1, 0x11, 0]);
    segment(&mut out, 0xC3, &frame);
    let categories: Vec<u8> = (0..=16).collect();
    segment(&mut out, 0xC4, &table(0x00, 5, &categories));
    segment(&mut out, 0xDA, &[1, 1, 0, 1, 0, 0]);
    let mut bits = Bits::default();
    let width = usize::from(columns);
    for (i, value) in values.iter().enumerate() {
        let predicted = if i == 0 {
            1_i32 << (precision - 1)
        } else if i % width == 0 {
            i32::from(values[i - width])
        } else {
            i32::from(values[i - 1])
        };
        // Differences are taken modulo 65536 (T.81 H.1.2.2); 32768 has a category of its own and no bits.
        let difference = (i32::from(*value) - predicted + 32_768).rem_euclid(65_536) - 32_768;
        if difference == -32_768 {
            bits.put(16, 5);
        } else {
            let (size, low) = category(difference);
            bits.put(size, 5);
            bits.put(low, size);
        }
    }
    out.extend(bits.finish());
    out.extend([0xFF, 0xD9]);
    out
}
