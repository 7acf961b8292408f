//! Contact sheets of made patients, to look at: `cargo run -p overread-phantom --example sheet -- OUT.png [SEED] [hard]`
//! shows two rows per finding (lung and mediastinal window) over several seeds, and `OUT-dx.png` a radiograph.

use std::error::Error;

use image::{GrayImage, Luma};
use overread_phantom::{Case, Finding, Options, Series};

const COLUMNS: usize = 6;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let out = arguments.next().unwrap_or_else(|| "sheet.png".to_owned());
    let seed: u64 = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let hard = arguments.next().is_some();
    let size = Options::small().size as usize;
    let mut sheet = GrayImage::new((COLUMNS * size) as u32, (2 * Finding::ALL.len() * size) as u32);
    for (row, finding) in Finding::ALL.into_iter().enumerate() {
        for column in 0..COLUMNS {
            let options = Options {
                finding: Some(finding),
                slices: 1,
                hard,
                ..Options::small()
            };
            let case = Case::generate(seed + (row * COLUMNS + column) as u64, &options);
            draw(
                &mut sheet,
                &case.series,
                (column * size, 2 * row * size),
                -600.0,
                1500.0,
            );
            draw(
                &mut sheet,
                &case.series,
                (column * size, (2 * row + 1) * size),
                40.0,
                400.0,
            );
            if let Some(point) = case.truth.position_mm {
                let (x, y) = case.pixel_of(point);
                let (x, y) = ((column * size) as f32 + x, (2 * row * size) as f32 + y);
                for offset in 0..8 {
                    let (x, y) = ((x as u32 + 12 + offset), y as u32);
                    if x < sheet.width() && y < sheet.height() {
                        sheet.put_pixel(x, y, Luma([255]));
                    }
                }
            }
        }
    }
    sheet.save(&out)?;
    let image = Case::generate(
        seed,
        &Options {
            slices: 1,
            ..Options::small()
        },
    )
    .radiograph();
    let [centre, width] = image.window;
    let grey = image
        .values
        .iter()
        .map(|v| level(f64::from(*v), centre, width))
        .collect();
    let side = u32::from(image.size);
    let picture =
        GrayImage::from_raw(side, side, grey).ok_or("the radiograph has the wrong number of pixels")?;
    picture.save(out.replace(".png", "-dx.png"))?;
    Ok(())
}

fn draw(sheet: &mut GrayImage, series: &Series, (left, top): (usize, usize), centre: f64, width: f64) {
    let size = usize::from(series.size);
    for (index, hu) in series.slices[0].hu.iter().enumerate() {
        let (x, y) = (left + index % size, top + index / size);
        sheet.put_pixel(x as u32, y as u32, Luma([level(f64::from(*hu), centre, width)]));
    }
}

fn level(value: f64, centre: f64, width: f64) -> u8 {
    (((value - centre) / width + 0.5) * 255.0).clamp(0.0, 255.0) as u8
}
