//! What packing keeps of weights, and the blocks of files against a reading of their description.

use overread_kernels::rounding::{from_bf16, from_f16, to_bf16, to_f16};
use overread_kernels::{Bytes, Format, Matrix, Plain};

const BLOCKS: [Format; 3] = [Format::Q8_0, Format::Q4K, Format::Q6K];

/// Numbers of a bell curve (sums of twelve even ones), rows of different sizes.
fn bell(rows: usize, columns: usize) -> Vec<f32> {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut even = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / 16_777_216.0
    };
    (0..rows * columns)
        .map(|i| ((0..12).map(|_| even()).sum::<f32>() - 6.0) * 0.02 * (1.0 + (i / columns % 3) as f32))
        .collect()
}

fn read(matrix: &Matrix) -> Vec<f32> {
    let mut all = vec![0.0; matrix.rows() * matrix.columns()];
    for (r, row) in all.chunks_exact_mut(matrix.columns()).enumerate() {
        matrix.row(r, row);
    }
    all
}

fn pack(format: Format, rows: usize, columns: usize, values: &[f32]) -> Matrix {
    Matrix::pack(format, rows, columns, |r, out| {
        out.copy_from_slice(&values[r * columns..][..columns]);
    })
}

/// Bytes that look like chance.
fn chance(count: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    (0..count)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        })
        .collect()
}

#[test]
fn floats_are_kept() {
    for (rows, columns) in [(1, 1), (17, 5), (40, 65)] {
        let values = bell(rows, columns);
        assert_eq!(read(&pack(Format::F32, rows, columns, &values)), values);
        let rounded: Vec<f32> = values.iter().map(|v| from_bf16(to_bf16(*v))).collect();
        assert_eq!(read(&pack(Format::Bf16, rows, columns, &values)), rounded);
    }
}

#[test]
fn plain_rows_are_read_in_all_three_widths() {
    let (rows, columns) = (19, 33);
    let values = bell(rows, columns);
    let f32s: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    let f16s: Vec<u8> = values.iter().flat_map(|v| to_f16(*v).to_le_bytes()).collect();
    let bf16s: Vec<u8> = values.iter().flat_map(|v| to_bf16(*v).to_le_bytes()).collect();
    let halves: Vec<f32> = values.iter().map(|v| from_f16(to_f16(*v))).collect();
    let rounded: Vec<f32> = values.iter().map(|v| from_bf16(to_bf16(*v))).collect();
    for (plain, bytes, values) in [
        (Plain::F32, &f32s, &values),
        (Plain::F16, &f16s, &halves),
        (Plain::Bf16, &bf16s, &rounded),
    ] {
        for format in [Format::F32, Format::Bf16, Format::Q8_0, Format::Q4K, Format::Q6K] {
            let found = Matrix::pack_plain(format, rows, columns, plain, bytes).expect("the length fits");
            let same = pack(format, rows, columns, values);
            assert_eq!(
                found.bytes()[..],
                same.bytes()[..],
                "{plain:?} to {}",
                format.name()
            );
            assert!(Matrix::pack_plain(format, rows + 1, columns, plain, bytes).is_none());
        }
    }
    let found = Matrix::pack_blocks(Format::Bf16, rows, columns, &bf16s).expect("the length fits");
    assert_eq!(read(&found), rounded);
}

#[test]
fn rows_of_a_strip_at_once_are_its_rows_one_by_one() {
    for (format, columns) in [
        (Format::F32, 33),
        (Format::Bf16, 67),
        (Format::Q8_0, 96),
        (Format::Q4K, 512),
        (Format::Q6K, 768),
    ] {
        let rows = 41;
        let values = bell(rows, columns);
        let matrix = pack(format, rows, columns, &values);
        let mut found = Vec::new();
        for strip in 0..rows.div_ceil(16) {
            let mut out = vec![f32::NAN; (rows - 16 * strip).min(16) * columns];
            matrix.strip_rows(strip, &mut out);
            found.extend(out);
        }
        assert!(found == read(&matrix), "{}", format.name());
    }
}

