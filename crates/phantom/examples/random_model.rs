//! Writes the untrained model of a seed, for scripts that compare with other programs: `DIR SEED`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(dir), Some(seed)) = (arguments.next(), arguments.next()) else {
        return Err("a folder and a seed are wanted".into());
    };
    overread_phantom::checkpoint::write_random_model(dir.as_ref(), seed.parse()?)?;
    Ok(())
}
