//! Writes the bundled study and a few cases: `cargo run -p overread-phantom --example study -- OUT [SEED] [N]`.

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use overread_phantom::{Options, checkpoint, write_cases, write_study};

#[expect(clippy::print_stdout, reason = "an example that says what it did")]
fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let out = arguments.next().unwrap_or_else(|| "phantoms".to_owned());
    let seed: u64 = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let n: usize = arguments.next().map_or(Ok(14), |text| text.parse())?;
    let out = Path::new(&out);
    let start = Instant::now();
    let record = write_study(&out.join("study"), seed, &|_, _| true)?;
    println!(
        "study: {} in {:.1} s",
        record.truth.label,
        start.elapsed().as_secs_f64()
    );
    let start = Instant::now();
    write_cases(&out.join("cases"), n, seed, &Options::small(), &|_, _| true)?;
    println!("{n} cases in {:.1} s", start.elapsed().as_secs_f64());
    checkpoint::write_random_model(&out.join("model"), seed)?;
    Ok(())
}