#[test]
fn q8_0_is_the_description_to_the_bit() {
    let (rows, columns) = (18, 96);
    let values = bell(rows, columns);
    let found = read(&pack(Format::Q8_0, rows, columns, &values));
    for (block, found) in values.chunks(32).zip(found.chunks(32)) {
        let d = block.iter().fold(0.0_f32, |m, v| m.max(v.abs())) / 127.0;
        for (v, f) in block.iter().zip(found) {
            assert_eq!(*f, from_f16(to_f16(d)) * (v * (1.0 / d)).round());
        }
    }
}

/// Root of the mean square of what is lost, over that of the values.
fn lost(values: &[f32], found: &[f32]) -> f64 {
    let square = |v: f32| f64::from(v) * f64::from(v);
    let off: f64 = values.iter().zip(found).map(|(a, b)| square(a - b)).sum();
    (off / values.iter().map(|v| square(*v)).sum::<f64>()).sqrt()
}

/// The search loses less than dividing each range evenly would, though that has exact scales and mins for free.
#[test]
fn searched_blocks_lose_less_than_even_ranges() {
    let (rows, columns) = (48, 1024);
    let values = bell(rows, columns);
    let even = |width: usize, steps: f32, low: fn(&[f32]) -> f32| -> Vec<f32> {
        values
            .chunks(width)
            .flat_map(|x| {
                let (low, high) = (low(x), x.iter().copied().fold(f32::MIN, f32::max));
                let step = (high - low) / steps;
                x.iter().map(move |v| low + ((v - low) / step).round() * step)
            })
            .collect()
    };
    let q4 = lost(&values, &read(&pack(Format::Q4K, rows, columns, &values)));
    let even4 = lost(
        &values,
        &even(32, 15.0, |x| x.iter().copied().fold(0.0, f32::min)),
    );
    assert!(q4 < 0.97 * even4, "{q4} and {even4}");
    let q6 = lost(&values, &read(&pack(Format::Q6K, rows, columns, &values)));
    let even6 = lost(
        &values,
        &even(16, 62.0, |x| -x.iter().fold(0.0_f32, |m, v| m.max(v.abs()))),
    );
    assert!(q6 < even6, "{q6} and {even6}");
    // What 4 and 6 bits can do for a bell curve cut at two to three deviations: a step over the root of twelve.
    assert!(q4 < 0.080 && q6 < 0.021, "{q4} {q6}");
}

#[test]
fn what_a_block_holds_exactly_it_keeps() {
    let columns = 512;
    for format in BLOCKS {
        for value in [0.0, 1.0, -0.5, 0.03] {
            let values = vec![value; 3 * columns];
            let found = read(&pack(format, 3, columns, &values));
            for f in &found {
                // Half a unit of the float16 that the scale is rounded to, and of its 6 bits.
                assert!(
                    (f - value).abs() <= 2e-3 * value.abs(),
                    "{}: {f} for {value}",
                    format.name()
                );
            }
        }
    }
}

#[test]
fn odd_weights_are_packed_to_numbers() {
    let columns = 300;
    for format in BLOCKS {
        let mut values = bell(3, columns);
        values[5] = f32::NAN;
        values[40] = f32::INFINITY;
        values[columns] = f32::MAX;
        values[columns + 1] = -1e-40;
        let matrix = pack(format, 3, columns, &values);
        let found = read(&matrix);
        // The row without odd weights is as it would be alone.
        assert_eq!(
            found[2 * columns..],
            read(&pack(format, 1, columns, &values[2 * columns..]))[..]
        );
        if format != Format::Q8_0 {
            assert!(found.iter().all(|v| v.is_finite()), "{}", format.name());
        }
    }
}

/// One row of blocks as the formats describe them, value by value.
fn described(format: Format, block: &[u8]) -> Vec<f32> {
    let half = |at: usize| from_f16(u16::from_le_bytes([block[at], block[at + 1]]));
    match format {
        Format::Q8_0 => (0..32).map(|i| half(0) * f32::from(block[2 + i] as i8)).collect(),
        Format::Q4K => (0..256)
            .map(|i| {
                let (j, packed) = (i / 32, &block[4..16]);
                // 96 bits: scales 0-3 and mins 0-3 in the low six bits of bytes 0-7; scales 4-7 and mins 4-7 have
                // their low four bits in bytes 8-11, their high two in the tops of bytes 0-3 and 4-7.
                let (scale, min) = if j < 4 {
                    (packed[j] % 64, packed[j + 4] % 64)
                } else {
                    (
                        packed[j + 4] % 16 + packed[j - 4] / 64 * 16,
                        packed[j + 4] / 16 + packed[j] / 64 * 16,
                    )
                };
                let byte = block[16 + i / 64 * 32 + i % 32];
                let q = if i % 64 < 32 { byte % 16 } else { byte / 16 };
                half(0) * f32::from(scale) * f32::from(q) - half(2) * f32::from(min)
            })
            .collect(),
        _ => (0..256)
            .map(|i| {
                let (half_of, quarter, l) = (i / 128, i % 128 / 32, i % 32);
                let low = block[half_of * 64 + quarter % 2 * 32 + l];
                let low = if quarter < 2 { low % 16 } else { low / 16 };
                let high = block[128 + half_of * 32 + l] / 4_u8.pow(quarter as u32) % 4;
                let scale = block[192 + i / 16] as i8;
                half(208) * f32::from(scale) * (f32::from(low + 16 * high) - 32.0)
            })
            .collect(),
    }
}

#[test]
fn blocks_of_files_are_kept_to_the_bit() {
    for (format, bytes) in [(Format::Q8_0, 34), (Format::Q4K, 144), (Format::Q6K, 210)] {
        for (rows, across) in [(1, 1), (16, 2), (35, 3)] {
            let columns = across * format.block();
            let mut blocks = chance(rows * across * bytes);
            // Scales of a size that stays finite; the rest is anything.
            for block in blocks.chunks_exact_mut(bytes) {
                let at: &[usize] = match format {
                    Format::Q8_0 => &[1],
                    Format::Q4K => &[1, 3],
                    _ => &[209],
                };
                for at in at {
                    block[*at] &= 0xBF;
                }
            }
            let matrix = Matrix::pack_blocks(format, rows, columns, &blocks).expect("the length fits");
            let exact: Vec<f32> = blocks
                .chunks_exact(bytes)
                .flat_map(|b| described(format, b))
                .collect();
            assert_eq!(read(&matrix), exact, "{} {rows} x {columns}", format.name());
            assert!(Matrix::pack_blocks(format, rows, columns, &blocks[1..]).is_none());
            assert!(Matrix::pack_blocks(format, rows, columns - 1, &blocks).is_none());
        }
    }
}

#[test]
fn packed_bytes_come_back() {
    for format in BLOCKS {
        let values = bell(20, 256);
        let matrix = pack(format, 20, 256, &values);
        let bytes = Bytes::filled(matrix.bytes().len(), |b| b.copy_from_slice(matrix.bytes()));
        let again = Matrix::from_packed(format, 20, 256, bytes.clone()).expect("the length fits");
        assert_eq!(read(&again), read(&matrix));
        assert!(Matrix::from_packed(format, 33, 256, bytes.clone()).is_none());
        assert!(Matrix::from_packed(format, usize::MAX, usize::MAX, bytes).is_none());
    }
    assert!(Matrix::pack_blocks(Format::Q4K, usize::MAX, 256, &[0; 144]).is_none());
    assert!(Matrix::pack_plain(Format::F32, usize::MAX, 2, Plain::F32, &[0; 8]).is_none());
}
